//! Capture: the triggers of a table.
//!
//! They run in whatever program writes, so they use nothing newer than SQLite 3.35 and nothing that a program can switch
//! off (no PRAGMA function, no extension).
//!
//! A statement in a trigger costs microseconds even if it writes no row, because it opens the table and its indexes. What
//! is rarely needed therefore stands in a trigger of its own behind a WHEN, and a commit is opened through a view: a row
//! goes into it, and its INSTEAD OF trigger runs, only when there is something to do.

use super::{
    Sqlite,
    context::{CURRENT_COMMIT, open_commit},
};
use crate::{
    backend::{Backend, Trigger},
    catalog::Tracked,
    model::{Column, ColumnKind},
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
    // Where several fire for one row, SQLite starts with the one created last; nothing but the order of the change ids
    // depends on it.
    vec![
        names.before_insert(),
        names.insert(),
        names.replaced("replaced_by_insert", "AFTER INSERT"),
        names.before_update(),
        names.update(),
        names.moved(),
        names.replaced("replaced_by_update", "AFTER UPDATE"),
        names.delete(),
    ]
}

impl Names<'_> {
    fn trigger(&self, action: &str, event: &str, condition: Option<String>, body: String) -> Trigger {
        let name = format!("dbvsg_{}_{action}", self.tracked.table.name.name);
        let condition = condition.map(|condition| format!(" WHEN {condition}")).unwrap_or_default();
        let sql = format!(
            "CREATE TRIGGER {} {event} ON {}{condition} BEGIN {body}END",
            self.backend.quote(&name),
            self.table
        );
        Trigger { name, sql }
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
        format!("{}, 1, {CURRENT_COMMIT}, {op}", self.row(alias))
    }

    /// Live rows that stand in the way of NEW on the primary key or a unique key, one query per key so that each uses
    /// its own index. REPLACE deletes them without firing a trigger.
    fn colliding(&self) -> Vec<String> {
        let keys =
            std::iter::once(self.tracked.table.key_columns().map(|c| (c.name.clone(), c.collation.clone())).collect());
        let unique = self.tracked.table.unique.iter().map(|unique| unique.columns.clone());
        keys.chain(unique)
            .map(|columns: Vec<(String, Option<String>)>| {
                let same = columns.iter().map(|(name, collation)| {
                    let name = self.backend.quote(name);
                    let collation = collation.as_deref().map(|c| format!(" COLLATE {}", self.backend.quote(c)));
                    format!("u.{name} = NEW.{name}{}", collation.unwrap_or_default())
                });
                self.join(same, " AND ")
            })
            .collect()
    }

    fn note_collisions(&self, other_than: Option<&str>) -> (String, String) {
        let id = self.tracked.id;
        let other = other_than.map(|alias| format!(" AND NOT ({})", self.same_key("u", alias))).unwrap_or_default();
        let found = self
            .colliding()
            .into_iter()
            .map(|same| format!("EXISTS (SELECT 1 FROM {} u WHERE {same}{other})", self.table));
        let left = format!("EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = {id})");
        let condition = self.join(found.chain([left]), " OR ");
        let notes = self.colliding().into_iter().map(|same| {
            let version = format!("SELECT max(h.vsg_id) FROM {} h WHERE {}", self.history, self.same_key("h", "u"));
            format!(
                "INSERT OR IGNORE INTO dbvsg_collision SELECT {id}, ({version}) FROM {} u WHERE {same}{other}; ",
                self.table
            )
        });
        (condition, format!("DELETE FROM dbvsg_collision WHERE table_id = {id}; {}", notes.collect::<String>()))
    }

    /// The noted versions of rows that are gone now, and have no tombstone yet.
    fn gone(&self) -> String {
        format!(
            "FROM dbvsg_collision c JOIN {history} h ON h.vsg_id = c.change_id WHERE c.table_id = {id} \
             AND NOT EXISTS (SELECT 1 FROM {table} u WHERE {live}) AND NOT EXISTS (SELECT 1 FROM {history} t WHERE {later} AND t.vsg_id > h.vsg_id)",
            id = self.tracked.id,
            history = self.history,
            table = self.table,
            live = self.same_key("u", "h"),
            later = self.same_key("t", "h"),
        )
    }

    /// The noted version of the row that NEW replaced under the same key.
    fn same(&self) -> String {
        format!(
            "FROM dbvsg_collision c JOIN {} h ON h.vsg_id = c.change_id WHERE c.table_id = {} AND {}",
            self.history,
            self.tracked.id,
            self.same_key("h", "NEW"),
        )
    }

    fn changed(&self, a: &str, b: &str) -> String {
        let columns = self.tracked.watched_columns().map(|column| {
            let name = self.backend.quote(&column.name);
            differs(column, &format!("{a}.{name}"), &format!("{b}.{name}"))
        });
        self.join(columns, " OR ")
    }

    /// A row without a whole key has no identity; SQLite allows it where no other engine does.
    fn refuse_null_key(&self) -> String {
        let nullable: Vec<&Column> = self.tracked.table.key_columns().filter(|column| column.nullable).collect();
        if nullable.is_empty() {
            return String::new();
        }
        let missing = self
            .join(nullable.iter().map(|column| format!("NEW.{} IS NULL", self.backend.quote(&column.name))), " OR ");
        format!(
            "SELECT RAISE(ABORT, 'NOT NULL constraint failed: a tracked row needs its whole primary key') WHERE {missing}; "
        )
    }

    fn before_insert(&self) -> Trigger {
        let (condition, body) = self.note_collisions(None);
        self.trigger("before_insert", "BEFORE INSERT", Some(condition), body)
    }

    /// Writes tombstones for the rows that REPLACE deleted.
    fn replaced(&self, action: &str, event: &str) -> Trigger {
        let version = self.version("h", "'delete'");
        let body = [open_commit(), self.write(&format!("SELECT {version} {}", self.gone()))];
        self.trigger(action, event, Some(format!("EXISTS (SELECT 1 {})", self.gone())), body.concat())
    }

    fn insert(&self) -> Trigger {
        let unchanged = format!("EXISTS (SELECT 1 {} AND NOT ({}))", self.same(), self.changed("h", "NEW"));
        let op = format!("iif(EXISTS (SELECT 1 {}), 'update', 'insert')", self.same());
        let version = self.version("NEW", &op);
        let body = [self.refuse_null_key(), open_commit(), self.write(&format!("VALUES ({version})"))];
        self.trigger("insert", "AFTER INSERT", Some(format!("NOT {unchanged}")), body.concat())
    }

    fn before_update(&self) -> Trigger {
        let (condition, body) = self.note_collisions(Some("OLD"));
        let mut columns: Vec<&str> = self.tracked.table.key_names();
        columns.extend(
            self.tracked.table.unique.iter().flat_map(|unique| unique.columns.iter().map(|(name, _)| name.as_str())),
        );
        columns.sort_unstable();
        columns.dedup();
        let columns = self.join(columns.into_iter().map(|name| self.backend.quote(name)), ", ");
        self.trigger("before_update", &format!("BEFORE UPDATE OF {columns}"), Some(condition), body)
    }

    /// A change of the key is a delete and an insert.
    fn moved(&self) -> Trigger {
        let condition = format!("NOT ({})", self.same_key("OLD", "NEW"));
        let version = self.version("OLD", "'delete'");
        let body = [open_commit(), self.write(&format!("VALUES ({version})"))];
        self.trigger("moved", &format!("AFTER UPDATE OF {}", self.key.join(", ")), Some(condition), body.concat())
    }

    fn update(&self) -> Trigger {
        let moved = format!("NOT ({})", self.same_key("OLD", "NEW"));
        let op = match &self.tracked.soft_delete {
            Some(column) => {
                let column = self.backend.quote(column);
                format!(
                    "CASE WHEN {moved} THEN 'insert' WHEN OLD.{column} IS NULL AND NEW.{column} IS NOT NULL THEN 'soft_delete' \
                     WHEN OLD.{column} IS NOT NULL AND NEW.{column} IS NULL THEN 'restore' ELSE 'update' END"
                )
            }
            None => format!("iif({moved}, 'insert', 'update')"),
        };
        let version = self.version("NEW", &op);
        let body = [self.refuse_null_key(), open_commit(), self.write(&format!("VALUES ({version})"))];
        self.trigger("update", "AFTER UPDATE", Some(self.changed("OLD", "NEW")), body.concat())
    }

    fn delete(&self) -> Trigger {
        let version = self.version("OLD", "'delete'");
        let body = [open_commit(), self.write(&format!("VALUES ({version})"))];
        self.trigger("delete", "AFTER DELETE", None, body.concat())
    }
}
