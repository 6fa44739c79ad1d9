//! What differs between the databases. Nothing outside this folder knows a dialect.

mod alteration;
mod applying;
mod begin;
mod boundaries;
mod connect;
mod failure;
mod fetch;
mod mysql;
mod portable;
mod postgres;
mod scan;
mod sql;
mod sqlite;

use std::collections::HashMap;

use futures_util::stream::BoxStream;
use sea_orm::{
    DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult,
    Statement, Value as Bound,
};

pub(crate) use alteration::Alteration;
pub(crate) use applying::{Applying, Held};
pub(crate) use begin::begin;
pub(crate) use boundaries::{Boundaries, Boundary};
pub(crate) use connect::connect;
pub use connect::{ConnectOptions, Synchronous};
pub(crate) use failure::{Failure, failure};
pub(crate) use portable::{Counter, Kind, Object, Portable};
pub(crate) use scan::{Placed, Token, scan};
pub(crate) use sql::{Sql, bound};

use crate::{
    Error, Result,
    catalog::Tracked,
    model::{Column, Table, TableName, Value},
};

/// Whether writers wait for each other, which decides how their commits come into order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// One transaction writes at a time, so commits are ordered by their ids, and each history counts its own changes.
    One,
    /// Many write at a time. Commits and changes take their ids from one counter of the whole server, a commit's before
    /// those of its changes, and commits are ordered by their last change.
    Many,
}

/// A trigger with its whole text.
#[derive(Debug)]
pub(crate) struct Trigger {
    /// Its name, unquoted.
    pub(crate) name: String,
    /// The statements that create it.
    pub(crate) sql: Vec<String>,
    /// How [`Backend::installed_triggers`] describes it where it is as it should be.
    pub(crate) installed: String,
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
    /// The id it was written with.
    pub(crate) written_id: i64,
    /// The id it has from now on.
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) seq: i64,
    pub(crate) committed_at: i64,
    pub(crate) parent_id: Option<i64>,
    pub(crate) operation: String,
    pub(crate) hash: Vec<u8>,
}

impl Placing {
    /// What is bound for it, in the order of its fields.
    fn values(&self) -> [Bound; 8] {
        [
            self.written_id.into(),
            self.id.into(),
            self.uuid.as_str().into(),
            self.seq.into(),
            self.committed_at.into(),
            self.parent_id.into(),
            self.operation.as_str().into(),
            self.hash.clone().into(),
        ]
    }
}

/// How a column of a history table gets another type in place.
#[derive(Debug)]
pub(crate) struct Retype {
    /// A condition that holds for a version whose value would then read otherwise.
    pub(crate) unlike: String,
    /// The statements, which lose nothing if no version is such.
    pub(crate) sql: Vec<String>,
}

/// One engine: SQL texts and the few calls that no portable SQL can express.
///
/// Statements are returned rather than run wherever the same statement can run on a pool and in a transaction.
#[async_trait::async_trait]
pub(crate) trait Backend: Applying + Portable + std::fmt::Debug {
    /// The engine's name in reports: `sqlite`.
    fn name(&self) -> &'static str;

    /// Which of SeaORM's query builders writes for it.
    fn builder(&self) -> DbBackend;

    /// Whether writers wait for each other.
    fn writers(&self) -> Writers;

    /// Whether a transaction that is undone takes CREATE TABLE and CREATE TRIGGER with it.
    fn transactional_ddl(&self) -> bool;

    /// The isolation under which each statement sees what was committed before it.
    fn latest(&self) -> Option<IsolationLevel>;

    /// The isolation under which all statements see one state.
    fn snapshot(&self) -> Option<IsolationLevel>;

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

    /// The schemas under which a statement can name a table of the default schema.
    fn default_schemas(&self) -> Vec<String>;

    /// Lists the views.
    fn views(&self) -> Statement;

    /// A bound value's placeholder; `position` counts from 1.
    fn placeholder(&self, position: usize) -> String;

    /// A bound value, to be compared with this column or stored in it.
    fn parameter(&self, _column: &Column, placeholder: &str) -> String {
        placeholder.to_owned()
    }

    /// A column read as the backend wants it for [`Backend::decode`].
    fn project(&self, _column: &Column, expression: &str) -> String {
        expression.to_owned()
    }

    /// NULL with the type of a column.
    fn null(&self, _column: &Column) -> String {
        "NULL".to_owned()
    }

    /// A sum of integers read as a 64-bit integer.
    fn integer(&self, expression: &str) -> String {
        expression.to_owned()
    }

    /// What follows `name AS` in a common table expression, so that conditions reach into it.
    fn inlined(&self) -> &'static str {
        "NOT MATERIALIZED "
    }

    /// What follows a history and its alias in a FROM so that a range of versions is read as one.
    fn by_version(&self) -> &'static str {
        ""
    }

    /// Joins a table after those before it, in that order.
    fn then_join(&self) -> &'static str {
        "JOIN"
    }

    /// Whether a statement is planned anew at each call for the sake of the parameter of its limit.
    fn plans_by_limit(&self) -> bool {
        false
    }

    /// What follows a SELECT so that it locks the rows that it reads.
    fn for_update(&self) -> &'static str {
        " FOR UPDATE"
    }

    /// Reads one column of a row, whatever its type.
    fn decode(&self, row: &QueryResult, index: usize) -> Result<Value>;

    /// Runs a query that was never seen before, so that every type has a form that [`Backend::decode`] reads.
    fn fetch(&self, db: &DatabaseConnection, sql: String) -> BoxStream<'static, Result<QueryResult>>;

    /// What the catalog needs beside its tables: triggers and views.
    fn catalog_support(&self) -> Vec<String>;

    /// All user tables, without DBVSG's own.
    async fn tables(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>>;

    /// A table as it is now, or none.
    async fn describe(&self, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>>;

    /// The room that a table and its indexes take; none if the engine does not tell.
    async fn table_bytes(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Option<i64>>;

    /// Keeps writers off a table until the transaction ends, where creating a trigger does not do so from the start.
    fn lock_table(&self, _table: &TableName) -> Option<String> {
        None
    }

    /// Keeps writers off a table until what it returns is dropped, where no transaction can hold a lock while tables and
    /// triggers are created. Needs a connection of its own.
    async fn hold_writers(
        &self,
        _db: &DatabaseConnection,
        _tables: &[&TableName],
    ) -> Result<Option<Box<dyn Send + Sync>>> {
        Ok(None)
    }

    /// Creates the history table.
    fn history_table(&self, tracked: &Tracked) -> String;

    /// What makes the history table quick to read, once it was filled: its indexes.
    fn history_indexes(&self, tracked: &Tracked) -> Vec<String>;

    /// The triggers that capture a table.
    fn triggers(&self, tracked: &Tracked) -> Vec<Trigger>;

    /// Reads the triggers installed for a table: name and body, the latter as [`Trigger::installed`].
    fn installed_triggers(&self, tracked: &Tracked) -> Statement;

    /// Drops a trigger of a tracked table.
    fn drop_trigger(&self, tracked: &Tracked, trigger: &str) -> Vec<String>;

    /// What the engine calls the columns of a table by, whatever their names, if it does: by name, and unlike for a table
    /// that was made anew.
    async fn column_ids(&self, _db: &DatabaseExecutor<'_>, _table: &TableName) -> Result<HashMap<String, String>> {
        Ok(HashMap::new())
    }

    /// The tables that carry capture triggers of a tracked table, or what [`Backend::pause`] leaves of them, under whatever
    /// name the table has by now.
    async fn carriers(&self, db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>>;

    /// Takes these capture triggers out of the way of ALTER TABLE, and leaves something by which the table is known again.
    fn pause(&self, tracked: &Tracked, triggers: &[String]) -> Vec<String>;

    /// The statements by which a history becomes another. Where DDL is not transactional, the one that was run last can be run
    /// again: it changes nothing then, or [`Backend::is_done`] tells it by its error.
    fn alter_history(&self, tracked: &Tracked, alteration: &Alteration) -> Vec<String>;

    /// Whether a statement of [`Backend::alter_history`] failed because it had been run before.
    fn is_done(&self, _error: &DbErr) -> bool {
        false
    }

    /// Triggers that let nobody but one connection write to a table, where no transaction can keep writers off while tables
    /// and triggers are changed. They come in place of those of the same names.
    fn guards(&self, _tracked: &Tracked, _exempt: Option<i64>) -> Vec<Trigger> {
        Vec::new()
    }

    /// Whether a capture trigger of this name is such a guard.
    fn is_guard(&self, _trigger: &str) -> bool {
        false
    }

    /// What the guards know a connection by.
    async fn connection_id(&self, _db: &DatabaseConnection) -> Result<Option<i64>> {
        Ok(None)
    }

    /// Whether a column of history holds the values of a column of the table just as they are.
    fn holds(&self, stored: &Column, live: &Column) -> bool {
        stored.declared == live.declared && stored.collation == live.collation
    }

    /// Whether the collation of a column decides which of its values are the same.
    fn collation_decides(&self) -> bool {
        true
    }

    /// How a column of history becomes one that holds another column of the table, if the engine can do that in place and
    /// the values come in the same form.
    fn retype(&self, _history: &TableName, _from: &Column, _to: &Column) -> Option<Retype> {
        None
    }

    /// A value of one column as another column's type reads it, or NULL where it cannot; none if it never can. It must not
    /// fail for any value.
    fn cast(&self, from: &Column, to: &Column, value: &str) -> Option<String>;

    /// A pool of its own for an application's migrations, where they need other settings than its queries.
    async fn migration_pool(&self, _db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
        Ok(None)
    }

    /// The foreign keys that are violated, where a migration can leave such.
    async fn broken_references(&self, _db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Tells the triggers whose transaction this is, where they have to know it before they capture.
    async fn open_context(&self, txn: &DatabaseTransaction, context: &Context) -> Result<()>;

    /// Signs the commit of a transaction with its context, at the time it ends; returns whether it captured anything.
    async fn close_context(&self, txn: &DatabaseTransaction, context: &Context) -> Result<bool>;

    /// Does so, and commits, in as few trips as can be. Only for a transaction that the driver knows no savepoint of, and to be waited
    /// for.
    async fn close_and_commit(&self, txn: DatabaseTransaction, context: &Context) -> Result<bool> {
        let captured = self.close_context(&txn, context).await?;
        txn.commit().await?;
        Ok(captured)
    }

    /// What is set for a transaction so that values that come as text are exact, whatever the session or the role are set to.
    fn exact(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is done before sealing, once this transaction is the only one that seals.
    fn begin_sealing(&self) -> Vec<String>;

    /// Puts commits that are pending into their places, as what they have become.
    fn place(&self, placings: &[Placing]) -> Statement;

    /// Sets the end of the versions that sealed changes superseded: those in this range of change ids (both ends
    /// included) whose commits come after `seq`.
    fn supersede(&self, tracked: &Tracked, range: (i64, i64), seq: i64) -> Statement;

    /// How many bytes a value takes, about.
    fn size(&self, value: &str) -> String;

    /// Takes the versions of `dbvsg_doomed` out of a history.
    fn remove_doomed(&self, tracked: &Tracked) -> String {
        let history = self.quote_table(&tracked.history);
        format!("DELETE FROM {history} WHERE vsg_id IN (SELECT d.vsg_id FROM dbvsg_doomed d)")
    }

    /// A condition that holds where an expression of text holds what is searched for somewhere, in letters of either case.
    fn contains(&self, expression: &str, pattern: &str) -> String;

    /// What stands for a text in [`Backend::contains`], as a bound value; none if no text of the engine can hold it.
    fn pattern(&self, text: &str) -> Option<String>;

    /// An expression of a column that can be sorted by, and equals another where its values are the same, whatever the type
    /// of the column knows of comparing.
    fn comparable(&self, _column: &Column, expression: &str) -> String {
        expression.to_owned()
    }

    /// Whether a moment with zone that a model gives can be stored as NULL without a word.
    fn forgets_moments(&self) -> bool {
        false
    }

    /// Whether an INSERT and a DELETE can return the rows that they write.
    fn returns_written(&self) -> bool {
        true
    }

    /// Whether an UPDATE can return the rows that it writes.
    fn returns_updated(&self) -> bool {
        true
    }

    /// The default of a column that has one, as an UPDATE can set it.
    async fn default_of(&self, _db: &DatabaseExecutor<'_>, _table: &TableName, _column: &Column) -> Result<String> {
        Ok("DEFAULT".to_owned())
    }

    /// What follows the table of an INSERT that leaves every column to its default.
    fn only_defaults(&self) -> &'static str {
        "DEFAULT VALUES"
    }

    /// The columns of a unique key in order, as a query for `name`, where the engine's errors tell the key but not them.
    fn unique_key(&self, _table: &TableName, _key: &str) -> Option<Statement> {
        None
    }

    /// Whether ORDER BY takes NULL for the smallest value.
    fn sorts_null_first(&self) -> bool {
        true
    }

    /// A condition that holds where two expressions of a column differ in any way, NULL-safe and to the byte.
    fn differs(&self, column: &Column, a: &str, b: &str) -> String;

    /// The id of a new commit, as an expression.
    fn next_commit(&self) -> String;

    /// The pending commits with the smallest ids, as a query: `limit` of those for which `condition` holds of the commit `c`. What can
    /// still write to one of them is waited for, and kept from it.
    fn pending(&self, condition: &str, limit: usize) -> String {
        format!("SELECT c.* FROM dbvsg_pending c WHERE {condition} ORDER BY c.id LIMIT {limit}")
    }

    /// Takes these commits, one at least, out of `dbvsg_pending`.
    fn take_pending(&self, commits: &[i64]) -> String {
        let ids: Vec<String> = commits.iter().map(i64::to_string).collect();
        format!("DELETE FROM dbvsg_pending WHERE id IN ({})", ids.join(", "))
    }

    /// A condition that holds where an id of a commit, an expression, is that of a sealed one. Nearly all are before the first
    /// that is not, which is one comparison with what is computed once.
    fn is_sealed(&self, commit: &str) -> String {
        format!(
            "({commit} < (SELECT coalesce(min(p.id), {}) FROM dbvsg_pending p) OR {commit} NOT IN (SELECT p.id FROM dbvsg_pending p))",
            i64::MAX
        )
    }

    /// What stands before the columns and before the values of an INSERT, so that versions get their ids where the column
    /// does not fill itself.
    fn fresh_id(&self) -> (String, String) {
        (String::new(), String::new())
    }

    /// The next ids of the counter of commits and changes, as a query for `id`, where there is such a counter.
    fn next_ids(&self, _count: usize) -> Option<Statement> {
        None
    }

    /// A statement without bound values that copies values of a table to its history, so that it takes whatever the table took.
    fn copying(&self, sql: String) -> String {
        sql
    }

    /// Tells the counter of a table's automatic key that this one was given by hand, where it does not see that itself, as a
    /// query. Without it the next row would be given a key that is there.
    fn key_given(&self, _table: &TableName, _column: &str, _key: i64) -> Option<Statement> {
        None
    }

    /// The character set that a new table needs to take any text, where its database can have another.
    fn character_set(&self) -> Option<&'static str> {
        None
    }

    /// How far apart the keys lie that the database gives to the rows of one statement, as an expression.
    fn key_step(&self) -> &'static str {
        "1"
    }

    /// The time now in microseconds, as an expression.
    fn now(&self) -> &'static str;

    /// The file that holds the database, if one does.
    async fn file(&self, _db: &DatabaseConnection) -> Result<Option<std::path::PathBuf>> {
        Ok(None)
    }

    /// A consistent copy of the database as a file.
    async fn copy_to(&self, _db: &DatabaseConnection, _path: &std::path::Path) -> Result<()> {
        Err(self.no_file())
    }

    /// Says what is wrong with a file that is to take the place of this database, or nothing. `whole`: reads all of it.
    async fn check_copy(
        &self,
        _db: &DatabaseConnection,
        _path: &std::path::Path,
        _whole: bool,
    ) -> Result<Option<String>> {
        Err(self.no_file())
    }

    /// Puts the content of a file in place of the database, all or nothing.
    async fn restore_from(&self, _db: &DatabaseConnection, _path: &std::path::Path) -> Result<()> {
        Err(self.no_file())
    }

    /// The answer of an engine whose databases are no files.
    fn no_file(&self) -> Error {
        let reason = format!("a {} database is not kept in one file; use the server's own backup", self.name());
        Error::UnsupportedDatabase { reason }
    }
}

/// The backend of a connection.
pub(crate) async fn of(db: &DatabaseConnection) -> Result<&'static dyn Backend> {
    match db.get_database_backend() {
        DbBackend::Sqlite => Ok(&sqlite::Sqlite),
        DbBackend::Postgres => postgres::of(db).await,
        DbBackend::MySql => mysql::of(db).await,
        other => Err(Error::UnsupportedDatabase { reason: format!("{other:?} is not supported by this version") }),
    }
}
