use std::{process::Command, thread};

use dbvsg::sea_orm::{self, ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use crate::{Engine, must};

/// A database of a scenario's own: a file, or a database with a random name on the engine's server. It is gone when this
/// is dropped, also while a scenario panics.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) engine: Engine,
    pub(crate) folder: TempDir,
    /// On a server: where it is, and what it is called there.
    place: Option<(Url, String)>,
}

impl Database {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = must(tempfile::tempdir());
        if engine == Engine::Sqlite {
            return Self { engine, folder, place: None };
        }
        let server = must(Url::parse(&engine.server()));
        let name = format!("dbvsg_test_{}", Uuid::new_v4().simple());
        // template0 is the one that nobody can be connected to, so that many can be made at a time.
        let options = engine.pick("", " TEMPLATE template0", " CHARACTER SET utf8mb4");
        let db = connect(&server).await;
        must(db.execute_unprepared(&format!("CREATE DATABASE {name}{options}")).await);
        must(db.close().await);
        Self { engine, folder, place: Some((server, name)) }
    }

    pub(crate) fn url(&self) -> String {
        match &self.place {
            None => format!("sqlite://{}?mode=rwc", self.folder.path().join("test.db").display()),
            Some((server, name)) => {
                let mut url = server.clone();
                url.set_path(name);
                url.into()
            }
        }
    }

    /// The name of the schema in which its tables are.
    pub(crate) fn schema(&self) -> &str {
        match &self.place {
            Some((_, name)) if self.engine == Engine::MariaDb => name,
            _ => self.engine.pick("main", "public", ""),
        }
    }

    /// As whom a program connects that does not know DBVSG.
    pub(crate) fn user(&self) -> &str {
        self.place.as_ref().map_or("external", |(server, _)| server.username())
    }

    /// The engine's own program, to run a text of SQL from its standard input, statement by statement.
    pub(crate) fn program(&self) -> Command {
        match &self.place {
            None => {
                let mut command = Command::new("sqlite3");
                command.args(["-batch", "-bail", "-cmd", ".timeout 20000", "-cmd", "PRAGMA foreign_keys=ON"]);
                command.arg(self.folder.path().join("test.db"));
                command
            }
            Some(_) if self.engine == Engine::Postgres => {
                let mut command = Command::new("psql");
                command.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
                command
            }
            Some((server, name)) => {
                let mut command = Command::new("mariadb");
                command.args(["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]);
                command.args(["--user", server.username(), "--database", name]);
                command.env("MYSQL_PWD", server.password().unwrap_or_default());
                if let Some((_, socket)) = server.query_pairs().find(|(key, _)| key == "socket") {
                    command.args(["--socket", &socket]);
                } else {
                    command.args(["--protocol", "tcp", "--host", server.host_str().unwrap_or("localhost")]);
                    command.args(["--port", &server.port().unwrap_or(3306).to_string()]);
                }
                command
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.place.take() else { return };
        let engine = self.engine;
        // A runtime cannot wait inside itself. A scenario that failed has said why; this need not say more.
        let dropping = thread::spawn(move || {
            let runtime = must(tokio::runtime::Builder::new_current_thread().enable_all().build());
            runtime.block_on(drop_database(engine, &server, &name));
        });
        if dropping.join().is_err() && !thread::panicking() {
            panic!("a scenario's database could not be dropped");
        }
    }
}

async fn drop_database(engine: Engine, server: &Url, name: &str) {
    let db = connect(server).await;
    let force = engine.pick("", " WITH (FORCE)", "");
    if engine == Engine::MariaDb {
        // A transaction that is still open would hold up the drop.
        let open = format!("SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = '{name}'");
        for row in must(db.query_all_raw(Statement::from_string(engine.backend(), open)).await) {
            let id: i64 = must(row.try_get_by_index(0));
            // It may have gone by itself.
            _ = db.execute_unprepared(&format!("KILL {id}")).await;
        }
    }
    must(db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}{force}")).await);
    must(db.close().await);
}

async fn connect(server: &Url) -> DatabaseConnection {
    let mut options = ConnectOptions::new(server.as_str());
    options.sqlx_logging(false).max_connections(1);
    must(sea_orm::Database::connect(options).await)
}
