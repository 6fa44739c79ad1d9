use super::Sqlite;
use crate::{backend::Backend, catalog::Tracked, model::Column};

/// The table's columns with their own types, all nullable, and what versions need. `vsg_id` is the rowid, so the key's
/// index ends in it and a key's versions are found in write order without a second index.
pub(super) fn table(backend: &Sqlite, tracked: &Tracked) -> String {
    let columns = tracked.captured_columns().map(|column| definition(backend, column) + ", ");
    format!(
        "CREATE TABLE {} ({}vsg_id INTEGER PRIMARY KEY, vsg_branch INTEGER, vsg_begin INTEGER, vsg_end INTEGER, vsg_op TEXT)",
        backend.quote_table(&tracked.history),
        columns.collect::<String>(),
    )
}

/// A column as history holds it.
pub(super) fn definition(backend: &Sqlite, column: &Column) -> String {
    let collation = column.collation.as_deref().map(|name| format!(" COLLATE {}", backend.quote(name)));
    format!("{} {}{}", backend.quote(&column.name), column.declared, collation.unwrap_or_default())
}

pub(super) fn key_index(backend: &Sqlite, tracked: &Tracked) -> String {
    let columns: Vec<String> = tracked.table.key_names().into_iter().map(|name| backend.quote(name)).collect();
    format!(
        "CREATE INDEX {} ON {} ({})",
        backend.quote(&key_index_name(tracked)),
        backend.quote_table(&tracked.history),
        columns.join(", "),
    )
}

pub(super) fn key_index_name(tracked: &Tracked) -> String {
    format!("{}_key", tracked.history.name)
}
