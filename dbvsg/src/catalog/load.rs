use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseExecutor, QueryResult, Statement};
use serde::Serialize;

use super::Tracked;
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    model::TableName,
};

/// The tracked tables, by name. A cheap copy: it is replaced whole when a table is enabled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    tables: Arc<BTreeMap<TableName, Arc<Tracked>>>,
    stamp: Stamp,
}

/// What changes whenever the list of tracked tables does, in this program or another, or another backup takes its place.
type Stamp = (i64, i64, i64);

impl Catalog {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Tracked>> {
        self.tables.values()
    }

    /// The tracked table of this name (`table` or `schema.table`).
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Tracked>> {
        let found = self.tables.values().find(|tracked| tracked.name() == name);
        found.cloned().ok_or_else(|| Error::NotTracked { table: name.to_owned() })
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&Arc<Tracked>> {
        self.tables.values().find(|tracked| tracked.id == id)
    }
}

/// Whether the catalog still lists what the database does. One query.
pub(crate) async fn is_current(db: &DatabaseExecutor<'_>, backend: &dyn Backend, catalog: &Catalog) -> Result<bool> {
    Ok(stamp(db, backend).await? == catalog.stamp)
}

async fn stamp(db: &DatabaseExecutor<'_>, backend: &dyn Backend) -> Result<Stamp> {
    let sql = "SELECT count(*) AS n, coalesce(max(id), 0) AS last, coalesce(max(enabled_at), 0) AS at FROM dbvsg_table \
               WHERE state = 'active'";
    let row = db.query_one_raw(Statement::from_string(backend.builder(), sql)).await?;
    let read = row.map(|row| Ok::<_, Error>((row.try_get("", "n")?, row.try_get("", "last")?, row.try_get("", "at")?)));
    Ok(read.transpose()?.unwrap_or_default())
}

/// Reads the tracked tables with their shape now. Costs one query, and some six a table.
pub(crate) async fn load(db: &DatabaseExecutor<'_>, backend: &dyn Backend) -> Result<Catalog> {
    let rows = db
        .query_all_raw(Statement::from_string(
            backend.builder(),
            "SELECT * FROM dbvsg_table WHERE state = 'active' ORDER BY id",
        ))
        .await?;
    let stamp = stamp(db, backend).await?;
    let mut tables = BTreeMap::new();
    for row in &rows {
        if let Some(tracked) = tracked(db, backend, row).await? {
            tables.insert(tracked.table.name.clone(), Arc::new(tracked));
        }
    }
    Ok(Catalog { tables: Arc::new(tables), stamp })
}

/// A table that somebody began to enable.
pub(crate) struct HalfDone {
    pub(crate) id: i64,
    pub(crate) history: TableName,
    /// What it would have become, if its history was made.
    pub(crate) tracked: Option<Tracked>,
}

/// The tables that are being enabled, or were left half-way.
pub(crate) async fn half_done(db: &DatabaseExecutor<'_>, backend: &'static dyn Backend) -> Result<Vec<HalfDone>> {
    let rows = Sql::new(backend, "SELECT * FROM dbvsg_table WHERE state = 'enabling'").all(db).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(HalfDone {
            id: row.try_get("", "id")?,
            history: TableName { schema: row.try_get("", "schema_name")?, name: row.try_get("", "history_name")? },
            tracked: tracked(db, backend, row).await?,
        });
    }
    Ok(found)
}

async fn tracked(db: &DatabaseExecutor<'_>, backend: &dyn Backend, row: &QueryResult) -> Result<Option<Tracked>> {
    let schema: Option<String> = row.try_get("", "schema_name")?;
    let name = TableName { schema: schema.clone(), name: row.try_get("", "table_name")? };
    let history = TableName { schema, name: row.try_get("", "history_name")? };
    let (table, stored) = (backend.describe(db, &name).await?, backend.describe(db, &history).await?);
    let (Some(table), Some(stored)) = (table, stored) else {
        tracing::error!(table = %name, history = %history, "a tracked table or its history is missing from the database");
        return Ok(None);
    };
    let list = |column: &str| -> Result<Vec<String>> {
        let text: String = row.try_get("", column)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Corrupted { detail: format!("dbvsg_table.{column}: {error}") })
    };
    let captured = table.columns.iter().map(|column| stored.column(&column.name).is_some()).collect();
    Ok(Some(Tracked {
        id: row.try_get("", "id")?,
        table,
        history,
        soft_delete: row.try_get("", "soft_delete")?,
        skip: list("skip_columns")?,
        ignore: list("ignore_columns")?,
        captured,
        since: row.try_get("", "since_seq")?,
    }))
}

/// A table of the database and what DBVSG knows of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TableStatus {
    /// Its name.
    pub table: String,
    /// Whether its changes are captured.
    pub tracked: bool,
    /// Its history table, if it is tracked.
    pub history_table: Option<String>,
    /// Why it can't be tracked, if it can't.
    pub reason: Option<String>,
}

/// All user tables with their status. Costs some six queries a table.
pub(crate) async fn statuses(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    catalog: &Catalog,
) -> Result<Vec<TableStatus>> {
    let mut found = Vec::new();
    for name in backend.tables(db).await? {
        let tracked = catalog.tables.get(&name);
        let reason = match backend.describe(db, &name).await? {
            Some(table) if tracked.is_none() => crate::capture::obstacle(&table),
            _ => None,
        };
        found.push(TableStatus {
            table: name.to_string(),
            tracked: tracked.is_some(),
            history_table: tracked.map(|tracked| tracked.history.to_string()),
            reason,
        });
    }
    Ok(found)
}
