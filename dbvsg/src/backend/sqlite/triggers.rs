//! Capture: the triggers of a table.
//!
//! They run in whatever program writes, so they use nothing newer than SQLite 3.35 and nothing that a program can switch
//! off (no PRAGMA function, no extension).
//!
//! Each trigger that fires costs a frame, and each statement in one opens its tables, even if it does nothing. So an
//! ordinary write runs one trigger with one statement: the insert of its version. The commit is opened by the history
//! table's own trigger, which has something to do only for the first version of a transaction (see `context`).

use super::{
    Sqlite,
    context::{CURRENT_COMMIT, begin_steps},
};
use crate::{
    backend::{Backend, Trigger},
    catalog::Tracked,
    model::{Column, ColumnKind, TableName},
};

/// Whether two expressions of one column differ: byte for byte, whatever the column's collation, and by storage class
/// where the column's affinity would let 1 and 1.0 both stay.
pub(super) fn differs(column: &Column, a: &str, b: &str) -> String {
    let text = format!("{a} IS NOT {b} COLLATE BINARY");
    match column.kind {
        ColumnKind::Any | ColumnKind::Bytes => format!("({text} OR typeof({a}) <> typeof({b}))"),
        _ => text,
    }
}

/// The names a table's triggers are made of, quoted.
struct Names<'a> {
    backend: &'a Sqlite,
    tracked: &'a Tracked,
    table: String,
    history: String,
    columns: Vec<String>,
    key: Vec<String>,
}

pub(super) fn triggers(backend: &Sqlite, tracked: &Tracked) -> Vec<Trigger> {
    let names = Names {
        backend,
        tracked,
        table: backend.quote_table(&tracked.table.name),
        history: backend.quote_table(&tracked.history),
        columns: tracked.captured_columns().map(|column| backend.quote(&column.name)).collect(),
        key: tracked.table.key_names().into_iter().map(|name| backend.quote(name)).collect(),
    };
    let mut triggers = vec![names.insert(), names.update(), names.moved(), names.delete(), names.begin()];
    if !tracked.table.unique.is_empty() {
        triggers.extend(names.replacing("insert", "INSERT"));
        triggers.extend(names.replacing("update", &format!("UPDATE OF {}", names.unique_columns())));
    }
    triggers
}

impl Names<'_> {
    fn trigger(&self, action: &str, event: &str, condition: Option<String>, body: &str) -> Trigger {
        self.trigger_on(&self.tracked.table.name, action, event, condition, body)
    }

    fn trigger_on(
        &self,
        table: &TableName,
        action: &str,
        event: &str,
        condition: Option<String>,
        body: &str,
    ) -> Trigger {
        let name = format!("dbvsg_{}_{action}", self.tracked.table.name.name);
        let condition = condition.map(|condition| format!(" WHEN {condition}")).unwrap_or_default();
        let on = self.backend.quote_table(table);
        let sql = format!("CREATE TRIGGER {} {event} ON {on}{condition} BEGIN {body}END", self.backend.quote(&name));
        Trigger { name, installed: sql.clone(), sql: vec![sql] }
    }

    fn join(&self, parts: impl Iterator<Item = String>, with: &str) -> String {
        parts.collect::<Vec<_>>().join(with)
    }

    /// The columns of a row by its alias.
    fn row(&self, alias: &str) -> String {
        self.join(self.columns.iter().map(|column| format!("{alias}.{column}")), ", ")
    }

    fn same_key(&self, a: &str, b: &str) -> String {
        self.join(self.key.iter().map(|column| format!("{a}.{column} = {b}.{column}")), " AND ")
    }

    fn write(&self, source: &str) -> String {
        format!("INSERT INTO {} ({}, vsg_branch, vsg_begin, vsg_op) {source}; ", self.history, self.columns.join(", "),)
    }

    /// The values of a version.
    fn version(&self, alias: &str, op: &str) -> String {
        format!("{}, 1, {}, {op}", self.row(alias), *CURRENT_COMMIT)
    }

    fn changed(&self, a: &str, b: &str) -> String {
        let columns = self.tracked.watched_columns().map(|column| {
            let name = self.backend.quote(&column.name);
            differs(column, &format!("{a}.{name}"), &format!("{b}.{name}"))
        });
        self.join(columns, " OR ")
    }

    /// The newest version `h` of NEW's key, if it is no tombstone: the row that NEW replaces under the same key.
    fn replaced(&self) -> String {
        format!(
            "SELECT 1 FROM {history} h WHERE h.vsg_id = (SELECT max(x.vsg_id) FROM {history} x WHERE {key}) AND h.vsg_op <> 'delete'",
            history = self.history,
            key = self.same_key("x", "NEW"),
        )
    }

    /// A row without a whole key has no identity; SQLite allows it where no other engine does.
    fn refuse_null_key(&self) -> String {
        let nullable: Vec<&Column> = self.tracked.table.key_columns().filter(|column| column.nullable).collect();
        if nullable.is_empty() {
            return String::new();
        }
        let missing = nullable.iter().map(|column| format!("NEW.{} IS NULL", self.backend.quote(&column.name)));
        let missing = self.join(missing, " OR ");
        format!(
            "SELECT RAISE(ABORT, 'NOT NULL constraint failed: a tracked row needs its whole primary key') WHERE {missing}; "
        )
    }

    /// REPLACE deletes the row with the same key without a word, and puts NEW in its place: an update, or nothing.
    fn insert(&self) -> Trigger {
        let replaced = self.replaced();
        let unchanged = format!("EXISTS ({replaced} AND NOT ({}))", self.changed("h", "NEW"));
        let version = self.version("NEW", &format!("iif(EXISTS ({replaced}), 'update', 'insert')"));
        let body = [self.refuse_null_key(), self.write(&format!("VALUES ({version})"))];
        self.trigger("insert", "AFTER INSERT", Some(format!("NOT {unchanged}")), &body.concat())
    }

    fn update(&self) -> Trigger {
        let moved = format!("NOT ({})", self.same_key("OLD", "NEW"));
        let arrived = format!("WHEN {moved} THEN iif(EXISTS ({}), 'update', 'insert')", self.replaced());
        let marked = self.tracked.soft_delete.as_deref().map(|column| {
            let column = self.backend.quote(column);
            format!(
                " WHEN OLD.{column} IS NULL AND NEW.{column} IS NOT NULL THEN 'soft_delete' \
                 WHEN OLD.{column} IS NOT NULL AND NEW.{column} IS NULL THEN 'restore'"
            )
        });
        let version = self.version("NEW", &format!("CASE {arrived}{} ELSE 'update' END", marked.unwrap_or_default()));
        let body = [self.refuse_null_key(), self.write(&format!("VALUES ({version})"))];
        self.trigger("update", "AFTER UPDATE", Some(self.changed("OLD", "NEW")), &body.concat())
    }

    /// A change of the key is a delete and an insert.
    fn moved(&self) -> Trigger {
        let condition = format!("NOT ({})", self.same_key("OLD", "NEW"));
        let body = self.write(&format!("VALUES ({})", self.version("OLD", "'delete'")));
        self.trigger("moved", &format!("AFTER UPDATE OF {}", self.key.join(", ")), Some(condition), &body)
    }

    fn delete(&self) -> Trigger {
        let body = self.write(&format!("VALUES ({})", self.version("OLD", "'delete'")));
        self.trigger("delete", "AFTER DELETE", None, &body)
    }

    /// Gives the first version of a transaction its commit.
    fn begin(&self) -> Trigger {
        let body = begin_steps(&self.history);
        self.trigger_on(&self.tracked.history, "begin", "AFTER INSERT", Some("NEW.vsg_begin IS NULL".into()), &body)
    }

    fn unique_columns(&self) -> String {
        let unique = self.tracked.table.unique.iter();
        let mut columns: Vec<&str> =
            unique.flat_map(|unique| unique.columns.iter().map(|(name, _)| name.as_str())).collect();
        columns.sort_unstable();
        columns.dedup();
        self.join(columns.into_iter().map(|name| self.backend.quote(name)), ", ")
    }

    /// REPLACE also deletes other rows that stand in the way on a unique key: they are noted before, by the version they
    /// are at, and buried after if they are gone. One query for each key, so that each uses its own index.
    fn replacing(&self, action: &str, event: &str) -> [Trigger; 2] {
        let id = self.tracked.id;
        let colliding: Vec<String> = self
            .tracked
            .table
            .unique
            .iter()
            .map(|unique| {
                let same = unique.columns.iter().map(|(name, collation)| {
                    let name = self.backend.quote(name);
                    let collation =
                        collation.as_deref().map(|collation| format!(" COLLATE {}", self.backend.quote(collation)));
                    format!("u.{name} = NEW.{name}{}", collation.unwrap_or_default())
                });
                let other = if action == "update" {
                    format!(" AND NOT ({})", self.same_key("u", "OLD"))
                } else {
                    String::new()
                };
                format!("FROM {} u WHERE {}{other}", self.table, self.join(same, " AND "))
            })
            .collect();
        let any = self.join(colliding.iter().map(|rows| format!("EXISTS (SELECT 1 {rows})")), " OR ");
        let notes = colliding.iter().map(|rows| {
            let version = format!("SELECT max(h.vsg_id) FROM {} h WHERE {}", self.history, self.same_key("h", "u"));
            format!("INSERT OR IGNORE INTO dbvsg_collision SELECT {id}, ({version}) {rows}; ")
        });
        let note = format!("DELETE FROM dbvsg_collision WHERE table_id = {id}; {}", notes.collect::<String>());
        let gone = format!(
            "FROM dbvsg_collision c JOIN {history} h ON h.vsg_id = c.change_id WHERE c.table_id = {id} \
             AND NOT EXISTS (SELECT 1 FROM {table} u WHERE {live}) AND NOT EXISTS (SELECT 1 FROM {history} t WHERE {later} AND t.vsg_id > h.vsg_id)",
            history = self.history,
            table = self.table,
            live = self.same_key("u", "h"),
            later = self.same_key("t", "h"),
        );
        let noted =
            format!("EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = {id}) AND EXISTS (SELECT 1 {gone})");
        let bury = self.write(&format!("SELECT {} {gone}", self.version("h", "'delete'")));
        let forget = format!("DELETE FROM dbvsg_collision WHERE table_id = {id}; ");
        [
            self.trigger(&format!("{action}_replacing"), &format!("BEFORE {event}"), Some(any), &note),
            self.trigger(&format!("{action}_replaced"), &format!("AFTER {event}"), Some(noted), &(bury + &forget)),
        ]
    }
}
