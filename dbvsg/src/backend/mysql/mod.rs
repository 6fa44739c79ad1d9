//! MariaDB 10.6 and newer, and MySQL 8.

mod apply;
mod bundle;
mod cascade;
mod catalog;
mod context;
mod decode;
mod describe;
pub(super) mod failure;
mod flavour;
mod foreign;
mod gone;
mod guard;
mod history;
mod lock;
mod routines;
mod seal;
mod shape;
mod triggers;

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use futures_util::stream::BoxStream;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    QueryResult, Statement,
};
use sha2::{Digest, Sha256};

use self::flavour::Flavour;
use super::{Alteration, Backend, Context, Placing, Retype, Trigger, Writers, fetch::fetch};
use crate::{
    Error, Result,
    catalog::Tracked,
    model::{Column, ColumnKind, Form, Hash, Table, TableName, Value},
};

/// The time now in microseconds. Made from UTC, because a local time can mean two moments.
const NOW: &str = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";

/// How long a name can be, in characters.
const NAME_LENGTH: usize = 64;

/// One database of a server. Tables of other databases are not its own.
#[derive(Debug)]
pub(super) struct MySql {
    flavour: Flavour,
    database: String,
}

/// The backends by what they know: they are handed out for ever, and a program knows few databases.
static KNOWN: LazyLock<Mutex<HashMap<(Flavour, String), &'static MySql>>> = LazyLock::new(Mutex::default);

/// The backend of a connection to a database.
pub(super) async fn of(db: &DatabaseConnection) -> Result<&'static dyn Backend> {
    let unsupported = |reason: String| Err(Error::UnsupportedDatabase { reason });
    let row = db.query_one_raw(statement("SELECT VERSION() AS version, DATABASE() AS here")).await?;
    let row = row.ok_or_else(|| Error::Corrupted { detail: "SELECT gave no row".into() })?;
    let flavour = match Flavour::of(&row.try_get::<String>("", "version")?) {
        Ok(flavour) => flavour,
        Err(reason) => return unsupported(reason),
    };
    let Some(database) = row.try_get::<Option<String>>("", "here")? else {
        return unsupported("the URL names no database, as in mysql://user@host/database".into());
    };
    for (check, reason) in flavour.requirements() {
        if db.query_one_raw(statement(check)).await?.is_none() {
            return unsupported(reason.into());
        }
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let backend = known.entry((flavour, database.clone()));
    Ok(*backend.or_insert_with(|| Box::leak(Box::new(MySql { flavour, database }))))
}

fn statement(sql: impl Into<String>) -> Statement {
    Statement::from_string(DbBackend::MySql, sql)
}

#[async_trait::async_trait]
impl Backend for MySql {
    fn name(&self) -> &'static str {
        self.flavour.name()
    }

    fn builder(&self) -> DbBackend {
        DbBackend::MySql
    }

    fn writers(&self) -> Writers {
        Writers::Many
    }

    fn transactional_ddl(&self) -> bool {
        false
    }

    fn latest(&self) -> Option<IsolationLevel> {
        Some(IsolationLevel::ReadCommitted)
    }

    fn snapshot(&self) -> Option<IsolationLevel> {
        Some(IsolationLevel::RepeatableRead)
    }

    fn quote(&self, identifier: &str) -> String {
        format!("`{}`", identifier.replace('`', "``"))
    }

    fn fit_name(&self, stem: &str) -> String {
        if stem.chars().count() <= NAME_LENGTH {
            return stem.to_owned();
        }
        let hash = Hash(Sha256::digest(stem.as_bytes()).into()).to_string();
        let cut: String = stem.chars().take(NAME_LENGTH - 9).collect();
        format!("{cut}_{}", &hash[..8])
    }

    fn default_schemas(&self) -> Vec<String> {
        vec![self.database.clone()]
    }

    fn views(&self) -> Statement {
        statement("SELECT table_name AS name FROM information_schema.views WHERE table_schema = DATABASE()")
    }

    fn placeholder(&self, _position: usize) -> String {
        "?".into()
    }

    fn parameter(&self, column: &Column, placeholder: &str) -> String {
        match (column.kind, column.form) {
            // As a string it would be compared as a double.
            (ColumnKind::Decimal, _) => format!("CAST({placeholder} AS DECIMAL(65, {}))", describe::widest(column)),
            (ColumnKind::Integer, Form::Text) => format!("CAST({placeholder} AS UNSIGNED)"),
            // The server takes no offset in a text, where an offset of ours is always that of UTC.
            (ColumnKind::Timestamp, _) => {
                format!("CONVERT_TZ(SUBSTRING_INDEX({placeholder}, '+', 1), '+00:00', @@session.time_zone)")
            }
            _ => placeholder.to_owned(),
        }
    }

    fn project(&self, column: &Column, expression: &str) -> String {
        match (column.kind, column.form) {
            // The same moment whatever zone the session is in.
            (ColumnKind::Timestamp, _) => {
                format!("CAST('1970-01-01 00:00:00' + INTERVAL UNIX_TIMESTAMP({expression}) SECOND AS CHAR)")
            }
            (ColumnKind::Date | ColumnKind::Duration | ColumnKind::DateTime, _) => {
                format!("CAST({expression} AS CHAR)")
            }
            // Of bits, as characters, what is none would be lost.
            (ColumnKind::Integer, Form::Text) => format!("CAST(CAST({expression} AS UNSIGNED) AS CHAR)"),
            _ => expression.to_owned(),
        }
    }

    fn integer(&self, expression: &str) -> String {
        format!("CAST({expression} AS SIGNED)")
    }

    fn inlined(&self) -> &'static str {
        ""
    }

    fn decode(&self, row: &QueryResult, index: usize) -> Result<Value> {
        decode::decode(row, index)
    }

    fn fetch(&self, db: &DatabaseConnection, sql: String) -> BoxStream<'static, Result<QueryResult>> {
        fetch(db.get_mysql_connection_pool().clone(), sql)
    }

    fn catalog_support(&self) -> Vec<String> {
        catalog::support(self.flavour)
    }

    async fn tables(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
        describe::tables(db).await
    }

    async fn describe(&self, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
        describe::describe(self.flavour, db, name).await
    }

    async fn table_bytes(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Option<i64>> {
        describe::bytes(db, table).await
    }

    fn lock_table(&self, table: &TableName) -> Option<String> {
        // Each row that is there; a row that is added has nothing in history to differ from.
        Some(format!("SELECT COUNT(*) FROM {} LOCK IN SHARE MODE", self.quote_table(table)))
    }

    async fn hold_writers(
        &self,
        db: &DatabaseConnection,
        tables: &[&TableName],
    ) -> Result<Option<Box<dyn Send + Sync>>> {
        lock::hold(db, tables.iter().map(|table| self.quote_table(table))).await
    }

    fn history_table(&self, tracked: &Tracked) -> String {
        history::table(self, tracked)
    }

    fn history_indexes(&self, tracked: &Tracked) -> Vec<String> {
        history::indexes(self, tracked)
    }

    fn triggers(&self, tracked: &Tracked) -> Vec<Trigger> {
        triggers::triggers(self, tracked)
    }

    fn installed_triggers(&self, tracked: &Tracked) -> Statement {
        triggers::installed(tracked)
    }

    fn drop_trigger(&self, _tracked: &Tracked, trigger: &str) -> Vec<String> {
        vec![self.flavour.without_mode(&format!("DROP TRIGGER IF EXISTS {}", self.quote(trigger)))]
    }

    async fn carriers(&self, db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>> {
        shape::carriers(db, tracked).await
    }

    fn pause(&self, tracked: &Tracked, triggers: &[String]) -> Vec<String> {
        triggers.iter().flat_map(|trigger| self.drop_trigger(tracked, trigger)).collect()
    }

    fn alter_history(&self, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
        shape::alter_history(self, tracked, alteration)
    }

    fn is_done(&self, error: &DbErr) -> bool {
        shape::is_done(error)
    }

    fn guards(&self, tracked: &Tracked, exempt: Option<i64>) -> Vec<Trigger> {
        guard::guards(self, tracked, exempt)
    }

    fn is_guard(&self, trigger: &str) -> bool {
        guard::is_guard(trigger)
    }

    async fn connection_id(&self, db: &DatabaseConnection) -> Result<Option<i64>> {
        shape::connection_id(db).await.map(Some)
    }

    fn retype(&self, history: &TableName, from: &Column, to: &Column) -> Option<Retype> {
        shape::retype(self, history, from, to)
    }

    fn cast(&self, from: &Column, to: &Column, value: &str) -> Option<String> {
        shape::cast(from, to, value)
    }

    async fn migration_pool(&self, db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
        shape::migration_pool(db).await.map(Some)
    }

    async fn broken_references(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
        bundle::broken_references(self, db).await
    }

    async fn open_context(&self, txn: &DatabaseTransaction, context: &Context) -> Result<()> {
        context::open(self.flavour, txn, context).await
    }

    async fn close_context(&self, txn: &DatabaseTransaction, _context: &Context) -> Result<bool> {
        context::close(txn).await
    }

    fn begin_sealing(&self) -> Vec<String> {
        Vec::new()
    }

    fn place(&self, placings: &[Placing]) -> Statement {
        seal::place(placings)
    }

    fn supersede(&self, tracked: &Tracked, range: (i64, i64), seq: i64) -> Statement {
        seal::supersede(self, tracked, range, seq)
    }

    fn size(&self, value: &str) -> String {
        format!("LENGTH({value})")
    }

    fn remove_doomed(&self, tracked: &Tracked) -> String {
        // In this order, so that only those rows are locked, and no writer is waited for.
        let history = self.quote_table(&tracked.history);
        format!("DELETE h FROM dbvsg_doomed d STRAIGHT_JOIN {history} h ON h.vsg_id = d.vsg_id")
    }

    fn contains(&self, expression: &str, pattern: &str) -> String {
        format!("LOWER(CONVERT({expression} USING utf8mb4)) COLLATE utf8mb4_bin LIKE {pattern} ESCAPE '!'")
    }

    fn pattern(&self, text: &str) -> Option<String> {
        let literal = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        Some(format!("%{literal}%"))
    }

    fn forgets_moments(&self) -> bool {
        // The driver binds them as TIMESTAMP, and the server takes one that no TIMESTAMP can be for NULL, strict or not.
        true
    }

    fn returns_written(&self) -> bool {
        self.flavour == Flavour::MariaDb
    }

    fn returns_updated(&self) -> bool {
        false
    }

    fn only_defaults(&self) -> &'static str {
        "() VALUES ()"
    }

    fn unique_key(&self, table: &TableName, key: &str) -> Option<Statement> {
        Some(describe::unique_key(table, key))
    }

    fn differs(&self, column: &Column, a: &str, b: &str) -> String {
        triggers::differs(column, a, b)
    }

    fn is_sealed(&self, commit: &str) -> String {
        // A look into an index.
        format!("{commit} NOT IN (SELECT p.id FROM dbvsg_pending p)")
    }

    fn next_commit(&self) -> String {
        format!("CAST({} AS SIGNED)", self.flavour.next_change())
    }

    fn pending(&self, condition: &str, limit: usize) -> String {
        seal::pending(condition, limit)
    }

    fn take_pending(&self, commits: &[i64]) -> String {
        seal::take_pending(commits)
    }

    fn fresh_id(&self) -> (String, String) {
        ("vsg_id, ".into(), format!("{}, ", self.flavour.next_change()))
    }

    fn by_version(&self) -> &'static str {
        // For a DISTINCT of keys it would rather read the whole index on them than sort a few.
        " FORCE INDEX (PRIMARY)"
    }

    fn then_join(&self) -> &'static str {
        // Until the server has counted anew what a large write brought, it takes a key for one of two, and would begin with the
        // whole history.
        "STRAIGHT_JOIN"
    }

    fn next_ids(&self, count: usize) -> Option<Statement> {
        let one = format!("SELECT {} AS id", self.next_commit());
        Some(statement(vec![one; count].join(" UNION ALL ")))
    }

    fn copying(&self, sql: String) -> String {
        // A key of zero stays one.
        self.flavour.with_mode("NO_AUTO_VALUE_ON_ZERO", &sql)
    }

    fn character_set(&self) -> Option<&'static str> {
        Some("utf8mb4")
    }

    fn key_step(&self) -> &'static str {
        "CAST(@@SESSION.auto_increment_increment AS SIGNED)"
    }

    fn now(&self) -> &'static str {
        NOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKEND: MySql = MySql { flavour: Flavour::MariaDb, database: String::new() };

    #[test]
    fn a_name_is_quoted_whatever_it_holds() {
        assert_eq!(BACKEND.quote("a`b"), "`a``b`");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_and_stays_its_own() {
        let (a, b) = ("ö".repeat(65), format!("{}x", "ö".repeat(64)));
        assert_eq!(BACKEND.fit_name(&a[..128]), a[..128]);
        assert_eq!(BACKEND.fit_name(&a).chars().count(), NAME_LENGTH);
        assert_ne!(BACKEND.fit_name(&a), BACKEND.fit_name(&b));
    }
}
