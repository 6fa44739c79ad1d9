use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectOptions as PoolOptions, Database, DatabaseConnection};

use sqlx::{Connection, Executor};

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

/// Opens a pool for the URL.
pub(crate) async fn connect(
    url: &str,
    options: &ConnectOptions,
    boundaries: Arc<Boundaries>,
) -> Result<DatabaseConnection> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    // The driver knows both servers by one name.
    let mut pool = PoolOptions::new(if scheme == "mariadb" { format!("mysql:{rest}") } else { url.to_owned() });
    pool.sqlx_logging(false)
        .acquire_timeout(options.busy_timeout.max(Duration::from_secs(1)))
        .max_connections(options.max_connections);
    match scheme {
        "sqlite" => sqlite(url, &mut pool, options, boundaries),
        "postgres" | "postgresql" => postgres(&mut pool, options, boundaries),
        "mysql" | "mariadb" => mysql(&mut pool, options, boundaries),
        _ => {
            let reason = "the URL must begin with `sqlite:`, `postgres:`, `mysql:` or `mariadb:`, as in \
                          sqlite://data.db?mode=rwc or postgres://user@host/database"
                .to_owned();
            return Err(Error::UnsupportedDatabase { reason });
        }
    }
    Ok(Database::connect(pool).await?)
}

/// Opens a SQLite file for one writer that must be able to rebuild tables: foreign keys are off.
pub(super) async fn sqlite_without_keys(file: &std::path::Path) -> Result<DatabaseConnection> {
    let path = file.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut pool = PoolOptions::new(format!("sqlite://{path}?mode=rw"));
    pool.sqlx_logging(false).max_connections(1);
    let timeout = ConnectOptions::default().busy_timeout;
    pool.map_sqlx_sqlite_opts(move |sqlite| sqlite.foreign_keys(false).busy_timeout(timeout));
    Ok(Database::connect(pool).await?)
}

/// A write-ahead log, foreign keys on, and the options given.
fn sqlite(url: &str, pool: &mut PoolOptions, options: &ConnectOptions, boundaries: Arc<Boundaries>) {
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    // A file does not hang up, so there is nothing to test before each use.
    pool.test_before_acquire(false);
    if in_memory {
        // Each connection would be a database of its own, gone when it is closed.
        pool.max_connections(1).min_connections(1);
    }
    pool.map_sqlx_sqlite_pool_opts(move |pool| {
        let (boundaries, current) = (boundaries.clone(), boundaries.clone());
        let pool = if in_memory { pool.idle_timeout(None).max_lifetime(None) } else { pool };
        pool.after_connect(move |connection, _| Box::pin(observe(connection, boundaries.clone()))).before_acquire(
            move |connection, about| {
                // A transaction that SQLite undid itself, as by RAISE(ROLLBACK), is one that the driver believes to be there for ever.
                let outdated = current.is_outdated(about.age) || connection.is_in_transaction();
                Box::pin(async move {
                    if outdated && in_memory {
                        // The database lives as long as its one connection.
                        connection.clear_cached_statements().await?;
                    }
                    Ok(!outdated || in_memory)
                })
            },
        )
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
}

/// Waits for locks as long as the options say.
fn postgres(pool: &mut PoolOptions, options: &ConnectOptions, boundaries: Arc<Boundaries>) {
    pool.test_before_acquire(false);
    let patience = options.busy_timeout.as_millis().to_string();
    pool.map_sqlx_postgres_opts(move |postgres| postgres.options([("lock_timeout", patience.as_str())]));
    pool.map_sqlx_postgres_pool_opts(move |pool| tested(pool, boundaries.clone()));
}

/// The same, in whole seconds. A key of 0 is one, as everywhere else, and does not ask for the next automatic one.
fn mysql(pool: &mut PoolOptions, options: &ConnectOptions, boundaries: Arc<Boundaries>) {
    pool.test_before_acquire(false);
    let patience = options.busy_timeout.as_secs().max(1);
    pool.map_sqlx_mysql_pool_opts(move |pool| {
        let pool = tested(pool, boundaries.clone()).after_release(|connection, _| {
            // A transaction that was given up has its rollback in there. If it was given up before the server had answered, the
            // driver takes one answer for the other and waits for ever. The server undoes it when the connection closes.
            let is_given_up = connection.should_flush();
            Box::pin(async move { Ok(!is_given_up) })
        });
        pool.after_connect(move |connection, _| {
            let set = format!(
                "SET SESSION innodb_lock_wait_timeout = {patience}, \
                 sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"
            );
            Box::pin(async move { connection.execute(sqlx::AssertSqlSafe(set)).await.map(drop) })
        })
    });
}

/// A server can have hung up on a connection that is idle. One that was lost in use is found by its next user, so it is
/// tested only where it has been idle for a moment: a test costs a round trip.
fn tested<D: sqlx::Database>(
    pool: sqlx::pool::PoolOptions<D>,
    boundaries: Arc<Boundaries>,
) -> sqlx::pool::PoolOptions<D> {
    pool.before_acquire(move |connection, about| {
        let outdated = boundaries.is_outdated(about.age);
        Box::pin(async move {
            if outdated {
                return Ok(false);
            }
            Ok(about.idle_for < IDLE || connection.ping().await.is_ok())
        })
    })
}

/// How long a connection to a server may be idle without being tested.
const IDLE: Duration = Duration::from_secs(1);
