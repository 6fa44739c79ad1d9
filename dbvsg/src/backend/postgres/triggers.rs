//! The triggers of a table, and the functions that they run.
//!
//! They fire whatever `session_replication_role` says, and run with the rights of the table's tracker: whoever writes
//! needs no right on the history, and so can't alter it.

use sea_orm::{DbBackend, Statement};

use super::{
    Postgres,
    capture::{Capture, Rows},
};
use crate::{
    backend::{Backend, Trigger},
    catalog::Tracked,
};

/// `ENABLE ALWAYS`, as the system's catalog writes it.
const ALWAYS: char = 'A';

/// When a trigger fires, in SQL and as the bits of `pg_trigger.tgtype`.
struct Event {
    action: &'static str,
    sql: &'static str,
    bits: i16,
    old: Option<&'static str>,
    new: Option<&'static str>,
}

const STATEMENT: [Event; 3] = [
    Event { action: "insert", sql: "AFTER INSERT", bits: 4, old: None, new: Some("dbvsg_new") },
    Event { action: "update", sql: "AFTER UPDATE", bits: 16, old: Some("dbvsg_old"), new: Some("dbvsg_new") },
    Event { action: "delete", sql: "AFTER DELETE", bits: 8, old: Some("dbvsg_old"), new: None },
];
const ROW: Event = Event { action: "row", sql: "AFTER INSERT OR UPDATE OR DELETE", bits: 29, old: None, new: None };
const TRUNCATE: Event = Event { action: "truncate", sql: "BEFORE TRUNCATE", bits: 34, old: None, new: None };

pub(super) fn triggers(backend: &Postgres, tracked: &Tracked) -> Vec<Trigger> {
    let capture = Capture::new(backend, tracked);
    let make = |event: &Event, body: String| trigger(backend, tracked, event, &body);
    let truncate = make(&TRUNCATE, capture.truncated());
    if tracked.table.partitioned {
        // Triggers for each row are cloned to the partitions, so that writes to a partition by its name are captured.
        return vec![make(&ROW, capture.row()), truncate];
    }
    let [insert, update, delete] = &STATEMENT;
    vec![
        make(insert, capture.appeared(Rows::New)),
        make(update, capture.updated()),
        make(delete, capture.appeared(Rows::Old)),
        truncate,
    ]
}

fn trigger(backend: &Postgres, tracked: &Tracked, event: &Event, body: &str) -> Trigger {
    let name = format!("dbvsg_{}", event.action);
    let function = function(backend, tracked, event.action);
    let table = backend.whole_name(&tracked.table.name);
    let quote = dollar_quote(body);
    let rows = [("OLD", event.old), ("NEW", event.new)]
        .map(|(side, name)| name.map(|name| format!(" {side} TABLE AS {name}")).unwrap_or_default());
    let referencing = if rows.concat().is_empty() { String::new() } else { format!(" REFERENCING{}", rows.concat()) };
    let each = if event.bits & 1 == 1 { "ROW" } else { "STATEMENT" };
    let sql = vec![
        format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
             AS {quote}{body}{quote}"
        ),
        format!(
            "CREATE TRIGGER {name} {} ON {table}{referencing} FOR EACH {each} EXECUTE FUNCTION {function}()",
            event.sql
        ),
        format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"),
    ];
    let tables: String = [event.old, event.new].into_iter().flatten().map(|name| format!("{name} ")).collect();
    let installed = format!("{ALWAYS} {} {tables}t t {body}", event.bits);
    Trigger { name, sql, installed }
}

fn function(backend: &Postgres, tracked: &Tracked, action: &str) -> String {
    backend.own(&format!("dbvsg_{}_{action}", tracked.id))
}

/// What a trigger is and does, in one text: how it is enabled, its type, its transition tables, that it has no condition,
/// and its function's rights, settings and source.
pub(super) fn installed(backend: &Postgres, tracked: &Tracked) -> Statement {
    let sql = "SELECT t.tgname::text AS name, concat_ws(' ', t.tgenabled, t.tgtype, t.tgoldtable, t.tgnewtable, t.tgqual IS NULL, \
               p.prosecdef, array_to_string(p.proconfig, ','), p.prosrc) AS body FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid \
               WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgname LIKE 'dbvsg\\_%'";
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [backend.whole_name(&tracked.table.name).into()])
}

pub(super) fn drop(backend: &Postgres, tracked: &Tracked, trigger: &str) -> Vec<String> {
    let action = trigger.trim_start_matches("dbvsg_");
    vec![
        format!("DROP TRIGGER IF EXISTS {} ON {}", backend.quote(trigger), backend.whole_name(&tracked.table.name)),
        format!("DROP FUNCTION IF EXISTS {}()", function(backend, tracked, action)),
    ]
}

/// A quote that the body does not hold, whatever its columns are called.
fn dollar_quote(body: &str) -> String {
    let mut tag = "$dbvsg$".to_owned();
    while body.contains(&tag) {
        tag.insert(tag.len() - 1, '_');
    }
    tag
}
