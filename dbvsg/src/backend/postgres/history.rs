use super::Postgres;
use crate::{backend::Backend, catalog::Tracked, model::Column};

/// The table's columns with their own types, all nullable, and what versions need. The ids of versions come from the
/// counter that commits take theirs from.
pub(super) fn table(backend: &Postgres, tracked: &Tracked) -> String {
    let columns = tracked.captured_columns().map(|column| definition(backend, column) + ", ");
    format!(
        "CREATE TABLE {} ({}vsg_branch bigint, vsg_begin bigint, vsg_id bigint PRIMARY KEY DEFAULT nextval('{}'), vsg_end bigint, \
         vsg_op text)",
        backend.whole_name(&tracked.history),
        columns.collect::<String>(),
        backend.own("dbvsg_change").replace('\'', "''"),
    )
}

/// A column as history holds it.
pub(super) fn definition(backend: &Postgres, column: &Column) -> String {
    let collation = column.collation.as_deref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
    format!("{} {}{collation}", backend.quote(&column.name), column.declared)
}

/// A key's versions in write order. The baseline of a large table is read before the server has looked at it by itself: it
/// would take the few versions of a commit for many, and read the whole history for them.
pub(super) fn indexes(backend: &Postgres, tracked: &Tracked) -> Vec<String> {
    let (history, key) = (backend.whole_name(&tracked.history), tracked.quoted_key(backend).join(", "));
    vec![format!("CREATE INDEX ON {history} ({key}, vsg_id)"), format!("ANALYZE {history}")]
}
