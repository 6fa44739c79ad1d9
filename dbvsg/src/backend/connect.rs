use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectOptions as PoolOptions, Database, DatabaseConnection};

use super::{boundaries::Boundaries, sqlite::observe::observe};
use crate::{Error, Result};

/// How hard SQLite tries to keep a commit through a power failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// A commit that was answered survives a power failure.
    #[default]
    Full,
    /// The last commits before a power failure can be lost; nothing is ever torn.
    Normal,
}

/// How to connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// The durability of a commit on SQLite.
    pub synchronous: Synchronous,
    /// How long a writer waits for another one.
    pub busy_timeout: Duration,
    /// The most connections at a time.
    pub max_connections: u32,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { synchronous: Synchronous::Full, busy_timeout: Duration::from_secs(10), max_connections: 8 }
    }
}

/// Opens a pool for the URL: WAL, foreign keys on, and the options given.
pub(crate) async fn connect(
    url: &str,
    options: &ConnectOptions,
    boundaries: Arc<Boundaries>,
) -> Result<DatabaseConnection> {
    if !url.starts_with("sqlite:") {
        let reason = "the URL must begin with `sqlite:`, as in sqlite://data.db?mode=rwc".to_owned();
        return Err(Error::UnsupportedDatabase { reason });
    }
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let mut pool = PoolOptions::new(url);
    // A file does not hang up, so there is nothing to test before each use.
    pool.test_before_acquire(false);
    pool.sqlx_logging(false).acquire_timeout(options.busy_timeout.max(Duration::from_secs(1)));
    if in_memory {
        // Each connection would be a database of its own, gone when it is closed.
        pool.max_connections(1).min_connections(1);
    } else {
        pool.max_connections(options.max_connections);
    }
    pool.map_sqlx_sqlite_pool_opts(move |pool| {
        let (boundaries, current) = (boundaries.clone(), boundaries.clone());
        let pool = if in_memory { pool.idle_timeout(None).max_lifetime(None) } else { pool };
        pool.after_connect(move |connection, _| Box::pin(observe(connection, boundaries.clone())))
            .before_acquire(move |_, about| Box::pin(std::future::ready(Ok(!current.is_outdated(about.age)))))
    });
    let options = options.clone();
    pool.map_sqlx_sqlite_opts(move |sqlite| {
        use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        let sqlite =
            sqlite.foreign_keys(true).busy_timeout(options.busy_timeout).synchronous(match options.synchronous {
                Synchronous::Full => SqliteSynchronous::Full,
                Synchronous::Normal => SqliteSynchronous::Normal,
            });
        if in_memory { sqlite } else { sqlite.journal_mode(SqliteJournalMode::Wal) }
    });
    Ok(Database::connect(pool).await?)
}
