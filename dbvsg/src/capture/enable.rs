use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, Statement, Value as Bound};

use super::stepwise;
use crate::{
    Error, Result, Vsg,
    backend::{Backend, Sql},
    catalog::{self, KnownColumn, MAIN, Tracked},
    history,
    journal::{self, View},
    model::{Author, CommitId, Table, TableName},
};

/// How a table's columns are treated.
///
/// ```
/// let policy = dbvsg::Policy::default().soft_delete("deleted_at").skip("password").ignore("last_seen");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// What is added to the table's name to name its history; `_history` by default.
    pub suffix: Option<String>,
    /// The column that marks a row as deleted while it is not NULL.
    pub soft_delete: Option<String>,
    /// Columns that are never stored. The past shows NULL in their place.
    pub skip: Vec<String>,
    /// Columns that are stored, but whose change alone makes no version.
    pub ignore: Vec<String>,
}

impl Policy {
    /// Names the history table by another suffix.
    #[must_use]
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Names the column that marks a row as deleted.
    #[must_use]
    pub fn soft_delete(mut self, column: impl Into<String>) -> Self {
        self.soft_delete = Some(column.into());
        self
    }

    /// Never stores this column.
    #[must_use]
    pub fn skip(mut self, column: impl Into<String>) -> Self {
        self.skip.push(column.into());
        self
    }

    /// Makes no version when only this column changes.
    #[must_use]
    pub fn ignore(mut self, column: impl Into<String>) -> Self {
        self.ignore.push(column.into());
        self
    }
}

/// The names of the columns that DBVSG adds to history.
const OWN_COLUMNS: &str = "vsg_";

/// Why this table can't be tracked, or nothing.
pub(crate) fn obstacle(table: &Table) -> Option<String> {
    if let Some(reason) = &table.obstacle {
        return Some(reason.clone());
    }
    if table.key.is_empty() {
        return Some("it has no primary key, so its rows have no identity; add one".into());
    }
    let taken = table.columns.iter().find(|column| column.name.to_ascii_lowercase().starts_with(OWN_COLUMNS))?;
    Some(format!("its column `{}` begins with `vsg_`, which history uses itself; rename it", taken.name))
}

/// Puts tables under version control: history tables, one baseline, triggers, in one transaction where the engine can. Returns
/// the commit of the baseline.
pub(crate) async fn enable(vsg: &Vsg, author: &Author, names: &[&str], policy: &Policy) -> Result<Option<CommitId>> {
    let backend = vsg.backend();
    if !backend.transactional_ddl() {
        return stepwise::enable(vsg, author, names, policy).await;
    }
    let txn = super::txn::begin_write(vsg.db(), backend.latest()).await?;
    let commit = enable_within(&txn, vsg, author, names, policy).await?;
    let catalog = vsg.catalog_now(&DatabaseExecutor::Transaction(&txn)).await?;
    txn.commit().await?;
    vsg.set_catalog(catalog);
    Ok(commit)
}

/// The same inside a transaction, where DDL can be part of one.
pub(crate) async fn enable_within(
    txn: &DatabaseTransaction,
    vsg: &Vsg,
    author: &Author,
    names: &[&str],
    policy: &Policy,
) -> Result<Option<CommitId>> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Transaction(txn));
    let tables = trackable(vsg, &db, names, policy).await?;
    for lock in tables.iter().filter_map(|table| backend.lock_table(&table.name)) {
        txn.execute_unprepared(&lock).await?;
    }
    refuse_tracked(vsg, &db, names).await?;
    journal::seal_within(txn, vsg, View::Own).await?;
    history::expect_head(txn, backend, None, author.expected_parent.as_ref()).await?;
    let mut enabled = Vec::with_capacity(tables.len());
    for table in tables {
        enabled.push(install(txn, backend, table, policy).await?);
    }
    let commit = baseline(txn, backend, author, &enabled).await?;
    for tracked in &enabled {
        arm(txn, backend, tracked).await?;
    }
    activate(txn, vsg, &enabled).await?;
    Ok(commit)
}

/// The tables of these names, if they can be tracked with this policy.
pub(super) async fn trackable(
    vsg: &Vsg,
    db: &DatabaseExecutor<'_>,
    names: &[&str],
    policy: &Policy,
) -> Result<Vec<Table>> {
    let backend = vsg.backend();
    // Asked of the list, so that DBVSG's own tables and histories are no tables for anybody.
    let listed = backend.tables(db).await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        let unknown = || Error::UnknownTable { table: (*name).to_owned() };
        let found = listed.iter().find(|table| table.to_string() == *name).ok_or_else(unknown)?;
        let table = backend.describe(db, found).await?.ok_or_else(unknown)?;
        if let Some(reason) = obstacle(&table) {
            return Err(Error::Untrackable { table: (*name).to_owned(), reason });
        }
        check_policy(&table, policy)?;
        tables.push(table);
    }
    Ok(tables)
}

/// Refuses tables that are tracked already.
pub(super) async fn refuse_tracked(vsg: &Vsg, db: &DatabaseExecutor<'_>, names: &[&str]) -> Result<()> {
    let catalog = vsg.catalog_now(db).await?;
    match names.iter().find(|name| catalog.get(name).is_ok()) {
        Some(name) => Err(Error::AlreadyTracked { table: (*name).to_owned() }),
        None => Ok(()),
    }
}

/// Makes what reads and fills a history fast, and what fills it.
pub(super) async fn arm(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
    for sql in backend.history_indexes(tracked) {
        txn.execute_unprepared(&sql).await?;
    }
    for sql in backend.triggers(tracked).iter().flat_map(|trigger| &trigger.sql) {
        txn.execute_unprepared(sql).await?;
    }
    Ok(())
}

/// Seals the baseline and makes the tables some of the tracked. Their past is known from the baseline on, or from now on if
/// they had no rows.
pub(super) async fn activate(txn: &DatabaseTransaction, vsg: &Vsg, enabled: &[Tracked]) -> Result<()> {
    let backend = vsg.backend();
    let set = |what: &str| {
        let mut sql = Sql::new(backend, format!("UPDATE dbvsg_table SET {what} WHERE id IN ("));
        sql.bind_all(enabled.iter().map(|tracked| tracked.id)).push(")");
        sql
    };
    set("state = 'active'").execute(txn).await?;
    journal::seal_within(txn, vsg, View::Own).await?;
    // MySQL cannot read a table in the statement that writes to it, but this reads another.
    set("since_seq = (SELECT coalesce(max(seq), 0) FROM dbvsg_commit)").execute(txn).await?;
    Ok(())
}

fn check_policy(table: &Table, policy: &Policy) -> Result<()> {
    let named = policy.soft_delete.iter().chain(&policy.skip).chain(&policy.ignore);
    for column in named {
        let Some(position) = table.position(column) else {
            return Err(Error::UnknownColumn { table: table.name.to_string(), column: column.clone() });
        };
        if table.is_key(position) {
            let reason =
                format!("`{column}` belongs to the primary key, which is always stored; take it out of the policy");
            return Err(Error::Untrackable { table: table.name.to_string(), reason });
        }
    }
    if let Some(column) = policy.soft_delete.iter().find(|column| policy.skip.contains(column)) {
        let reason = format!("`{column}` marks deleted rows, so it cannot be skipped");
        return Err(Error::Untrackable { table: table.name.to_string(), reason });
    }
    Ok(())
}

/// Creates the history table and notes the table in the catalog.
pub(super) async fn install(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    table: Table,
    policy: &Policy,
) -> Result<Tracked> {
    let db = DatabaseExecutor::Transaction(txn);
    let suffix = policy.suffix.as_deref().unwrap_or("_history");
    let history = TableName {
        schema: table.name.schema.clone(),
        name: backend.fit_name(&format!("{}{suffix}", table.name.name)),
    };
    if suffix.is_empty() || backend.describe(&db, &history).await?.is_some() {
        let reason = format!("the name `{history}` of its history is taken; choose another suffix");
        return Err(Error::Untrackable { table: table.name.to_string(), reason });
    }
    let known = KnownColumn::all(&table, &policy.skip, &backend.column_ids(&db, &table.name).await?);
    let mut tracked = Tracked::bare(0, table, history);
    tracked.captured = tracked.table.columns.iter().map(|column| !policy.skip.contains(&column.name)).collect();
    tracked.soft_delete.clone_from(&policy.soft_delete);
    tracked.skip.clone_from(&policy.skip);
    tracked.ignore.clone_from(&policy.ignore);
    tracked.known = known;
    tracked.id = note(txn, backend, &tracked).await?;
    catalog::write_columns(txn, backend, tracked.id, &tracked.known).await?;
    txn.execute_unprepared(&backend.history_table(&tracked)).await?;
    Ok(tracked)
}

/// Writes the table into the catalog, not active yet. Returns its id.
async fn note(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<i64> {
    let list = |columns: &[String]| serde_json::Value::from(columns.to_vec()).to_string();
    let name = &tracked.table.name;
    let values: Vec<Bound> = vec![
        name.schema.clone().into(),
        name.name.clone().into(),
        tracked.history.name.clone().into(),
        tracked.soft_delete.clone().into(),
        list(&tracked.skip).into(),
        list(&tracked.ignore).into(),
        chrono::Utc::now().timestamp_micros().into(),
    ];
    let mut sql = Sql::new(
        backend,
        "INSERT INTO dbvsg_table (schema_name, table_name, history_name, soft_delete, skip_columns, ignore_columns, enabled_at, \
         since_seq, state) VALUES (",
    );
    sql.bind_all(values).push(", 0, 'enabling')");
    sql.execute(txn).await?;
    let mut sql = Sql::new(backend, "SELECT max(id) AS id FROM dbvsg_table WHERE table_name = ");
    sql.bind(name.name.as_str())
        .push(" AND coalesce(schema_name, '') = ")
        .bind(name.schema.clone().unwrap_or_default());
    Ok(sql.one(txn).await?.map(|row| row.try_get("", "id")).transpose()?.unwrap_or_default())
}

/// Writes the rows that are there as the first versions, in one statement a table and one commit. Returns it, if there are
/// any.
pub(super) async fn baseline(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    author: &Author,
    enabled: &[Tracked],
) -> Result<Option<CommitId>> {
    let mut filled = Vec::with_capacity(enabled.len());
    for tracked in enabled {
        refuse_null_keys(txn, backend, tracked).await?;
        let any = format!("SELECT 1 AS one FROM {} LIMIT 1", backend.quote_table(&tracked.table.name));
        if txn.query_one_raw(Statement::from_string(backend.builder(), any)).await?.is_some() {
            filled.push(tracked);
        }
    }
    if filled.is_empty() {
        return Ok(None);
    }
    let message = author.message.clone().unwrap_or_else(|| match enabled {
        [one] => format!("{} enabled", one.name()),
        several => format!("{} tables enabled", several.len()),
    });
    let author = author.clone().because(message);
    let commit = journal::open(txn, backend, author, "BASELINE").await?;
    for tracked in filled {
        txn.execute_unprepared(&first_versions(backend, tracked, commit.id)).await?;
    }
    Ok(Some(commit.uuid))
}

/// The statement that makes the rows of a table its first versions.
fn first_versions(backend: &dyn Backend, tracked: &Tracked, commit: i64) -> String {
    let columns: Vec<String> = tracked.captured_columns().map(|column| backend.quote(&column.name)).collect();
    let each = |names: &[String]| names.iter().map(|name| format!("l.{name}")).collect::<Vec<_>>().join(", ");
    let (column, fresh) = backend.fresh_id();
    backend.copying(format!(
        "INSERT INTO {} ({}, {column}vsg_branch, vsg_begin, vsg_op) \
         SELECT {}, {fresh}{MAIN}, {commit}, 'baseline' FROM {} l ORDER BY {}",
        backend.quote_table(&tracked.history),
        columns.join(", "),
        each(&columns),
        backend.quote_table(&tracked.table.name),
        each(&tracked.quoted_key(backend)),
    ))
}

async fn refuse_null_keys(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
    let nullable = tracked.table.key_columns().filter(|column| column.nullable);
    let missing: Vec<String> = nullable.map(|column| format!("{} IS NULL", backend.quote(&column.name))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let table = backend.quote_table(&tracked.table.name);
    let sql = format!("SELECT 1 AS one FROM {table} WHERE {} LIMIT 1", missing.join(" OR "));
    match txn.query_one_raw(Statement::from_string(backend.builder(), sql)).await? {
        None => Ok(()),
        Some(_) => Err(Error::Untrackable {
            table: tracked.name(),
            reason: "some of its rows have NULL in the primary key, so they have no identity; fill it in".into(),
        }),
    }
}
