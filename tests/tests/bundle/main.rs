//! The portable bundle: a whole database as a zip, and back in, on every engine.

mod damage;
mod place;
mod traffic;
mod types;
mod world;
mod zips;

use std::path::{Path, PathBuf};

use dbvsg::{ApplyOptions, Error, RestoreOptions, Restored, Result};
use dbvsg_tests::{Engine, Scene, scenarios};

use self::world::{PAST, later, state, world};

scenarios!(
    it_comes_back_as_it_was,
    it_makes_an_empty_database_what_it_was,
    a_dry_run_changes_nothing,
    a_bundle_is_one_of_many_kinds_of_file,
    unsealed_commits_are_in_it,
);

async fn bundle(scene: &Scene, name: &str) -> PathBuf {
    let path = scene.path(name);
    scene.vsg.backup(&path).await.unwrap();
    path
}

async fn restore(scene: &Scene, path: &Path) -> Result<Restored> {
    scene.vsg.restore(path, &RestoreOptions::default()).await
}

#[track_caller]
fn refused(result: Result<Restored>) -> String {
    match result {
        Err(Error::DamagedBackup { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// The rows of every table at every commit.
async fn pasts(scene: &Scene) -> Vec<Vec<String>> {
    let mut pasts = Vec::new();
    for commit in scene.log().await {
        for table in PAST {
            // What was pruned is gone here and there.
            if let Ok(then) = scene.vsg.as_of_in(Some(table), &commit.uuid.into()).await {
                let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
                let rows = dbvsg::sea_orm::ConnectionTrait::query_all_raw(&then, scene.query(sql)).await.unwrap();
                pasts.push(vec![format!("{table} {} {}", commit.uuid, rows.len())]);
                pasts.push(scene.rows_at(commit.uuid, &format!("SELECT * FROM {table} ORDER BY 1, 2")).await);
            }
        }
    }
    pasts
}

async fn it_comes_back_as_it_was(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    let before = (state(&scene).await, scene.log().await, pasts(&scene).await);
    assert!(before.2.len() > 10, "the past is looked at");
    for round in 0..2 {
        later(&scene, round).await;
        assert_ne!(state(&scene).await, before.0);
        assert!(restore(&scene, &path).await.unwrap().restored);
        assert_eq!(state(&scene).await, before.0);
        assert_eq!(scene.log().await, before.1);
        assert_eq!(pasts(&scene).await, before.2);
        scene.verify().await;
    }
    goes_on(&scene).await;
    scene.end().await;
}

async fn it_makes_an_empty_database_what_it_was(engine: Engine) {
    let source = world(engine).await;
    let path = bundle(&source, "world.zip").await;
    let scene = Scene::new(engine).await;
    restore(&scene, &path).await.unwrap();
    assert_eq!(state(&scene).await, state(&source).await);
    assert_eq!(scene.log().await, source.log().await);
    assert_eq!(pasts(&scene).await, pasts(&source).await);
    assert_eq!(
        scene.rows("SELECT name FROM crowd ORDER BY 1").await,
        source.rows("SELECT name FROM crowd ORDER BY 1").await
    );
    scene.verify().await;
    goes_on(&scene).await;
    // Another program finds everything in place.
    let second = dbvsg::Vsg::connect(&scene.url()).await.unwrap();
    assert!(second.found_at_start().refreshed.is_empty(), "{:?}", second.found_at_start());
    assert!(second.verify().await.unwrap().ok);
    second.close().await.unwrap();
    // The bundle of what came of it is one as well.
    let again = bundle(&scene, "again.zip").await;
    restore(&source, &again).await.unwrap();
    assert_eq!(state(&source).await, state(&scene).await);
    source.end().await;
    scene.end().await;
}

/// Capture, the application's own triggers, foreign keys, counters and the operations are what they were.
async fn goes_on(scene: &Scene) {
    let before = scene.log().await.len();
    scene.commit("INSERT INTO team (name) VALUES ('new')").await;
    assert_eq!(scene.rows("SELECT id FROM team WHERE name = 'new'").await, ["4"]);
    assert_eq!(scene.rows("SELECT n FROM note WHERE text = 'team new'").await, ["101"]);
    assert!(scene.vsg.connection_fails("INSERT INTO seat VALUES ('z', 1, 999)").await, "foreign keys act");
    scene.vsg.rollback("ann", &ApplyOptions::table("team")).await.unwrap();
    assert_eq!(scene.rows("SELECT id FROM team WHERE name = 'new'").await, [""; 0]);
    assert_eq!(scene.log().await.len(), before + 2);
    scene.verify().await;
}

trait Fails {
    async fn connection_fails(&self, sql: &str) -> bool;
}

impl Fails for dbvsg::Vsg {
    async fn connection_fails(&self, sql: &str) -> bool {
        dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&self.connection(), sql).await.is_err()
    }
}

async fn a_dry_run_changes_nothing(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    later(&scene, 0).await;
    let before = state(&scene).await;
    let outcome = scene.vsg.restore(&path, &RestoreOptions::default().dry_run(true)).await.unwrap();
    assert!(!outcome.restored);
    assert_eq!(outcome.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(state(&scene).await, before);
    goes_on_after(&scene).await;
    let empty = Scene::new(engine).await;
    empty.vsg.restore(&path, &RestoreOptions::default().dry_run(true)).await.unwrap();
    assert!(empty.vsg.tables().await.unwrap().is_empty());
    empty.end().await;
    scene.end().await;
}

async fn goes_on_after(scene: &Scene) {
    let before = scene.log().await.len();
    scene.commit("INSERT INTO team (name) VALUES ('dry')").await;
    assert_eq!(scene.rows("SELECT n FROM note WHERE text = 'team dry'").await, ["101"]);
    assert_eq!(scene.log().await.len(), before + 1);
}

async fn a_bundle_is_one_of_many_kinds_of_file(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    assert!(std::fs::read(&path).unwrap().starts_with(b"PK"));
    let taken = scene.vsg.backup(&path).await;
    assert!(matches!(taken, Err(Error::File { .. })), "a file that is there is not written over: {taken:?}");
    let other = bundle(&scene, "copy.bin").await;
    let begins = std::fs::read(&other).unwrap();
    assert_eq!(begins.starts_with(b"SQLite format 3\0"), engine == Engine::Sqlite);
    assert_eq!(begins.starts_with(b"PK"), engine != Engine::Sqlite);
    restore(&scene, &other).await.unwrap();
    let none = scene.path("none");
    std::fs::write(&none, "no database").unwrap();
    refused(restore(&scene, &none).await);
    let left: Vec<_> =
        std::fs::read_dir(none.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".dbvsg")), "{left:?}");
    scene.end().await;
}

/// What was committed after the sealing of a bundle is in it all the same, and is sealed where it is restored.
async fn unsealed_commits_are_in_it(engine: Engine) {
    let scene = world(engine).await;
    let path = scene.path("busy.zip");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (vsg, stop) = (scene.vsg.clone(), stop.clone());
        tokio::spawn(async move {
            let mut written = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let txn = vsg.begin("busy").await.unwrap();
                let sql = format!("UPDATE team SET name = 'busy {written}' WHERE id = 1");
                dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, &sql).await.unwrap();
                txn.commit().await.unwrap();
                written += 1;
            }
            written
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    scene.vsg.backup(&path).await.unwrap();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);
    let fresh = Scene::new(engine).await;
    restore(&fresh, &path).await.unwrap();
    let name = fresh.rows("SELECT name FROM team WHERE id = 1").await;
    assert!(name[0].starts_with("busy"), "{name:?}");
    assert_eq!(fresh.rows_at("HEAD", "SELECT name FROM team WHERE id = 1").await, name);
    fresh.end().await;
    scene.end().await;
}
