//! What an operation answers.

use dbvsg::{Applied, ApplyOptions, Conflict, Preview, Table, model::json as stored};
use poem::http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::call::Kind;
use crate::{
    call::Call,
    problem::Problem,
    reply::{self, Reply},
    routes::{compared::Kind as Difference, shown},
};

/// 200, or 409 where rows cannot be brought together and it was not only asked for.
pub(super) async fn answer(call: &Call, kind: Kind, applied: &Applied, options: &ApplyOptions) -> Reply {
    let mut conflicts = Vec::with_capacity(applied.conflicts.len());
    for found in &applied.conflicts {
        conflicts.push(conflict(&call.vsg().tracked(&found.table).await?.table, found));
    }
    if !conflicts.is_empty() && !options.dry_run {
        let count = conflicts.len();
        let detail = format!("{count} row(s) were changed to something else since; nothing was changed");
        return Err(Problem::new(StatusCode::CONFLICT, "conflicts", "Conflicts", detail).conflicts(conflicts));
    }
    let mut previews = Map::new();
    for found in &applied.preview {
        previews.insert(found.table.clone(), preview(&call.vsg().tracked(&found.table).await?.table, found));
    }
    let shown = reply::ok(&json!({
        "commit": applied.commit,
        "operation": applied.operation,
        "changes": applied.changes,
        "conflicts": conflicts,
        "preview": previews,
        "notes": applied.notes,
    }))?;
    let made = applied.commit.filter(|_| kind != Kind::Restore);
    Ok(reply::committed(shown, made))
}

/// The first rows of a table, as a diff has them.
fn preview(table: &Table, preview: &Preview) -> Json {
    let of = |kind: Difference| preview.rows.iter().filter_map(|row| kind.show(table, row)).collect::<Vec<Json>>();
    json!({"added": of(Difference::Added), "removed": of(Difference::Removed), "changed": of(Difference::Changed)})
}

fn conflict(table: &Table, conflict: &Conflict) -> Json {
    let names = table.key_names().into_iter();
    let columns = table.key_columns().zip(&conflict.key.0).map(|(column, value)| stored::encode(column, value));
    json!({
        "id": format!("{}:{}", conflict.table, conflict.key.to_text(table)),
        "table": conflict.table,
        "pk": names.map(str::to_owned).zip(columns).collect::<Map<String, Json>>(),
        "kind": conflict.kind,
        "cells": conflict.cells,
        "base_row": shown::row(table, conflict.base.as_ref()),
        "our_row": shown::row(table, conflict.ours.as_ref()),
        "their_row": shown::row(table, conflict.theirs.as_ref()),
    })
}
