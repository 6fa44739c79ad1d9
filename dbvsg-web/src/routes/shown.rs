//! The JSON forms of what several calls answer.

use dbvsg::{Change, Row, Table, Value, Version, model::json as stored, model::time};
use serde_json::{Map, Value as Json, json};

use crate::server::Shared;

/// A row, or nothing.
pub(super) fn row(table: &Table, row: Option<&Row>) -> Json {
    row.map_or(Json::Null, |row| stored::encode_row(table, row).into())
}

/// A change, as the audit lists it.
pub(super) fn change(shared: &Shared, table: &Table, change: &Change) -> Json {
    json!({
        "id": format!("{}:{}", change.table, change.id),
        "timestamp": time::to_text(change.at),
        "component": shared.component_of(&change.table),
        "record_id": change.key.to_text(table),
        "operation": change.op.shown(),
        "actor": change.actor,
        "commit": change.commit,
        "message": change.message,
        "before": row(table, change.before.as_ref()),
        "after": row(table, change.after.as_ref()),
    })
}

/// A version of a row, as its history lists it.
pub(super) fn version(table: &Table, version: &Version) -> Json {
    let change = &version.change;
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let changed: Vec<&str> = differing(table, before, after).map(|(name, _, _)| name).collect();
    json!({
        "version": version.version,
        "commit": change.commit,
        "operation": change.op.shown(),
        "actor": change.actor,
        "message": change.message,
        "at": time::to_text(change.at),
        "before": row(table, before),
        "after": row(table, after),
        "changed": changed,
        "tags": version.tags,
        "comments": version.comments,
    })
}

/// The columns in which two states of a row differ, with the values on either side. Where the row is absent, all are NULL.
pub(super) fn differing<'a>(
    table: &'a Table,
    from: Option<&'a Row>,
    to: Option<&'a Row>,
) -> impl Iterator<Item = (&'a str, Json, Json)> + 'a {
    table.columns.iter().enumerate().filter_map(move |(position, column)| {
        let value = |row: Option<&'a Row>| row.map_or(&Value::Null, |row| &row.values[position]);
        let (a, b) = (value(from), value(to));
        (!a.same(b)).then(|| (column.name.as_str(), stored::encode(column, a), stored::encode(column, b)))
    })
}

/// [`differing`] as a JSON object.
pub(super) fn fields(table: &Table, from: Option<&Row>, to: Option<&Row>) -> Map<String, Json> {
    differing(table, from, to).map(|(name, from, to)| (name.to_owned(), json!({"from": from, "to": to}))).collect()
}
