use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde::{Deserialize, Serialize};

use crate::{Engine, Result};

/// The programs of a run, and how the database was set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Software {
    /// The version of DBVSG.
    pub dbvsg: String,
    /// The compiler.
    pub rustc: String,
    /// The version of SeaORM.
    pub sea_orm: String,
    /// The version of SQLx.
    pub sqlx: String,
    /// The version of the engine.
    pub engine: String,
    /// The settings of the engine that say how durable and how fast it can be.
    pub settings: BTreeMap<String, String>,
}

impl Software {
    /// Asks a database.
    pub(crate) async fn ask(db: &DatabaseConnection, engine: Engine) -> Result<Self> {
        let version = engine.pick(
            "SELECT sqlite_version()",
            "SELECT current_setting('server_version')",
            "SELECT CAST(VERSION() AS CHAR)",
        );
        let mut settings = BTreeMap::new();
        for name in names(engine) {
            let query = match engine {
                Engine::Sqlite => format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"),
                Engine::Postgres => format!("SELECT current_setting('{name}')"),
                Engine::MariaDb => format!("SELECT CAST(@@{name} AS CHAR)"),
            };
            settings.insert((*name).to_owned(), text(db, engine, &query).await?);
        }
        Ok(Self {
            dbvsg: env!("CARGO_PKG_VERSION").to_owned(),
            rustc: env!("DBVSG_BENCH_RUSTC").to_owned(),
            sea_orm: locked("sea-orm"),
            sqlx: locked("sqlx"),
            engine: text(db, engine, version).await?,
            settings,
        })
    }
}

fn names(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => &["journal_mode", "page_size", "cache_size"],
        Engine::Postgres => &[
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "wal_level",
            "shared_buffers",
            "max_wal_size",
            "autovacuum",
        ],
        Engine::MariaDb => &[
            "innodb_flush_log_at_trx_commit",
            "innodb_flush_method",
            "innodb_doublewrite",
            "innodb_buffer_pool_size",
            "innodb_log_file_size",
            "log_bin",
        ],
    }
}

async fn text(db: &DatabaseConnection, engine: Engine, query: &str) -> Result<String> {
    let row = db.query_one_raw(Statement::from_string(engine.backend(), query)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// The version of a dependency that is built in.
fn locked(name: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let entry =
        lock.split("[[package]]\n").find_map(|entry| entry.strip_prefix(&format!("name = \"{name}\"\nversion = \"")));
    entry.and_then(|entry| entry.split('"').next()).unwrap_or_default().to_owned()
}
