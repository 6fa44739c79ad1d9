//! Capture: the triggers of a table.
//!
//! They run in whatever program writes, so they use nothing newer than SQLite 3.35 and nothing that a program can switch
//! off (no PRAGMA function, no extension).
//!
//! `dbvsg_context` says whose transaction it is. Row 0 exists only inside a transaction of DBVSG and carries its label.
//! Row 1 stands for outside writers. SQLite tells a trigger nothing about transactions, so statements of an outside
//! writer share a commit while they come from one connection (whose count of changes only grows), no more than a second
//! apart, with no sealing and no DBVSG transaction in between.

use sea_orm::{DbBackend, Statement, Value as Bound};

use super::{NOW, Sqlite};
use crate::{
    backend::{Backend, Context, Trigger},
    catalog::Tracked,
    model::{Column, ColumnKind},
};

/// A random UUID of version 4, in SQL.
const UUID: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || \
                    substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";

pub(super) fn catalog_support() -> Vec<String> {
    vec![
        // The end of a DBVSG transaction: note the time, and let outside writers begin a commit of their own.
        format!(
            "CREATE TRIGGER IF NOT EXISTS dbvsg_context_closed AFTER DELETE ON dbvsg_context WHEN OLD.commit_id IS NOT NULL BEGIN \
             UPDATE dbvsg_commit SET written_at = {NOW} WHERE id = OLD.commit_id; \
             UPDATE dbvsg_context SET commit_id = NULL WHERE id = 1 AND commit_id IS NOT NULL; END"
        ),
        "INSERT OR IGNORE INTO dbvsg_context (id) VALUES (1)".into(),
        "CREATE TABLE IF NOT EXISTS dbvsg_collision (table_id INTEGER, change_id INTEGER, PRIMARY KEY (table_id, change_id)) WITHOUT ROWID"
            .into(),
        "DROP VIEW IF EXISTS db_vsg".into(),
        "CREATE VIEW db_vsg AS SELECT c.uuid, c.operation, c.query, c.meta, lower(hex(c.hash)) AS hash, c.actor AS user_id, \
         EXISTS (SELECT 1 FROM dbvsg_table t WHERE t.head_id = c.id) AS is_current, \
         NOT EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.rollbacked_at IS NULL) AS rollbacked, \
         (SELECT strftime('%Y-%m-%dT%H:%M:%S', max(x.rollbacked_at) / 1000000, 'unixepoch') || printf('.%06dZ', max(x.rollbacked_at) % 1000000) \
         FROM dbvsg_commit_table x WHERE x.commit_id = c.id) AS rollbacked_at, \
         strftime('%Y-%m-%dT%H:%M:%S', c.committed_at / 1000000, 'unixepoch') || printf('.%06dZ', c.committed_at % 1000000) AS created_at, \
         p.uuid AS parent_uuid FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id WHERE c.seq IS NOT NULL ORDER BY c.seq"
            .into(),
    ]
}

pub(super) fn open_context(context: &Context) -> Statement {
    let values: [Bound; 6] = [
        context.uuid.as_str().into(),
        context.actor.as_str().into(),
        context.operation.clone().into(),
        context.message.clone().into(),
        context.query.clone().into(),
        context.meta.clone().into(),
    ];
    let sql =
        "INSERT INTO dbvsg_context (id, uuid, actor, operation, message, query, meta) VALUES (0, ?, ?, ?, ?, ?, ?)";
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// Whether two expressions of one column differ: byte for byte, whatever the column's collation, and by storage class
/// where the column's affinity would let 1 and 1.0 both stay.
pub(super) fn differs(column: &Column, a: &str, b: &str) -> String {
    let text = format!("{a} IS NOT {b} COLLATE BINARY");
    match column.kind {
        ColumnKind::Any | ColumnKind::Bytes => format!("({text} OR typeof({a}) <> typeof({b}))"),
        _ => text,
    }
}

/// Makes sure that this transaction has a commit to write to.
///
/// After an outside writer's commit, ids leave room for the transactions into which sealing may part it.
fn open_commit() -> String {
    let current = "(SELECT min(id) FROM dbvsg_context)";
    let next = "(SELECT coalesce(max(id), 0) + coalesce(iif(seq IS NULL AND operation = 'EXTERNAL', 1048576, 1), 1) FROM dbvsg_commit)";
    format!(
        "INSERT INTO dbvsg_commit (id, uuid, branch_id, actor, operation, message, query, meta, written_at) \
         SELECT {next}, coalesce(x.uuid, {UUID}), 1, coalesce(x.actor, 'external'), iif(x.uuid IS NULL, 'EXTERNAL', x.operation), x.message, x.query, x.meta, {NOW} \
         FROM dbvsg_context x WHERE x.id = {current} AND (x.commit_id IS NULL \
         OR (x.id = 1 AND NOT (total_changes() > x.last_changes AND {NOW} - x.last_moment BETWEEN 0 AND 1000000))); \
         UPDATE dbvsg_context SET commit_id = (SELECT max(id) FROM dbvsg_commit), last_changes = total_changes(), last_moment = {NOW} \
         WHERE id = {current} AND (id = 1 OR commit_id IS NULL); "
    )
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
    vec![names.before_insert(), names.insert(), names.before_update(), names.update(), names.delete()]
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

    fn version(&self, alias: &str, op: &str) -> String {
        format!("SELECT {}, 1, {CURRENT_COMMIT}, {op}", self.row(alias))
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
    fn replaced(&self) -> String {
        format!(
            "FROM dbvsg_collision c JOIN {} h ON h.vsg_id = c.change_id WHERE c.table_id = {} AND {}",
            self.history,
            self.tracked.id,
            self.same_key("h", "NEW"),
        )
    }

    fn bury_replaced(&self) -> String {
        let version = self.version("h", "'delete'");
        self.write(&format!("{version} {}", self.gone()))
    }

    fn forget_collisions(&self) -> String {
        format!("DELETE FROM dbvsg_collision WHERE table_id = {}; ", self.tracked.id)
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

    fn insert(&self) -> Trigger {
        let unchanged = format!("EXISTS (SELECT 1 {} AND NOT ({}))", self.replaced(), self.changed("h", "NEW"));
        let condition = format!("NOT {unchanged} OR EXISTS (SELECT 1 {})", self.gone());
        let op = format!("iif(EXISTS (SELECT 1 {}), 'update', 'insert')", self.replaced());
        let version = self.version("NEW", &op);
        let body = [
            self.refuse_null_key(),
            open_commit(),
            self.bury_replaced(),
            self.write(&format!("{version} WHERE NOT {unchanged}")),
            self.forget_collisions(),
        ];
        self.trigger("insert", "AFTER INSERT", Some(condition), body.concat())
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
        let tombstone = self.version("OLD", "'delete'");
        let body = [
            self.refuse_null_key(),
            open_commit(),
            self.bury_replaced(),
            self.write(&format!("{tombstone} WHERE {moved}")),
            self.write(&self.version("NEW", &op)),
            self.forget_collisions(),
        ];
        let condition = format!("{} OR EXISTS (SELECT 1 {})", self.changed("OLD", "NEW"), self.gone());
        self.trigger("update", "AFTER UPDATE", Some(condition), body.concat())
    }

    fn delete(&self) -> Trigger {
        let body = [open_commit(), self.write(&self.version("OLD", "'delete'"))];
        self.trigger("delete", "AFTER DELETE", None, body.concat())
    }
}

const CURRENT_COMMIT: &str = "(SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1)";
