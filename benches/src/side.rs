use dbvsg::{ConnectOptions, Txn, Vsg};
use sea_orm::{
    ConnectOptions as PoolOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, QueryResult, Statement, TransactionTrait, sqlx,
};

use crate::{Engine, Result, engine::Durability};

/// The most connections of a pool: more than there are clients.
const CONNECTIONS: u32 = 10;

/// How an application writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One statement, straight to the pool.
    Autocommit,
    /// In a transaction of its own: with an author, where there are versions.
    Transaction,
}

impl Way {
    pub(crate) const ALL: [Self; 2] = [Self::Autocommit, Self::Transaction];

    /// As the names of workloads end.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Autocommit => "autocommit",
            Self::Transaction => "in a transaction",
        }
    }
}

/// One side of a comparison: the table without versions, or with them.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    /// An ordinary pool of SeaORM's, in a database that DBVSG has never seen.
    Plain(DatabaseConnection),
    /// A tracked table.
    Versioned(Vsg),
}

impl Side {
    /// Opens a pool of SeaORM's own, with all the options that DBVSG gives to its pools.
    pub(crate) async fn plain(engine: Engine, url: &str, durability: Durability) -> Result<Self> {
        let mut pool = PoolOptions::new(url);
        pool.sqlx_logging(false).max_connections(CONNECTIONS).test_before_acquire(false);
        if engine == Engine::Sqlite {
            pool.map_sqlx_sqlite_opts(move |sqlite| {
                use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
                let synchronous = match durability {
                    Durability::Normal => SqliteSynchronous::Normal,
                    Durability::Full | Durability::Server => SqliteSynchronous::Full,
                };
                sqlite
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(synchronous)
                    .busy_timeout(ConnectOptions::default().busy_timeout)
            });
        }
        Ok(Self::Plain(Database::connect(pool).await?))
    }

    /// Its pool.
    pub(crate) fn db(&self) -> DatabaseConnection {
        match self {
            Self::Plain(db) => db.clone(),
            Self::Versioned(vsg) => vsg.connection(),
        }
    }

    /// Begins a write.
    pub(crate) async fn begin(&self, way: Way) -> Result<Write> {
        Ok(match (way, self) {
            (Way::Autocommit, side) => Write::Autocommit(side.db()),
            (Way::Transaction, Self::Plain(db)) => Write::Plain(db.begin().await?),
            (Way::Transaction, Self::Versioned(vsg)) => Write::Versioned(Box::new(vsg.begin("ann").await?)),
        })
    }

    /// Closes its pool.
    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.db().close().await?)
    }
}

/// Connects with DBVSG and as many connections as every side has.
pub(crate) async fn connect(url: &str, durability: Durability) -> Result<Vsg> {
    let mut options = ConnectOptions::default();
    options.synchronous = durability.synchronous();
    options.max_connections = CONNECTIONS;
    Ok(Vsg::connect_with(url, &options).await?)
}

/// A write that has begun. It is one type on both sides, so that what it costs itself is on both.
pub(crate) enum Write {
    Autocommit(DatabaseConnection),
    Plain(DatabaseTransaction),
    Versioned(Box<Txn>),
}

impl Write {
    /// Makes it last.
    pub(crate) async fn end(self) -> Result<()> {
        match self {
            Self::Autocommit(_) => {}
            Self::Plain(txn) => txn.commit().await?,
            Self::Versioned(txn) => _ = txn.commit().await?,
        }
        Ok(())
    }
}

#[dbvsg::async_trait]
impl ConnectionTrait for Write {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Autocommit(db) => db.get_database_backend(),
            Self::Plain(txn) => txn.get_database_backend(),
            Self::Versioned(txn) => ConnectionTrait::get_database_backend(txn.as_ref()),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Autocommit(db) => db.execute_raw(statement).await,
            Self::Plain(txn) => txn.execute_raw(statement).await,
            Self::Versioned(txn) => txn.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Autocommit(db) => db.execute_unprepared(sql).await,
            Self::Plain(txn) => txn.execute_unprepared(sql).await,
            Self::Versioned(txn) => txn.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Autocommit(db) => db.query_one_raw(statement).await,
            Self::Plain(txn) => txn.query_one_raw(statement).await,
            Self::Versioned(txn) => txn.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Autocommit(db) => db.query_all_raw(statement).await,
            Self::Plain(txn) => txn.query_all_raw(statement).await,
            Self::Versioned(txn) => txn.query_all_raw(statement).await,
        }
    }
}
