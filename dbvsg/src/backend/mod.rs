//! What differs between the databases. Nothing outside this folder knows a dialect.

mod boundaries;
mod connect;
mod scan;
mod sql;
mod sqlite;

use sea_orm::{DatabaseConnection, DatabaseExecutor, DbBackend, QueryResult, Statement, sea_query::Expr};

pub(crate) use boundaries::{Boundaries, Boundary};
pub(crate) use connect::connect;
pub use connect::{ConnectOptions, Synchronous};
pub(crate) use scan::{Placed, Token, scan};
pub(crate) use sql::Sql;

use crate::{
    Error, Result,
    catalog::Tracked,
    model::{Table, TableName, Value},
};

/// A trigger with its whole text.
#[derive(Debug)]
pub(crate) struct Trigger {
    /// Its name, unquoted.
    pub(crate) name: String,
    /// The statement that creates it.
    pub(crate) sql: String,
}

/// What is set for the time of one transaction, so that the triggers know whose it is.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) uuid: String,
    pub(crate) actor: String,
    pub(crate) operation: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) meta: Option<String>,
}

/// The place a commit gets when it is sealed.
#[derive(Debug)]
pub(crate) struct Placing {
    pub(crate) id: i64,
    pub(crate) seq: i64,
    pub(crate) committed_at: i64,
    pub(crate) parent_id: Option<i64>,
    pub(crate) operation: String,
    pub(crate) hash: Vec<u8>,
}

/// One engine: SQL texts and the few calls that no portable SQL can express.
///
/// Statements are returned rather than run wherever the same statement can run on a pool and in a transaction.
#[async_trait::async_trait]
pub(crate) trait Backend: Send + Sync + std::fmt::Debug {
    /// The engine's name in reports: `sqlite`.
    fn name(&self) -> &'static str;

    /// Which of SeaORM's query builders writes for it.
    fn builder(&self) -> DbBackend;

    /// Quotes an identifier, whatever it holds.
    fn quote(&self, identifier: &str) -> String;

    /// Quotes a table's name with its schema.
    fn quote_table(&self, table: &TableName) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&table.name)),
            None => self.quote(&table.name),
        }
    }

    /// The name of a database object made from `stem`, cut and given a hash if the engine would not take it whole.
    fn fit_name(&self, stem: &str) -> String;

    /// The schemas under which a statement can name a table past its common table expression.
    fn qualifiers(&self) -> &'static [&'static str];

    /// Lists the views.
    fn views(&self) -> Statement;

    /// A bound value's placeholder; `position` counts from 1.
    fn placeholder(&self, position: usize) -> String;

    /// A column read as the backend wants it for [`Backend::decode`].
    fn project(&self, quoted_column: &str) -> String {
        quoted_column.to_owned()
    }

    /// Reads one column of a row, whatever its type.
    fn decode(&self, row: &QueryResult, index: usize) -> Result<Value>;

    /// What the catalog needs beside its tables: triggers and views.
    fn catalog_support(&self) -> Vec<String>;

    /// All user tables, without DBVSG's own.
    async fn tables(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>>;

    /// A table as it is now, or none.
    async fn describe(&self, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>>;

    /// Why a table can't be tracked, beyond what every engine refuses.
    fn untrackable(&self, table: &Table) -> Option<String>;

    /// Creates the history table.
    fn history_table(&self, tracked: &Tracked) -> String;

    /// The indexes of the history table, made after it was filled.
    fn history_indexes(&self, tracked: &Tracked) -> Vec<String>;

    /// The triggers that capture a table.
    fn triggers(&self, tracked: &Tracked) -> Vec<Trigger>;

    /// Reads the triggers installed for a table, as [`Backend::triggers`] wrote them: name and body.
    fn installed_triggers(&self, tracked: &Tracked) -> Statement;

    /// Drops a trigger of a table.
    fn drop_trigger(&self, table: &TableName, trigger: &str) -> String;

    /// Starts the context of a transaction.
    fn open_context(&self, context: &Context) -> Statement;

    /// Ends the context of a transaction; returns a row with `commit_id` (NULL if nothing was captured).
    fn close_context(&self) -> Statement;

    /// Takes the lock under which commits are sealed, and closes the commits of outside writers.
    fn begin_sealing(&self) -> Vec<String>;

    /// Gives commits their places.
    fn place(&self, placings: &[Placing]) -> Statement;

    /// Sets the end of the versions that the changes after `sealed` up to `last` superseded.
    fn supersede(&self, tracked: &Tracked, sealed: i64, last: i64) -> Statement;

    /// A condition that holds where a text column holds this text somewhere, in letters of either case.
    fn contains(&self, column: Expr, text: &str) -> Expr;

    /// A condition that holds where two expressions of a column differ in any way, NULL-safe and to the byte.
    fn differs(&self, column: &crate::model::Column, a: &str, b: &str) -> String;

    /// The time now in microseconds, as an expression.
    fn now(&self) -> &'static str;

    /// The file that holds the database, if one does.
    async fn file(&self, db: &DatabaseConnection) -> Result<Option<std::path::PathBuf>>;

    /// A consistent copy of the database as a file.
    async fn copy_to(&self, db: &DatabaseConnection, path: &std::path::Path) -> Result<()>;

    /// Says what is wrong with a file that is to take the place of this database, or nothing. `whole`: reads all of it.
    async fn check_copy(&self, db: &DatabaseConnection, path: &std::path::Path, whole: bool) -> Result<Option<String>>;

    /// Puts the content of a file in place of the database, all or nothing.
    async fn restore_from(&self, db: &DatabaseConnection, path: &std::path::Path) -> Result<()>;
}

/// The backend of a connection.
pub(crate) fn of(db: &DatabaseConnection) -> Result<&'static dyn Backend> {
    match db.get_database_backend() {
        DbBackend::Sqlite => Ok(&sqlite::Sqlite),
        other => Err(Error::UnsupportedDatabase { reason: format!("{other:?} is not supported by this version") }),
    }
}

/// Whether a driver's error says that another writer is in the way.
pub(crate) fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    sqlite::is_busy(error)
}
