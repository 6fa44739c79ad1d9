//! One table: what history, triggers and catalog need to follow it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};

use super::{Refresh, ShapeChange, alter::shape, pair::pair, place};
use crate::{
    Error, Result,
    backend::{Alteration, Backend, Sql},
    capture,
    catalog::{self, Tracked},
    journal::drift::{broken_triggers, installed_triggers},
    model::{Table, TableName},
};

/// What has to be done for a table.
pub(super) struct Plan {
    /// The table as the catalog will know it.
    pub(super) followed: Tracked,
    pub(super) changes: Vec<ShapeChange>,
    /// What drops the triggers that it has, wherever it is by now.
    pub(super) drops: Vec<String>,
    /// What alters its history.
    pub(super) statements: Vec<String>,
    /// How many of these come before the one that changes more than types.
    pub(super) retyped: usize,
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

/// What it takes to follow a table to where it is and what it looks like now; none if there is nothing to follow. Its
/// writers are kept off already. `paused`: its triggers were put out of the way, so there is something in any case.
pub(super) async fn plan(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    (home, hints): (Option<TableName>, &Refresh),
    paused: bool,
) -> Result<Option<Plan>> {
    let db = DatabaseExecutor::Transaction(txn);
    let was_there = is_active(txn, backend, tracked).await?;
    let table = match home {
        Some(name) => backend.describe(&db, &name).await?,
        None => None,
    };
    let Some(table) = table else {
        let gone = Plan {
            followed: tracked.clone(),
            changes: vec![ShapeChange::TableDropped],
            drops: drops(txn, &db, backend, tracked, tracked).await?,
            statements: Vec::new(),
            retyped: 0,
            is_there: false,
        };
        return Ok(was_there.then_some(gone));
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
    let drops = drops(txn, &db, backend, tracked, &now).await?;
    let mut followed = tracked.clone();
    let (mut changes, mut alteration) = columns(txn, backend, &mut followed, (&table, &ids), hints).await?;
    if is_moved {
        changes.insert(0, ShapeChange::TableRenamed { from: tracked.name() });
        followed.history = history_name(&db, backend, tracked, &table.name).await?;
        alteration.moved = Some(followed.history.clone()).filter(|history| *history != tracked.history);
    }
    if !was_there {
        changes.insert(0, ShapeChange::TableReturned);
    }
    if changes.is_empty() && !paused {
        changes.push(ShapeChange::CaptureRestored);
    }
    followed.table = table;
    let statements = backend.alter_history(tracked, &alteration);
    Ok(Some(Plan { followed, changes, drops, statements, retyped: alteration.retyped.len(), is_there: true }))
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

/// What drops the capture triggers of a table wherever they are by now; what guards it stays.
async fn drops(
    txn: &DatabaseTransaction,
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    now: &Tracked,
) -> Result<Vec<String>> {
    let mut carriers = vec![now.clone()];
    for name in place::elsewhere(db, backend, tracked).await? {
        if name != now.table.name {
            carriers.push(Tracked { table: Table { name, ..tracked.table.clone() }, ..tracked.clone() });
        }
    }
    let mut drops = Vec::new();
    for carrier in &carriers {
        let installed = installed_triggers(txn, backend, carrier).await?.into_keys();
        for name in installed.filter(|name| !backend.is_guard(name)) {
            drops.extend(backend.drop_trigger(carrier, &name));
        }
    }
    Ok(drops)
}

/// History goes by the table's name, unless that name is taken.
async fn history_name(
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
    Ok(wanted)
}

/// What brings the columns of history and the policies to what the table's columns are.
async fn columns(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &mut Tracked,
    (table, ids): (&Table, &HashMap<String, String>),
    hints: &Refresh,
) -> Result<(Vec<ShapeChange>, Alteration)> {
    let pairs = pair(&tracked.known, table, ids, hints);
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
    // What must not be stored is not stored either when it comes back.
    let skip = tracked.skip.iter().map(|name| renamed(name).unwrap_or_else(|| name.clone())).collect();
    let ignore = tracked.ignore.iter().filter_map(renamed).collect();
    (tracked.soft_delete, tracked.skip, tracked.ignore) = (soft_delete, skip, ignore);
    let (known, changes, alteration) = shape(txn, backend, tracked, (table, ids), &pairs, &tracked.skip).await?;
    tracked.known = known;
    Ok((changes, alteration))
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

/// Writes down where a table is and what it looks like, or that it is gone. What its history says stays as it is.
/// `pending` are the statements through which its history has yet to go.
pub(super) async fn write(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    is_there: bool,
    pending: &[String],
) -> Result<()> {
    let list = |texts: &[String]| serde_json::Value::from(texts.to_vec()).to_string();
    let state = if is_there { "active" } else { "dropped" };
    let name = &tracked.table.name;
    let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET shape = shape + 1, state = ");
    sql.bind(state).push(", schema_name = ").bind(name.schema.clone()).push(", table_name = ").bind(name.name.as_str());
    sql.push(", history_name = ").bind(tracked.history.name.as_str());
    sql.push(", soft_delete = ").bind(tracked.soft_delete.clone());
    sql.push(", skip_columns = ").bind(list(&tracked.skip)).push(", ignore_columns = ").bind(list(&tracked.ignore));
    sql.push(", pending_ddl = ").bind((!pending.is_empty()).then(|| list(pending)));
    sql.push(" WHERE id = ").bind(tracked.id);
    sql.execute(txn).await?;
    catalog::write_columns(txn, backend, tracked.id, &tracked.known).await
}
