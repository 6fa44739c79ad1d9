//! One table: history, triggers and catalog follow it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};

use super::{Refresh, ShapeChange, alter::alter, pair::pair, place};
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    capture,
    catalog::{self, Tracked},
    journal::drift::{broken_triggers, installed_triggers},
    model::{Table, TableName},
};

/// What was done for a table.
pub(super) struct Followed {
    pub(super) id: i64,
    pub(super) table: TableName,
    pub(super) changes: Vec<ShapeChange>,
    /// Whether it is there, so that its rows can be compared with what history knows.
    pub(super) is_there: bool,
}

/// Whether the shape of a table or its triggers are not what they should be.
pub(super) async fn is_due(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<bool> {
    let ids = backend.column_ids(db, &tracked.table.name).await?;
    Ok(tracked.has_other_shape(&ids) || !broken_triggers(db, backend, tracked).await?.is_empty())
}

/// Follows a table to where it is and what it looks like now; none if there is nothing to follow. Its writers are kept off
/// already. `paused`: its triggers were put out of the way, so there is something in any case.
pub(super) async fn follow(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    (home, hints): (Option<TableName>, &Refresh),
    paused: bool,
) -> Result<Option<Followed>> {
    let db = DatabaseExecutor::Transaction(txn);
    let was_there = is_active(txn, backend, tracked).await?;
    let table = match home {
        Some(name) => backend.describe(&db, &name).await?,
        None => None,
    };
    let Some(table) = table else {
        if !was_there {
            return Ok(None);
        }
        uninstall(txn, &db, backend, tracked, tracked).await?;
        return gone(txn, backend, tracked).await.map(Some);
    };
    if let Some(reason) = capture::obstacle(&table) {
        return Err(Error::Unfollowable { table: table.name.to_string(), reason });
    }
    let now = Tracked { table: table.clone(), ..tracked.clone() };
    let ids = backend.column_ids(&db, &table.name).await?;
    let is_moved = table.name != tracked.table.name;
    let is_as_before = was_there && !is_moved && !now.has_other_shape(&ids);
    if is_as_before && !paused && broken_triggers(txn, backend, &now).await?.is_empty() {
        return Ok(None);
    }
    uninstall(txn, &db, backend, tracked, &now).await?;
    let mut changes = Vec::new();
    if !was_there {
        changes.push(ShapeChange::TableReturned);
    }
    let mut followed = tracked.clone();
    if is_moved {
        changes.push(ShapeChange::TableRenamed { from: tracked.name() });
        followed.history = rename_history(txn, &db, backend, tracked, &table.name).await?;
    }
    changes.extend(columns(txn, backend, &mut followed, (&table, &ids), hints).await?);
    followed.table = table;
    write(txn, backend, &followed).await?;
    if changes.is_empty() && !paused {
        changes.push(ShapeChange::CaptureRestored);
    }
    let whole = catalog::one(&db, backend, tracked.id).await?;
    for sql in backend.triggers(&whole).iter().flat_map(|trigger| &trigger.sql) {
        txn.execute_unprepared(sql).await?;
    }
    Ok(Some(Followed { id: tracked.id, table: whole.table.name, changes, is_there: true }))
}

/// Whether the table was there when it was last looked at.
pub(super) async fn is_active<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<bool> {
    let mut sql = Sql::new(backend, "SELECT state FROM dbvsg_table WHERE id = ");
    sql.bind(tracked.id);
    let state = sql.one(db).await?.map(|row| row.try_get::<String>("", "state")).transpose()?;
    Ok(state.as_deref() == Some("active"))
}

/// The table is not there any more. What its history says stays as it is.
async fn gone(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<Followed> {
    let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET state = 'dropped', shape = shape + 1 WHERE id = ");
    sql.bind(tracked.id);
    sql.execute(txn).await?;
    let table = tracked.table.name.clone();
    Ok(Followed { id: tracked.id, table, changes: vec![ShapeChange::TableDropped], is_there: false })
}

/// Drops the capture triggers of a table wherever they are by now.
async fn uninstall(
    txn: &DatabaseTransaction,
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    now: &Tracked,
) -> Result<()> {
    let mut carriers = vec![now.clone()];
    for name in place::elsewhere(db, backend, tracked).await? {
        if name != now.table.name {
            carriers.push(Tracked { table: Table { name, ..tracked.table.clone() }, ..tracked.clone() });
        }
    }
    for carrier in &carriers {
        for name in installed_triggers(txn, backend, carrier).await?.keys() {
            for sql in backend.drop_trigger(carrier, name) {
                txn.execute_unprepared(&sql).await?;
            }
        }
    }
    Ok(())
}

/// History goes by the table's name, unless that name is taken.
async fn rename_history(
    txn: &DatabaseTransaction,
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    table: &TableName,
) -> Result<TableName> {
    let suffix = tracked.policy().suffix.unwrap_or_else(|| "_history".into());
    let mut wanted =
        TableName { schema: table.schema.clone(), name: backend.fit_name(&format!("{}{suffix}", table.name)) };
    if backend.describe(db, &wanted).await?.is_some() {
        wanted.name.clone_from(&tracked.history.name);
    }
    for sql in backend.rename_history(tracked, &wanted) {
        txn.execute_unprepared(&sql).await?;
    }
    Ok(wanted)
}

/// Brings the columns of history and the policies to what the table's columns are.
async fn columns(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &mut Tracked,
    (table, ids): (&Table, &HashMap<String, String>),
    hints: &Refresh,
) -> Result<Vec<ShapeChange>> {
    let pairs = pair(&tracked.known, table, ids, hints)?;
    check_key(tracked, table, &pairs)?;
    let renamed = |name: &String| {
        let place = tracked.known.iter().position(|known| known.live.as_ref() == Some(name))?;
        let position = pairs.iter().position(|pair| *pair == Some(place))?;
        Some(table.columns[position].name.clone())
    };
    let soft_delete = tracked.soft_delete.as_ref().and_then(renamed);
    if let (Some(column), None, false) = (&tracked.soft_delete, &soft_delete, hints.without_soft_delete) {
        let reason = format!(
            "`{column}`, which marks its deleted rows, is gone; put it back, say what it is called now \
             (Refresh::renamed), or go on without (Refresh::without_soft_delete)"
        );
        return Err(Error::Unfollowable { table: table.name.to_string(), reason });
    }
    let (skip, ignore) =
        (tracked.skip.iter().filter_map(renamed).collect(), tracked.ignore.iter().filter_map(renamed).collect());
    (tracked.soft_delete, tracked.skip, tracked.ignore) = (soft_delete, skip, ignore);
    let (known, changes) = alter(txn, backend, tracked, (table, ids), &pairs, &tracked.skip).await?;
    tracked.known = known;
    Ok(changes)
}

/// Rows are told apart by their key: with another one, nobody could say which past is whose.
fn check_key(tracked: &Tracked, table: &Table, pairs: &[Option<usize>]) -> Result<()> {
    let mut before: Vec<(i64, usize)> = tracked
        .known
        .iter()
        .enumerate()
        .filter_map(|(place, known)| Some((known.key_rank.filter(|_| known.live.is_some())?, place)))
        .collect();
    before.sort_unstable();
    let before: Vec<Option<usize>> = before.into_iter().map(|(_, place)| Some(place)).collect();
    let now: Vec<Option<usize>> = table.key.iter().map(|&position| pairs[position]).collect();
    if before == now {
        return Ok(());
    }
    let reason = "its primary key is another one, so its rows cannot be told to be those of its history; put the old key back, say \
                  which columns were renamed (Refresh::renamed), or move the rows to another table and enable that"
        .into();
    Err(Error::Unfollowable { table: table.name.to_string(), reason })
}

/// Writes down where the table is and what it looks like.
async fn write(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
    let list = |columns: &[String]| serde_json::Value::from(columns.to_vec()).to_string();
    let name = &tracked.table.name;
    let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET state = 'active', shape = shape + 1, schema_name = ");
    sql.bind(name.schema.clone()).push(", table_name = ").bind(name.name.as_str());
    sql.push(", history_name = ").bind(tracked.history.name.as_str());
    sql.push(", soft_delete = ").bind(tracked.soft_delete.clone());
    sql.push(", skip_columns = ").bind(list(&tracked.skip)).push(", ignore_columns = ").bind(list(&tracked.ignore));
    sql.push(" WHERE id = ").bind(tracked.id);
    sql.execute(txn).await?;
    catalog::write_columns(txn, backend, tracked.id, &tracked.known).await
}
