//! Guards: triggers that let one connection write to a table, or none. Whoever else writes is told to try again, in the words
//! of a deadlock, for which programs are prepared.

use super::{MySql, triggers::prefix};
use crate::{
    backend::{Backend, Trigger},
    catalog::Tracked,
    model::TableName,
};

/// What a guard is called behind its table's prefix, before its number.
const GUARD: &str = "guard";

/// On the table itself, and on those whose foreign keys act on it, which fires no trigger there.
pub(super) fn guards(backend: &MySql, tracked: &Tracked, exempt: Option<i64>) -> Vec<Trigger> {
    let own = &tracked.table.name;
    let mut above: Vec<&TableName> =
        tracked.table.cascades.iter().map(|cascade| &cascade.parent).filter(|parent| *parent != own).collect();
    above.sort();
    above.dedup();
    let actions = ["INSERT", "UPDATE", "DELETE"].map(|event| (own, event)).into_iter();
    let actions = actions.chain(above.into_iter().flat_map(|table| [(table, "UPDATE"), (table, "DELETE")]));
    actions
        .enumerate()
        .map(|(position, (table, event))| guard(backend, tracked, (position, table, event), exempt))
        .collect()
}

pub(super) fn is_guard(trigger: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = trigger.split('_').collect();
    matches!(parts[..], ["dbvsg", id, GUARD, number] if is_number(id) && is_number(number))
}

fn guard(
    backend: &MySql,
    tracked: &Tracked,
    (position, table, event): (usize, &TableName, &str),
    exempt: Option<i64>,
) -> Trigger {
    let name = format!("{}{GUARD}_{position}", prefix(tracked));
    let exempt = exempt.map_or_else(|| "NULL".to_owned(), |id| id.to_string());
    let body = format!(
        "BEGIN IF NOT (CONNECTION_ID() <=> {exempt}) THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, \
         MESSAGE_TEXT = 'DBVSG is changing what captures this table; try again in a moment'; END IF; END"
    );
    let (quoted, on) = (backend.quote(&name), backend.quote_table(table));
    let create = format!("CREATE TRIGGER {quoted} BEFORE {event} ON {on} FOR EACH ROW {body}");
    let drop = format!("DROP TRIGGER IF EXISTS {quoted}");
    let sql = vec![backend.flavour.without_mode(&drop), backend.flavour.without_mode(&create)];
    Trigger { name, sql, installed: format!("BEFORE {event} {}  {body}", table.name) }
}
