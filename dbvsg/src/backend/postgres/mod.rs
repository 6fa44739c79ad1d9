//! PostgreSQL 15 and newer.

mod apply;
mod bundle;
mod capture;
mod catalog;
mod context;
mod decode;
mod describe;
pub(super) mod failure;
mod history;
mod seal;
mod shape;
mod triggers;
mod types;

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use futures_util::stream::BoxStream;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult,
    Statement,
};
use sha2::{Digest, Sha256};

use super::{Alteration, Backend, Context, Placing, Retype, Trigger, Writers, fetch::fetch};
use crate::{
    Error, Result,
    catalog::Tracked,
    model::{Column, Hash, Table, TableName, Value},
};

/// The time now in microseconds. A double has room for them until the year 2255; `extract` would count in decimals.
const NOW: &str =
    "(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint";

/// Makes values that come as text the same whatever the session or the role are set to.
const READ_EXACTLY: &str = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; \
     SET LOCAL extra_float_digits = 1; SET LOCAL lc_monetary = 'C'; SET LOCAL xmlbinary = 'base64'";

/// How long a name can be, in bytes.
const NAME_LENGTH: usize = 63;

/// The schema that holds the catalog: triggers run under the search path of whoever writes, so they name it.
#[derive(Debug)]
pub(super) struct Postgres {
    schema: String,
}

/// The backends by schema: they are handed out for ever, and a program knows few schemas.
static KNOWN: LazyLock<Mutex<HashMap<String, &'static Postgres>>> = LazyLock::new(Mutex::default);

/// The backend of a connection, whose catalog is in the first schema of the connection's search path.
pub(super) async fn of(db: &DatabaseConnection) -> Result<&'static dyn Backend> {
    let sql = "SELECT current_schema()::text AS here, (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n \
               ON n.oid = c.relnamespace WHERE c.oid = to_regclass('dbvsg_commit')) AS there, current_setting('server_version_num')::int \
               AS version";
    let row = db.query_one_raw(statement(sql)).await?;
    let row = row.ok_or_else(|| Error::Corrupted { detail: "SELECT gave no row".into() })?;
    let unsupported = |reason: String| Err(Error::UnsupportedDatabase { reason });
    if row.try_get::<i32>("", "version")? < 150_000 {
        return unsupported("PostgreSQL 15 or newer is needed".into());
    }
    let Some(here) = row.try_get::<Option<String>>("", "here")? else {
        return unsupported("no schema of the connection's search_path exists; create one, or set another path".into());
    };
    let there: Option<String> = row.try_get("", "there")?;
    if let Some(there) = there.filter(|there| *there != here) {
        return unsupported(format!(
            "its tables dbvsg_* are in the schema `{there}`, but the connection's search_path begins with `{here}`; let it begin \
             with `{there}`, as by ?options=-csearch_path={there}"
        ));
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(*known.entry(here.clone()).or_insert_with(|| Box::leak(Box::new(Postgres { schema: here }))))
}

fn statement(sql: impl Into<String>) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

impl Postgres {
    /// A table's whole name, which means the same under any search path.
    fn whole_name(&self, table: &TableName) -> String {
        let schema = table.schema.as_deref().unwrap_or(&self.schema);
        format!("{}.{}", self.quote(schema), self.quote(&table.name))
    }

    /// Something of DBVSG's own.
    fn own(&self, name: &str) -> String {
        format!("{}.{}", self.quote(&self.schema), self.quote(name))
    }
}

#[async_trait::async_trait]
impl Backend for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn builder(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn writers(&self) -> Writers {
        Writers::Many
    }

    fn transactional_ddl(&self) -> bool {
        true
    }

    fn latest(&self) -> Option<IsolationLevel> {
        Some(IsolationLevel::ReadCommitted)
    }

    fn snapshot(&self) -> Option<IsolationLevel> {
        Some(IsolationLevel::RepeatableRead)
    }

    fn quote(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }

    fn fit_name(&self, stem: &str) -> String {
        if stem.len() <= NAME_LENGTH {
            return stem.to_owned();
        }
        let hash = Hash(Sha256::digest(stem.as_bytes()).into()).to_string();
        let cut = (0..=NAME_LENGTH - 9).rev().find(|&cut| stem.is_char_boundary(cut)).unwrap_or_default();
        format!("{}_{}", &stem[..cut], &hash[..8])
    }

    fn default_schemas(&self) -> Vec<String> {
        vec![self.schema.clone()]
    }

    fn views(&self) -> Statement {
        statement(
            "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'",
        )
    }

    fn placeholder(&self, position: usize) -> String {
        format!("${position}")
    }

    fn parameter(&self, column: &Column, placeholder: &str) -> String {
        types::parameter(column, placeholder)
    }

    fn project(&self, column: &Column, expression: &str) -> String {
        if types::is_native(column) { expression.to_owned() } else { format!("{expression}::text") }
    }

    fn null(&self, column: &Column) -> String {
        format!("CAST(NULL AS {})", column.declared)
    }

    fn integer(&self, expression: &str) -> String {
        format!("({expression})::bigint")
    }

    fn decode(&self, row: &QueryResult, index: usize) -> Result<Value> {
        decode::decode(row, index)
    }

    fn fetch(&self, db: &DatabaseConnection, sql: String) -> BoxStream<'static, Result<QueryResult>> {
        fetch(db.get_postgres_connection_pool().clone(), sql)
    }

    fn catalog_support(&self) -> Vec<String> {
        catalog::support(self)
    }

    async fn tables(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
        describe::tables(self, db).await
    }

    async fn describe(&self, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
        describe::describe(self, db, name).await
    }

    async fn table_bytes(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Option<i64>> {
        describe::bytes(self, db, table).await
    }

    fn lock_table(&self, table: &TableName) -> Option<String> {
        // The mode that CREATE TRIGGER takes: readers go on.
        Some(format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self.whole_name(table)))
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
        triggers::installed(self, tracked)
    }

    fn drop_trigger(&self, tracked: &Tracked, trigger: &str) -> Vec<String> {
        triggers::drop(self, tracked, trigger)
    }

    async fn column_ids(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<HashMap<String, String>> {
        shape::column_ids(self, db, table).await
    }

    async fn carriers(&self, db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>> {
        shape::carriers(self, db, tracked).await
    }

    fn pause(&self, tracked: &Tracked, triggers: &[String]) -> Vec<String> {
        shape::pause(self, tracked, triggers)
    }

    fn alter_history(&self, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
        shape::alter_history(self, tracked, alteration)
    }

    fn collation_decides(&self) -> bool {
        false
    }

    fn retype(&self, history: &TableName, from: &Column, to: &Column) -> Option<Retype> {
        shape::retype(self, history, from, to)
    }

    fn cast(&self, from: &Column, to: &Column, value: &str) -> Option<String> {
        Some(shape::cast(self, from, to, value))
    }

    async fn open_context(&self, _txn: &DatabaseTransaction, _context: &Context) -> Result<()> {
        // The commit is signed when it ends, which saves a round trip.
        Ok(())
    }

    async fn close_context(&self, txn: &DatabaseTransaction, context: &Context) -> Result<bool> {
        context::close(txn, context).await
    }

    fn exact(&self) -> Vec<String> {
        vec![READ_EXACTLY.into()]
    }

    fn begin_sealing(&self) -> Vec<String> {
        // What is hashed is read as text.
        self.exact()
    }

    fn place(&self, placings: &[Placing]) -> Statement {
        seal::place(placings)
    }

    fn supersede(&self, tracked: &Tracked, range: (i64, i64), seq: i64) -> Statement {
        seal::supersede(self, tracked, range, seq)
    }

    fn size(&self, value: &str) -> String {
        format!("pg_column_size({value})")
    }

    fn contains(&self, expression: &str, pattern: &str) -> String {
        format!("CAST({expression} AS text) ILIKE {pattern}")
    }

    fn pattern(&self, text: &str) -> Option<String> {
        // No text of PostgreSQL holds it, nor can a query.
        let is_possible = !text.contains('\0');
        is_possible.then(|| format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")))
    }

    fn comparable(&self, column: &Column, expression: &str) -> String {
        if types::has_order(column) { expression.to_owned() } else { format!("CAST({expression} AS text)") }
    }

    fn sorts_null_first(&self) -> bool {
        false
    }

    fn differs(&self, _column: &Column, a: &str, b: &str) -> String {
        capture::differ(std::iter::once((a.to_owned(), b.to_owned())))
    }

    fn key_given(&self, table: &TableName, column: &str, key: i64) -> Option<Statement> {
        // Who may not set the counter is no worse off than without us.
        let sql = "SELECT setval(s, $3) FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS s) x WHERE s IS NOT NULL \
                   AND has_sequence_privilege(s, 'UPDATE') AND $3 > coalesce(pg_sequence_last_value(s), 0)";
        let values = [self.whole_name(table).into(), column.into(), key.into()];
        Some(Statement::from_sql_and_values(DbBackend::Postgres, sql, values))
    }

    fn next_commit(&self) -> String {
        format!("nextval('{}')", self.own("dbvsg_change").replace('\'', "''"))
    }

    fn next_ids(&self, count: usize) -> Option<Statement> {
        let sql = format!("SELECT {} AS id FROM generate_series(1, $1)", self.next_commit());
        Some(Statement::from_sql_and_values(DbBackend::Postgres, sql, [(count as i64).into()]))
    }

    fn now(&self) -> &'static str {
        NOW
    }
}
