use std::{
    io::Write,
    ops::Deref,
    panic::Location,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use dbvsg::{
    Change, Commit, CommitId, ConnectOptions, LogFilter, Synchronous, Vsg,
    sea_orm::{ConnectionTrait, DatabaseConnection, Statement},
};

use crate::{Engine, database::Database, text::text};

/// A fresh database, in a folder or on a server, of one engine; it has the engine's dialect at hand. End a scenario with
/// [`Scene::end`], which proves the history.
///
/// What fails tells the line of the scenario, not the one in here.
#[derive(Debug)]
pub struct Scene {
    /// The database.
    pub vsg: Vsg,
    database: Database,
}

/// How long the last connections may take to come back.
const CLOSING: Duration = Duration::from_secs(30);

/// Panics with the whole chain of causes.
#[track_caller]
pub(crate) fn must<T, E: std::error::Error>(result: Result<T, E>) -> T {
    must_at(Location::caller(), result)
}

/// Panics in the name of a line of a scenario.
fn must_at<T, E: std::error::Error>(line: &Location, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{line}: {}", causes(&error)))
}

fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", causes(source)),
        None => error.to_string(),
    }
}

impl Deref for Scene {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.database.engine
    }
}

impl Scene {
    /// An empty database.
    #[track_caller]
    pub fn new(engine: Engine) -> impl Future<Output = Self> {
        Self::open(Location::caller(), engine, &[])
    }

    /// An empty database with these tables, not tracked yet.
    #[track_caller]
    pub fn with(engine: Engine, ddl: &[&str]) -> impl Future<Output = Self> {
        Self::open(Location::caller(), engine, ddl)
    }

    async fn open(line: &Location<'_>, engine: Engine, ddl: &[&str]) -> Self {
        let database = Database::new(engine).await;
        let mut options = ConnectOptions::default();
        options.synchronous = Synchronous::Normal;
        let vsg = must_at(line, Vsg::connect_with(&database.url(), &options).await);
        let scene = Self { vsg, database };
        for sql in ddl {
            scene.run(line, sql).await;
        }
        scene
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.database.engine
    }

    /// The database file, on SQLite.
    pub fn file(&self) -> PathBuf {
        self.path("test.db")
    }

    /// A path in the scenario's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.database.folder.path().join(name)
    }

    /// The URL to connect once more.
    pub fn url(&self) -> String {
        self.database.url()
    }

    /// The name of the schema in which the tables are.
    pub fn schema(&self) -> &str {
        self.database.schema()
    }

    /// The actor of what DBVSG did not do: the database's user, where it knows any.
    pub fn outsider(&self) -> &str {
        self.database.user()
    }

    /// The pool.
    pub fn db(&self) -> DatabaseConnection {
        self.vsg.connection()
    }

    /// A query in SQL.
    pub fn query(&self, sql: impl Into<String>) -> Statement {
        Statement::from_string(self.engine().backend(), sql)
    }

    /// Runs SQL as any program would.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> impl Future<Output = ()> {
        self.run(Location::caller(), sql)
    }

    async fn run(&self, line: &Location<'_>, sql: &str) {
        let done = self.db().execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{line}: {}: {sql}", causes(&error)));
    }

    /// Runs SQL as one commit of `ann`.
    #[track_caller]
    pub fn commit(&self, sql: &str) -> impl Future<Output = CommitId> {
        let line = Location::caller();
        async move {
            let txn = must_at(line, self.vsg.begin("ann").await);
            let done = txn.execute_unprepared(sql).await;
            done.unwrap_or_else(|error| panic!("{line}: {}: {sql}", causes(&error)));
            let commit = must_at(line, txn.commit().await);
            commit.unwrap_or_else(|| panic!("{line}: nothing was captured of: {sql}"))
        }
    }

    /// The rows of a query, each as text.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> impl Future<Output = Vec<String>> {
        let line = Location::caller();
        async move { self.rows_of(line, &self.db(), sql).await }
    }

    /// The rows of a query at a commit, each as text.
    #[track_caller]
    pub fn rows_at(&self, reference: impl ToString, sql: &str) -> impl Future<Output = Vec<String>> {
        let (line, reference) = (Location::caller(), reference.to_string());
        async move {
            let then = must_at(line, self.vsg.as_of(reference.as_str()).await);
            self.rows_of(line, &then, sql).await
        }
    }

    async fn rows_of(&self, line: &Location<'_>, db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
        let rows = db.query_all_raw(self.query(sql)).await;
        rows.unwrap_or_else(|error| panic!("{line}: {}: {sql}", causes(&error))).iter().map(text).collect()
    }

    /// The names of a table's columns, in order.
    pub async fn columns(&self, table: &str) -> Vec<String> {
        let sql = match self.engine() {
            Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
            _ => format!(
                "SELECT column_name FROM information_schema.columns \
                 WHERE table_schema = '{}' AND table_name = '{table}' ORDER BY ordinal_position",
                self.schema()
            ),
        };
        self.rows(&sql).await
    }

    /// The triggers of a table.
    pub async fn triggers(&self, table: &str) -> Vec<String> {
        let (name, catalog) = self.pick(
            ("name", format!("sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'")),
            ("tgname", format!("pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal")),
            (
                "trigger_name",
                format!(
                    "information_schema.triggers WHERE event_object_schema = '{}' AND event_object_table = '{table}'",
                    self.schema()
                ),
            ),
        );
        self.rows(&format!("SELECT {name} FROM {catalog} ORDER BY {name}")).await
    }

    /// The log, newest first.
    #[track_caller]
    pub fn log(&self) -> impl Future<Output = Vec<Commit>> {
        let line = Location::caller();
        async move { must_at(line, self.vsg.log(&LogFilter::default()).await).items }
    }

    /// The operations of the log, newest first.
    #[track_caller]
    pub fn operations(&self) -> impl Future<Output = Vec<String>> {
        let log = self.log();
        async move { log.await.into_iter().map(|commit| commit.operation).collect() }
    }

    /// The audit, newest first.
    #[track_caller]
    pub fn audit(&self) -> impl Future<Output = Vec<Change>> {
        let line = Location::caller();
        async move { must_at(line, self.vsg.audit(&dbvsg::AuditFilter::default()).await).items }
    }

    /// Proves that the history is sound.
    #[track_caller]
    pub fn verify(&self) -> impl Future<Output = ()> {
        self.prove(Location::caller())
    }

    async fn prove(&self, line: &Location<'_>) {
        let proof = must_at(line, self.vsg.verify().await);
        assert!(proof.ok, "{line}: {:#?}", proof.problems);
    }

    /// Proves that the history is sound, and ends the scenario.
    #[track_caller]
    pub fn end(self) -> impl Future<Output = ()> {
        self.prove_and_close(Location::caller())
    }

    async fn prove_and_close(self, line: &Location<'_>) {
        self.prove(line).await;
        let closed = tokio::time::timeout(CLOSING, self.vsg.close()).await;
        must_at(line, closed.unwrap_or_else(|_| panic!("{line}: a connection did not come back to the pool")));
    }
}

/// Runs SQL in a process of its own, statement by statement: sqlite3, psql or mariadb.
#[track_caller]
pub fn outside(scene: &Scene, sql: &str) -> String {
    try_outside(scene, sql).unwrap_or_else(|error| panic!("{error}"))
}

/// The same, or what the program complains about.
pub fn try_outside(scene: &Scene, sql: &str) -> Result<String, String> {
    fn run(mut command: Command, sql: &str) -> std::io::Result<std::process::Output> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // One that stops at an error reads no further; its own message says more.
            _ = writeln!(input, "{sql};");
        }
        child.wait_with_output()
    }
    let command = scene.database.program();
    let program = command.get_program().to_string_lossy().into_owned();
    let output = run(command, sql).unwrap_or_else(|error| panic!("the program {program} is needed: {error}"));
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().replace('\t', "|"))
}
