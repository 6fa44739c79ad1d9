use std::{path::PathBuf, process::Command};

use dbvsg::{
    Change, Commit, ConnectOptions, LogFilter, Synchronous, Vsg,
    sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement},
};
use tempfile::TempDir;

/// A fresh database in a folder of its own. End a scenario with [`Scene::end`], which proves the history.
#[derive(Debug)]
pub struct Scene {
    /// The database.
    pub vsg: Vsg,
    dir: TempDir,
}

/// Panics with the whole chain of causes.
#[track_caller]
fn must<T, E: std::error::Error>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(source) = cause {
                text = format!("{text}: {source}");
                cause = source.source();
            }
            panic!("{text}");
        }
    }
}

impl Scene {
    /// An empty database.
    pub async fn new() -> Self {
        let dir = must(tempfile::tempdir());
        let mut options = ConnectOptions::default();
        options.synchronous = Synchronous::Normal;
        let vsg = must(Vsg::connect_with(&url(&dir), &options).await);
        Self { vsg, dir }
    }

    /// An empty database with these tables, not tracked yet.
    pub async fn with(ddl: &[&str]) -> Self {
        let scene = Self::new().await;
        for sql in ddl {
            scene.sql(sql).await;
        }
        scene
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("test.db")
    }

    /// A path in the scenario's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The URL to connect once more.
    pub fn url(&self) -> String {
        url(&self.dir)
    }

    /// The pool.
    pub fn db(&self) -> DatabaseConnection {
        self.vsg.connection()
    }

    /// Runs SQL as any program would.
    pub async fn sql(&self, sql: &str) {
        must(self.db().execute_unprepared(sql).await);
    }

    /// Runs SQL as one commit of `ann`.
    pub async fn commit(&self, sql: &str) -> dbvsg::CommitId {
        let txn = must(self.vsg.begin("ann").await);
        must(txn.execute_unprepared(sql).await);
        must(txn.commit().await).unwrap_or_else(|| panic!("nothing was captured of: {sql}"))
    }

    /// The rows of a query, each as text.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.rows_of(&self.db(), sql).await
    }

    /// The rows of a query at a commit, each as text.
    pub async fn rows_at(&self, reference: impl ToString, sql: &str) -> Vec<String> {
        let then = must(self.vsg.as_of(reference.to_string().as_str()).await);
        self.rows_of(&then, sql).await
    }

    async fn rows_of(&self, db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
        let rows = must(db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await);
        rows.iter().map(text).collect()
    }

    /// The log, newest first.
    pub async fn log(&self) -> Vec<Commit> {
        must(self.vsg.log(&LogFilter::default()).await).items
    }

    /// The operations of the log, newest first.
    pub async fn operations(&self) -> Vec<String> {
        self.log().await.into_iter().map(|commit| commit.operation).collect()
    }

    /// The audit, newest first.
    pub async fn audit(&self) -> Vec<Change> {
        must(self.vsg.audit(&dbvsg::AuditFilter::default()).await).items
    }

    /// Proves that the history is sound.
    pub async fn verify(&self) {
        let proof = must(self.vsg.verify().await);
        assert!(proof.ok, "{:#?}", proof.problems);
    }

    /// Proves that the history is sound, and ends the scenario.
    pub async fn end(self) {
        self.verify().await;
        must(self.vsg.close().await);
    }
}

fn url(dir: &TempDir) -> String {
    format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display())
}

/// A row as text: its values joined by `|`, NULL as `-`.
fn text(row: &QueryResult) -> String {
    let values = row.column_names().into_iter().map(|name| {
        let integer = row.try_get::<Option<i64>>("", &name).map(|value| value.map(|value| value.to_string()));
        let real = || row.try_get::<Option<f64>>("", &name).map(|value| value.map(|value| value.to_string()));
        let text = || row.try_get::<Option<String>>("", &name);
        integer.or_else(|_| real()).or_else(|_| text()).unwrap_or(Some("?".into())).unwrap_or("-".into())
    });
    values.collect::<Vec<_>>().join("|")
}

/// Runs SQL in a process of its own: the sqlite3 program.
pub fn outside(scene: &Scene, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .args(["-batch", "-cmd", ".timeout 20000"])
        .arg(scene.file())
        .arg(format!("PRAGMA foreign_keys=ON; {sql}"))
        .output();
    let output = output.unwrap_or_else(|error| panic!("the sqlite3 program is needed: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
