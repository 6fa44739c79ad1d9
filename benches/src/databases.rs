use std::path::{Path, PathBuf};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use url::Url;

use crate::{Engine, Error, Result};

/// Databases of a run's own: files in a folder, or databases on a server. They are gone when the run ends, however it ends.
#[derive(Debug)]
pub(crate) struct Databases {
    engine: Engine,
    folder: TempDir,
    server: Option<Url>,
    made: Vec<String>,
}

impl Databases {
    /// None yet. The folder is made where the results go: on a real disk, where a temporary folder may be memory.
    pub(crate) fn new(engine: Engine, server: Option<&str>, beside: &Path) -> Result<Self> {
        std::fs::create_dir_all(beside).map_err(Error::file(beside))?;
        let folder = tempfile::tempdir_in(beside).map_err(Error::file(beside))?;
        let wrong = |reason: String| Error::Settings(format!("the URL of the {engine} server is wrong: {reason}"));
        let server = server.map(|url| Url::parse(url).map_err(|error| wrong(error.to_string()))).transpose()?;
        Ok(Self { engine, folder, server, made: Vec::new() })
    }

    /// Makes an empty one; returns its URL.
    pub(crate) async fn make(&mut self) -> Result<String> {
        let name = format!("dbvsg_bench_{}_{}", std::process::id(), self.made.len());
        let url = match &self.server {
            None => format!("sqlite://{}?mode=rwc", self.file(&name).display()),
            Some(server) => {
                let options = self.engine.pick("", " TEMPLATE template0", " CHARACTER SET utf8mb4");
                let db = connect(server).await?;
                let made = db.execute_unprepared(&format!("CREATE DATABASE {name}{options}")).await;
                db.close().await?;
                made?;
                let mut url = server.clone();
                url.set_path(&name);
                url.into()
            }
        };
        self.made.push(name);
        Ok(url)
    }

    /// A place for a file.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Drops what was made; the folder goes by itself.
    pub(crate) async fn drop_all(self) -> Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        let db = connect(server).await?;
        let force = self.engine.pick("", " WITH (FORCE)", "");
        for name in &self.made {
            db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}{force}")).await?;
        }
        Ok(db.close().await?)
    }
}

async fn connect(server: &Url) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(server.as_str());
    options.sqlx_logging(false).max_connections(1);
    Ok(Database::connect(options).await?)
}
