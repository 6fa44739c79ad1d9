use super::MySql;
use crate::{
    backend::Backend,
    catalog::Tracked,
    model::{Column, ColumnKind},
};

/// How many characters of a key's text are indexed, where its type has no bounded length.
const PREFIX: u32 = 63;

/// The table's columns with their own types, all nullable, and what versions need.
pub(super) fn table(backend: &MySql, tracked: &Tracked) -> String {
    let columns = tracked.captured_columns().map(|column| definition(backend, column) + ", ");
    format!(
        "CREATE TABLE {} ({}vsg_id BIGINT NOT NULL PRIMARY KEY, vsg_branch BIGINT, vsg_begin BIGINT, vsg_end BIGINT, \
         vsg_op VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4",
        backend.quote_table(&tracked.history),
        columns.collect::<String>(),
    )
}

/// A column as history holds it.
pub(super) fn definition(backend: &MySql, column: &Column) -> String {
    let collation = column.collation.as_deref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
    // In these words, or a timestamp would be set anew whenever its row is touched.
    format!("{} {}{collation} NULL DEFAULT NULL", backend.quote(&column.name), column.declared)
}

/// A key's versions: the index ends in the primary key, which is the id of the version.
pub(super) fn indexes(backend: &MySql, tracked: &Tracked) -> Vec<String> {
    let history = backend.quote_table(&tracked.history);
    let key: Vec<String> = tracked.table.key_columns().map(|column| indexed(backend, column)).collect();
    vec![format!("CREATE INDEX dbvsg_key ON {history} ({})", key.join(", "))]
}

fn indexed(backend: &MySql, column: &Column) -> String {
    let name = backend.quote(&column.name);
    let unbounded = ["text", "blob", "json"].iter().any(|word| column.declared.contains(word));
    let bounded = !matches!(column.kind, ColumnKind::Text | ColumnKind::Bytes | ColumnKind::Json) || !unbounded;
    if bounded { name } else { format!("{name}({PREFIX})") }
}
