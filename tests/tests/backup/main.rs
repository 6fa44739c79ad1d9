//! Backups of SQLite, and restoring them under live traffic: all of the old state or all of the new one, and nothing in between.

mod content;
mod damage;
mod traffic;

use std::path::{Path, PathBuf};

use dbvsg::{Error, RestoreOptions, Result, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene};
use sea_orm::{DbBackend, Statement};

const ACCOUNTS: i64 = 20;

async fn bank() -> Scene {
    let scene = Scene::with(
        Engine::Sqlite,
        &["CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, note TEXT)"],
    )
    .await;
    let rows: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, 1000, 'account {id}')")).collect();
    scene.sql(&format!("INSERT INTO account VALUES {}", rows.join(", "))).await;
    scene.vsg.enable("account").await.unwrap();
    scene
}

async fn backup(scene: &Scene, name: &str) -> PathBuf {
    let path = scene.path(name);
    scene.vsg.backup(&path).await.unwrap();
    path
}

async fn restore(scene: &Scene, path: &Path) -> Result<dbvsg::Restored> {
    scene.vsg.restore(path, &RestoreOptions::default()).await
}

async fn sum(db: &impl ConnectionTrait) -> Result<i64> {
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT sum(amount) AS n FROM account");
    Ok(db.query_one_raw(sql).await?.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}

#[track_caller]
fn refused(result: Result<dbvsg::Restored>) -> String {
    match result {
        Err(Error::DamagedBackup { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// A file made by plain SQL, in a process of its own.
fn plain(scene: &Scene, name: &str, sql: &str) -> PathBuf {
    let path = scene.path(name);
    let output = std::process::Command::new("sqlite3").arg(&path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}
