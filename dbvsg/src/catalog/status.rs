//! What can be said of a table without reading its rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseExecutor, QueryResult};
use serde::Serialize;

use super::{Catalog, Tracked};
use crate::{
    Result,
    backend::{Backend, Sql},
    model::time,
};

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
    /// How many rows it has, if it is tracked.
    pub rows: Option<i64>,
    /// How many versions of rows its history holds, deletions included, if it is tracked.
    pub versions: Option<i64>,
    /// Why it can't be tracked, if it can't.
    pub reason: Option<String>,
}

/// A table and what happened to it since it was enabled; all of it is NULL if it is not tracked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TableStatistics {
    /// Its name.
    pub table: String,
    /// Whether its changes are captured.
    pub tracked: bool,
    /// Its history table.
    pub history_table: Option<String>,
    /// When it was enabled.
    #[serde(serialize_with = "time::serialize_option")]
    pub enabled_at: Option<DateTime<Utc>>,
    /// How many rows it has, soft-deleted ones included.
    pub rows: Option<i64>,
    /// How many versions of rows its history holds: the sum of the next three, less what retention took away.
    pub versions: Option<i64>,
    /// Rows inserted, baseline rows included.
    pub inserts: Option<i64>,
    /// Rows updated, soft deletes and their undoing included.
    pub updates: Option<i64>,
    /// Rows deleted.
    pub deletes: Option<i64>,
    /// When it was first changed; its baseline is no change.
    #[serde(serialize_with = "time::serialize_option")]
    pub first_change: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(serialize_with = "time::serialize_option")]
    pub last_change: Option<DateTime<Utc>>,
    /// The room that its history and the history's indexes take; none if the database does not tell.
    pub history_bytes: Option<i64>,
}

impl TableStatistics {
    /// Those of a table that is not tracked.
    pub(crate) fn untracked(table: String) -> Self {
        Self {
            table,
            tracked: false,
            history_table: None,
            enabled_at: None,
            rows: None,
            versions: None,
            inserts: None,
            updates: None,
            deletes: None,
            first_change: None,
            last_change: None,
            history_bytes: None,
        }
    }
}

const INSERTS: &str = "x.baseline + x.inserted";
const UPDATES: &str = "x.updated + x.soft_deleted + x.restored";
const DELETES: &str = "x.deleted";

/// What is left of all of them.
fn left() -> String {
    const COUNTS: [&str; 6] = ["baseline", "inserted", "updated", "deleted", "soft_deleted", "restored"];
    let pruned = COUNTS.iter().map(|count| format!(" - x.pruned_{count}"));
    std::iter::once(format!("{INSERTS} + {UPDATES} + {DELETES}")).chain(pruned).collect()
}

fn sum(backend: &dyn Backend, counts: &str) -> String {
    backend.integer(&format!("coalesce(sum({counts}), 0)"))
}

/// All user tables with their status. Costs one query, and some six a table.
pub(crate) async fn statuses(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    catalog: &Catalog,
) -> Result<Vec<TableStatus>> {
    let counts = counts(db, backend).await?;
    let mut found = Vec::new();
    for name in backend.tables(db).await? {
        let tracked = catalog.of(&name);
        let reason = match backend.describe(db, &name).await? {
            Some(table) if tracked.is_none() => crate::capture::obstacle(&table),
            _ => None,
        };
        let counts = tracked.and_then(|tracked| counts.get(&tracked.id));
        found.push(TableStatus {
            table: name.to_string(),
            tracked: tracked.is_some(),
            history_table: tracked.map(|tracked| tracked.history.to_string()),
            rows: counts.map(|(rows, _)| *rows),
            versions: counts.map(|(_, versions)| *versions),
            reason,
        });
    }
    Ok(found)
}

/// The rows and versions of the tracked tables, by their ids. One query over what sealing counted.
async fn counts<C: ConnectionTrait>(db: &C, backend: &'static dyn Backend) -> Result<HashMap<i64, (i64, i64)>> {
    let versions = sum(backend, &left());
    let sql = format!(
        "SELECT t.id, t.live_rows, s.versions FROM dbvsg_table t LEFT JOIN \
         (SELECT x.table_id, {versions} AS versions FROM dbvsg_commit_table x GROUP BY x.table_id) s ON s.table_id = t.id \
         WHERE t.state = 'active'",
    );
    let read = |row: &QueryResult| {
        let versions = row.try_get::<Option<i64>>("", "versions")?.unwrap_or_default();
        Ok((row.try_get("", "id")?, (row.try_get("", "live_rows")?, versions)))
    };
    Sql::new(backend, sql).all(db).await?.iter().map(read).collect()
}

/// What happened to a tracked table. Two queries, one of them over what sealing counted; on SQLite the other reads the
/// pages of its history, which are not counted anywhere.
pub(crate) async fn statistics(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<TableStatistics> {
    let changed = format!("CASE WHEN x.inserted + {UPDATES} + {DELETES} > 0 THEN x.commit_id END");
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT t.enabled_at, t.live_rows, s.versions, s.inserts, s.updates, s.deletes, a.committed_at AS first_change, \
             b.committed_at AS last_change FROM dbvsg_table t CROSS JOIN (SELECT {} AS versions, {} AS inserts, {} AS updates, {} AS deletes, \
             min({changed}) AS first_id, max({changed}) AS last_id FROM dbvsg_commit_table x WHERE x.table_id = ",
            sum(backend, &left()),
            sum(backend, INSERTS),
            sum(backend, UPDATES),
            sum(backend, DELETES),
        ),
    );
    sql.bind(tracked.id).push(
        ") s LEFT JOIN dbvsg_commit a ON a.id = s.first_id LEFT JOIN dbvsg_commit b ON b.id = s.last_id WHERE t.id = ",
    );
    sql.bind(tracked.id);
    let mut found = TableStatistics {
        tracked: true,
        history_table: Some(tracked.history.to_string()),
        history_bytes: backend.table_bytes(db, &tracked.history).await?,
        ..TableStatistics::untracked(tracked.name())
    };
    if let Some(row) = sql.one(db).await? {
        let number = |name: &str| row.try_get::<Option<i64>>("", name);
        let moment = |name: &str| Ok::<_, crate::Error>(number(name)?.map(time::from_micros));
        let (inserts, updates, deletes) = (number("inserts")?, number("updates")?, number("deletes")?);
        found.enabled_at = moment("enabled_at")?;
        found.rows = number("live_rows")?;
        found.versions = number("versions")?;
        (found.inserts, found.updates, found.deletes) = (inserts, updates, deletes);
        (found.first_change, found.last_change) = (moment("first_change")?, moment("last_change")?);
    }
    Ok(found)
}
