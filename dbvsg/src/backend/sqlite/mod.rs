//! SQLite 3.35 and newer.

mod apply;
mod bundle;
mod collation;
mod context;
mod copy;
mod decode;
mod describe;
mod history;
pub(super) mod observe;
mod seal;
mod search;
mod shape;
mod triggers;

use futures_util::stream::BoxStream;
use sea_orm::{
    DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult, Statement,
};

use super::{Alteration, Backend, Context, Placing, Trigger, Writers, fetch::fetch};
use crate::{
    Result,
    catalog::Tracked,
    model::{Column, Table, TableName, Value},
};

/// The time now in microseconds. Its grain is a millisecond, the finest that every SQLite since 3.35 has; it is written
/// without `unixepoch('subsec')` because the triggers run in the writer's program, whose SQLite may be old.
const NOW: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000";

#[derive(Debug)]
pub(super) struct Sqlite;

/// Whether an error says that another writer is in the way.
pub(super) fn is_busy(error: &sqlx::sqlite::SqliteError) -> bool {
    // SQLITE_BUSY is 5, SQLITE_LOCKED is 6; extended codes keep them in the low byte.
    let code = sqlx::error::DatabaseError::code(error).and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

fn statement(sql: impl Into<String>) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

#[async_trait::async_trait]
impl Backend for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn builder(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn writers(&self) -> Writers {
        Writers::One
    }

    fn transactional_ddl(&self) -> bool {
        true
    }

    fn latest(&self) -> Option<IsolationLevel> {
        None
    }

    fn snapshot(&self) -> Option<IsolationLevel> {
        None
    }

    fn for_update(&self) -> &'static str {
        ""
    }

    fn quote(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }

    fn fit_name(&self, stem: &str) -> String {
        stem.to_owned()
    }

    fn default_schemas(&self) -> Vec<String> {
        vec!["main".into()]
    }

    fn views(&self) -> Statement {
        statement("SELECT name FROM sqlite_master WHERE type = 'view'")
    }

    fn placeholder(&self, _position: usize) -> String {
        "?".into()
    }

    fn decode(&self, row: &QueryResult, index: usize) -> Result<Value> {
        decode::decode(row, index)
    }

    fn fetch(&self, db: &DatabaseConnection, sql: String) -> BoxStream<'static, Result<QueryResult>> {
        fetch(db.get_sqlite_connection_pool().clone(), sql)
    }

    fn catalog_support(&self) -> Vec<String> {
        context::support()
    }

    async fn tables(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
        describe::tables(db).await
    }

    async fn describe(&self, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
        describe::describe(db, name).await
    }

    async fn default_of(&self, db: &DatabaseExecutor<'_>, table: &TableName, column: &Column) -> Result<String> {
        describe::default_of(db, table, column).await
    }

    async fn table_bytes(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Option<i64>> {
        describe::bytes(db, table).await
    }

    fn history_table(&self, tracked: &Tracked) -> String {
        history::table(self, tracked)
    }

    fn history_indexes(&self, tracked: &Tracked) -> Vec<String> {
        vec![history::key_index(self, tracked)]
    }

    fn triggers(&self, tracked: &Tracked) -> Vec<Trigger> {
        triggers::triggers(self, tracked)
    }

    fn installed_triggers(&self, tracked: &Tracked) -> Statement {
        let sql = "SELECT name, sql AS body FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (?, ?) \
                   AND name LIKE 'dbvsg!_%' ESCAPE '!'";
        let tables = [&tracked.table.name, &tracked.history].map(|table| table.name.as_str().into());
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, tables)
    }

    fn drop_trigger(&self, _tracked: &Tracked, trigger: &str) -> Vec<String> {
        vec![format!("DROP TRIGGER IF EXISTS {}", self.quote(trigger))]
    }

    async fn carriers(&self, db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>> {
        shape::carriers(db, tracked).await
    }

    fn pause(&self, tracked: &Tracked, triggers: &[String]) -> Vec<String> {
        shape::pause(self, tracked, triggers)
    }

    fn alter_history(&self, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
        shape::alter_history(self, tracked, alteration)
    }

    fn holds(&self, stored: &Column, live: &Column) -> bool {
        shape::holds(stored, live)
    }

    fn cast(&self, from: &Column, to: &Column, value: &str) -> Option<String> {
        Some(shape::cast(from, to, value))
    }

    async fn migration_pool(&self, db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
        shape::migration_pool(self, db).await
    }

    async fn broken_references(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
        shape::broken_references(db).await
    }

    async fn open_context(&self, txn: &DatabaseTransaction, context: &Context) -> Result<()> {
        context::open(txn, context).await
    }

    async fn close_context(&self, txn: &DatabaseTransaction, _context: &Context) -> Result<bool> {
        context::close(txn).await
    }

    async fn close_and_commit(&self, txn: DatabaseTransaction, _context: &Context) -> Result<bool> {
        context::close_and_commit(txn).await
    }

    fn begin_sealing(&self) -> Vec<String> {
        // SQLite has one writer: the transaction's own lock is the lock. Its own commit, if it has one, goes on.
        vec!["UPDATE dbvsg_context SET commit_id = NULL WHERE id = 1 AND commit_id IS NOT NULL AND uuid IS NULL".into()]
    }

    fn place(&self, placings: &[Placing]) -> Statement {
        seal::place(placings)
    }

    fn supersede(&self, tracked: &Tracked, range: (i64, i64), seq: i64) -> Statement {
        seal::supersede(self, tracked, range, seq)
    }

    fn size(&self, value: &str) -> String {
        format!("length(CAST({value} AS BLOB))")
    }

    fn contains(&self, expression: &str, pattern: &str) -> String {
        format!("{expression} GLOB {pattern}")
    }

    fn pattern(&self, text: &str) -> Option<String> {
        // It would end at the character NUL.
        (!text.contains('\0')).then(|| search::either_case(text))
    }

    fn differs(&self, column: &Column, a: &str, b: &str) -> String {
        triggers::differs(column, a, b)
    }

    fn plans_by_limit(&self) -> bool {
        true
    }

    fn next_commit(&self) -> String {
        context::NEXT_COMMIT.into()
    }

    fn now(&self) -> &'static str {
        NOW
    }

    async fn file(&self, db: &DatabaseConnection) -> Result<Option<std::path::PathBuf>> {
        copy::file(db).await
    }

    async fn copy_to(&self, db: &DatabaseConnection, path: &std::path::Path) -> Result<()> {
        copy::copy_to(db, path).await
    }

    async fn check_copy(&self, db: &DatabaseConnection, path: &std::path::Path, whole: bool) -> Result<Option<String>> {
        copy::check(db, path, whole).await
    }

    async fn restore_from(&self, db: &DatabaseConnection, path: &std::path::Path) -> Result<()> {
        copy::restore_from(db, path).await
    }
}
