use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, Statement, Value as Bound};

use crate::{
    Error, Result, Vsg,
    backend::Backend,
    catalog::{MAIN, Tracked},
    journal,
    model::{CommitId, Table, TableName},
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
pub(crate) fn obstacle(backend: &dyn Backend, table: &Table) -> Option<String> {
    if let Some(reason) = backend.untrackable(table) {
        return Some(reason);
    }
    if table.key.is_empty() {
        return Some("it has no primary key, so its rows have no identity; add one".into());
    }
    let taken = table.columns.iter().find(|column| column.name.to_ascii_lowercase().starts_with(OWN_COLUMNS))?;
    Some(format!("its column `{}` begins with `vsg_`, which history uses itself; rename it", taken.name))
}

/// Puts a table under version control: history table, baseline, triggers, in one transaction.
pub(crate) async fn enable(vsg: &Vsg, name: &str, policy: &Policy) -> Result<()> {
    let txn = super::txn::begin_write(vsg).await?;
    let db = DatabaseExecutor::Transaction(&txn);
    let backend = vsg.backend();
    let table_name = TableName::new(name);
    let unknown = || Error::UnknownTable { table: name.to_owned() };
    // Asked of the list, so that DBVSG's own tables and histories are no tables for anybody.
    if !backend.tables(&db).await?.contains(&table_name) {
        return Err(unknown());
    }
    if vsg.catalog_now(&db).await?.get(name).is_ok() {
        return Err(Error::AlreadyTracked { table: name.to_owned() });
    }
    let table = backend.describe(&db, &table_name).await?.ok_or_else(unknown)?;
    if let Some(reason) = obstacle(backend, &table) {
        return Err(Error::Untrackable { table: name.to_owned(), reason });
    }
    check_policy(&table, policy)?;
    journal::seal_within(&txn, vsg).await?;
    let tracked = install(&txn, backend, table, policy).await?;
    baseline(&txn, backend, &tracked).await?;
    for sql in backend.history_indexes(&tracked) {
        txn.execute_unprepared(&sql).await?;
    }
    for trigger in backend.triggers(&tracked) {
        txn.execute_unprepared(&trigger.sql).await?;
    }
    let catalog = vsg.catalog_now(&db).await?;
    journal::seal_tables_within(&txn, vsg, &catalog).await?;
    // The past of the table is known from its baseline on, or from now on if it had no rows.
    let sql =
        "UPDATE dbvsg_table SET since_seq = (SELECT coalesce(max(seq), 0) FROM dbvsg_commit) WHERE id = ".to_owned();
    txn.execute_raw(Statement::from_string(backend.builder(), format!("{sql}{}", tracked.id))).await?;
    let catalog = vsg.catalog_now(&db).await?;
    drop(db);
    txn.commit().await?;
    vsg.set_catalog(catalog);
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
async fn install(txn: &DatabaseTransaction, backend: &dyn Backend, table: Table, policy: &Policy) -> Result<Tracked> {
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
    let captured = table.columns.iter().map(|column| !policy.skip.contains(&column.name)).collect();
    let mut tracked = Tracked {
        id: 0,
        table,
        history,
        soft_delete: policy.soft_delete.clone(),
        skip: policy.skip.clone(),
        ignore: policy.ignore.clone(),
        captured,
        since: 0,
    };
    txn.execute_unprepared(&backend.history_table(&tracked)).await?;
    let list = |columns: &[String]| serde_json::Value::from(columns.to_vec()).to_string();
    let values: Vec<Bound> = vec![
        tracked.table.name.schema.clone().into(),
        tracked.table.name.name.clone().into(),
        tracked.history.name.clone().into(),
        tracked.soft_delete.clone().into(),
        list(&tracked.skip).into(),
        list(&tracked.ignore).into(),
        chrono::Utc::now().timestamp_micros().into(),
    ];
    let places: Vec<String> = (1..=values.len()).map(|position| backend.placeholder(position)).collect();
    let sql = format!(
        "INSERT INTO dbvsg_table (schema_name, table_name, history_name, soft_delete, skip_columns, ignore_columns, enabled_at, since_seq) \
         VALUES ({}, 0)",
        places.join(", "),
    );
    txn.execute_raw(Statement::from_sql_and_values(backend.builder(), sql, values)).await?;
    let row =
        txn.query_one_raw(Statement::from_string(backend.builder(), "SELECT max(id) AS id FROM dbvsg_table")).await?;
    tracked.id = row.map(|row| row.try_get("", "id")).transpose()?.unwrap_or_default();
    Ok(tracked)
}

/// Writes the rows that are there as the first versions, in one statement and one commit.
async fn baseline(txn: &DatabaseTransaction, backend: &dyn Backend, tracked: &Tracked) -> Result<()> {
    refuse_null_keys(txn, backend, tracked).await?;
    let table = backend.quote_table(&tracked.table.name);
    let any = format!("SELECT 1 AS one FROM {table} LIMIT 1");
    if txn.query_one_raw(Statement::from_string(backend.builder(), any)).await?.is_none() {
        return Ok(());
    }
    let places: Vec<String> = (1..=2).map(|position| backend.placeholder(position)).collect();
    let sql = format!(
        "INSERT INTO dbvsg_commit (uuid, branch_id, actor, operation, message, written_at) \
         VALUES ({}, {MAIN}, 'dbvsg', 'BASELINE', {}, {})",
        places[0],
        places[1],
        backend.now(),
    );
    let message = format!("{} enabled", tracked.name());
    let values: [Bound; 2] = [CommitId::random().to_string().into(), message.into()];
    txn.execute_raw(Statement::from_sql_and_values(backend.builder(), sql, values)).await?;
    let columns: Vec<String> = tracked.captured_columns().map(|column| backend.quote(&column.name)).collect();
    let key: Vec<String> = tracked.table.key_names().into_iter().map(|name| backend.quote(name)).collect();
    let columns = columns.join(", ");
    let sql = format!(
        "INSERT INTO {} ({columns}, vsg_branch, vsg_begin, vsg_op) \
         SELECT {columns}, {MAIN}, (SELECT max(id) FROM dbvsg_commit), 'baseline' FROM {table} ORDER BY {}",
        backend.quote_table(&tracked.history),
        key.join(", "),
    );
    txn.execute_unprepared(&sql).await?;
    Ok(())
}

async fn refuse_null_keys(txn: &DatabaseTransaction, backend: &dyn Backend, tracked: &Tracked) -> Result<()> {
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
