//! Rows that came, went or changed, as `git diff` would show them.

use std::fmt::Write;

use dbvsg::{Conflict, Row, RowDiff, Table, Value, model::json};

use super::{ADDED, CHANGED, Paint, REMOVED, WEAK, harmless};

/// The longest value that is shown whole.
const LONGEST: usize = 120;

/// A row that is there now and was not.
pub(crate) fn added(table: &Table, key: &str, row: &Row) -> String {
    whole(ADDED, '+', table, key, row)
}

/// A row that was there and is not now.
pub(crate) fn removed(table: &Table, key: &str, row: &Row) -> String {
    whole(REMOVED, '-', table, key, row)
}

fn whole(paint: Paint, sign: char, table: &Table, key: &str, row: &Row) -> String {
    paint.paint(format_args!("{sign} {}  {}", harmless(key), fields(table, row)))
}

/// The values of a row beside its key; NULLs are left out.
fn fields(table: &Table, row: &Row) -> String {
    let shown = table
        .columns
        .iter()
        .zip(&row.values)
        .enumerate()
        .filter(|(position, (_, value))| !table.is_key(*position) && !value.is_null());
    shown
        .map(|(_, (column, stored))| format!("{}={}", harmless(&column.name), value(column, stored)))
        .collect::<Vec<_>>()
        .join("  ")
}

/// A row that is not what it was.
pub(crate) fn changed(table: &Table, key: &str, from: &Row, to: &Row) -> String {
    let mut text = CHANGED.paint(format_args!("~ {}", harmless(key)));
    for position in from.changed(to) {
        let column = &table.columns[position];
        let (old, new) = (value(column, &from.values[position]), value(column, &to.values[position]));
        _ = write!(text, "  {}: {} → {}", harmless(&column.name), REMOVED.paint(old), ADDED.paint(new));
    }
    text
}

/// A row that is not the same at two commits.
pub(crate) fn difference(table: &Table, row: &RowDiff) -> String {
    match row {
        RowDiff::Added { key, row } => added(table, &key.to_text(table), row),
        RowDiff::Removed { key, row } => removed(table, &key.to_text(table), row),
        RowDiff::Changed { key, from, to, .. } => changed(table, &key.to_text(table), from, to),
        _ => String::new(),
    }
}

/// A row that cannot be brought together.
pub(crate) fn conflict(table: &Table, conflict: &Conflict) -> String {
    let mut text = format!(
        "{} {} {}",
        REMOVED.paint("!"),
        harmless(&conflict.key.to_text(table)),
        WEAK.paint(format_args!(
            "({})",
            match conflict.kind {
                dbvsg::ConflictKind::ModifyModify => "changed to something else since",
                dbvsg::ConflictKind::ModifyDelete => "changed since, and to be deleted",
                dbvsg::ConflictKind::DeleteModify => "deleted since, and to be changed",
                dbvsg::ConflictKind::AddAdd => "added since as another row",
            }
        )),
    );
    for cell in &conflict.cells {
        let (base, ours, theirs) = (&cell.base, &cell.ours, &cell.theirs);
        _ = write!(text, "  {}: was {base}, is {ours}, to be {theirs}", harmless(&cell.column));
    }
    text
}

fn value(column: &dbvsg::Column, stored: &Value) -> String {
    if stored.is_null() {
        return "NULL".into();
    }
    let text = harmless(&json::to_text(column, stored));
    if text.chars().count() <= LONGEST {
        return if text.is_empty() { "''".into() } else { text };
    }
    let shown: String = text.chars().take(LONGEST).collect();
    format!("{shown}…")
}
