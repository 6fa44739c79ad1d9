//! What the triggers' functions do.
//!
//! A statement is captured as a set, from its transition tables. A statement on one row is by far the most frequent, so
//! it goes a way of its own where setting up a join would cost more than the rest. A transition table is planned once for
//! all sizes, which a nested loop would not survive; a full join can only be a hash or a merge join.
//!
//! Where a function begins and ends a statement, PostgreSQL makes its plan ready anew, which for one row is the larger part of
//! the work. So there are as few of them as can be, and as small: the commit is opened by an uncorrelated subquery, which is
//! evaluated once, with the first row, and not at all if there is none.
//!
//! The functions have more rights than who fires them, so every function, operator and type they name is named with its
//! schema: a search path of the writer's cannot slip another one in. (A search path of their own would do it too, at the cost
//! of a fifth of the whole capture.)
//!
//! A trigger of the application can write to the same table again, and that statement is captured before the one that
//! caused it. Then what the outer one saw is old: instead of it, the rows as they are now are compared with history.

use super::{Postgres, catalog::CURRENT_COMMIT};
use crate::{backend::Backend, catalog::Tracked, model::Column};

/// Which of a statement's rows.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    Old,
    New,
}

impl Rows {
    fn table(self) -> &'static str {
        match self {
            Self::Old => "dbvsg_old",
            Self::New => "dbvsg_new",
        }
    }

    fn op(self) -> &'static str {
        match self {
            Self::Old => "'delete'",
            Self::New => "'insert'",
        }
    }
}

/// Whether pairs of expressions differ in any way: the images of both are compared byte for byte, whatever their types.
pub(super) fn differ(pairs: impl Iterator<Item = (String, String)>) -> String {
    let (a, b): (Vec<String>, Vec<String>) = pairs.unzip();
    format!(
        "ROW({})::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW({})::pg_catalog.record",
        a.join(", "),
        b.join(", ")
    )
}

/// Types whose operators every search path finds.
const PLAIN: [&str; 14] = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "text",
    "character",
    "uuid",
    "date",
    "time",
    "timestamp",
    "boolean",
    "bytea",
    "inet",
    "oid",
];

/// The names that the functions of a table are made of.
pub(super) struct Capture<'a> {
    backend: &'a Postgres,
    tracked: &'a Tracked,
    table: String,
    history: String,
    columns: Vec<String>,
    key: Vec<String>,
}

impl<'a> Capture<'a> {
    pub(super) fn new(backend: &'a Postgres, tracked: &'a Tracked) -> Self {
        Self {
            backend,
            tracked,
            table: backend.whole_name(&tracked.table.name),
            history: backend.whole_name(&tracked.history),
            columns: tracked.captured_columns().map(|column| backend.quote(&column.name)).collect(),
            key: tracked.quoted_key(backend),
        }
    }

    /// The rows that a statement inserted, or deleted.
    pub(super) fn appeared(&self, rows: Rows) -> String {
        let source = format!("{} x", rows.table());
        let nested = self.nested(&format!("SELECT {} FROM {source}", self.each(&self.key, "x")));
        format!("BEGIN {nested}{} RETURN NULL; END", self.write(&self.each(&self.columns, "x"), rows.op(), &source))
    }

    /// The rows that a statement updated. A change of the key is a delete and an insert.
    pub(super) fn updated(&self) -> String {
        let nested = self.nested(&format!(
            "SELECT {} FROM dbvsg_old x UNION SELECT {} FROM dbvsg_new x",
            self.each(&self.key, "x"),
            self.each(&self.key, "x"),
        ));
        // What it is called can depend on what it was.
        let source = if self.tracked.soft_delete.is_some() { "dbvsg_new n, dbvsg_old o" } else { "dbvsg_new n" };
        format!(
            "DECLARE vsg_pair record; vsg_many boolean; BEGIN {nested}\
             FOR vsg_pair IN SELECT {same} AS same, {changed} AS changed FROM dbvsg_old o, dbvsg_new n LOOP \
             vsg_many := vsg_many IS NOT NULL; EXIT WHEN vsg_many; END LOOP; \
             IF vsg_many IS NULL THEN RETURN NULL; END IF; \
             IF NOT vsg_many AND vsg_pair.same THEN \
             IF vsg_pair.changed THEN {single} END IF; \
             ELSE {all} END IF; RETURN NULL; END",
            same = self.same_key("o", "n"),
            changed = self.changed("o", "n"),
            single = self.write(&self.each(&self.columns, "n"), &self.op("o", "n"), source),
            all = self.write(
                &self
                    .columns
                    .iter()
                    .map(|column| format!("CASE WHEN {} THEN o.{column} ELSE n.{column} END", self.missing("n")))
                    .collect::<Vec<_>>()
                    .join(", "),
                &format!(
                    "CASE WHEN {} THEN 'delete' WHEN {} THEN 'insert' ELSE {} END",
                    self.missing("n"),
                    self.missing("o"),
                    self.op("o", "n"),
                ),
                &format!(
                    "dbvsg_old o FULL JOIN dbvsg_new n ON {} WHERE {}",
                    self.same_key("o", "n"),
                    self.changed("o", "n"),
                ),
            ),
        )
    }

    /// One row of a partitioned table.
    pub(super) fn row(&self) -> String {
        let nested = self.nested_row();
        let version = |row: &str, op: &str| {
            format!(
                "INSERT INTO {} ({}, vsg_branch, vsg_begin, vsg_op) VALUES ({}, 1, {}(), {op}); ",
                self.history,
                self.columns.join(", "),
                self.each(&self.columns, row),
                self.backend.own(CURRENT_COMMIT),
            )
        };
        format!(
            "BEGIN {nested}\
             IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN {insert}\
             ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN {delete}\
             ELSIF {moved} THEN {delete}{insert}\
             ELSIF {changed} THEN {update}END IF; RETURN NULL; END",
            insert = version("NEW", "'insert'"),
            delete = version("OLD", "'delete'"),
            update = version("NEW", &self.op("OLD", "NEW")),
            moved = differ(self.pairs(self.tracked.table.key_columns(), "OLD", "NEW")),
            changed = self.changed("OLD", "NEW"),
        )
    }

    /// All rows, before they are gone.
    pub(super) fn truncated(&self) -> String {
        let source = format!("{} x", self.table);
        format!("BEGIN {} RETURN NULL; END", self.write(&self.each(&self.columns, "x"), Rows::Old.op(), &source))
    }

    /// Writes versions of all rows that `source` has. The commit is opened with the first.
    fn write(&self, values: &str, op: &str, source: &str) -> String {
        format!(
            "INSERT INTO {} ({}, vsg_branch, vsg_begin, vsg_op) SELECT {values}, 1, (SELECT {}()), {op} FROM {source};",
            self.history,
            self.columns.join(", "),
            self.backend.own(CURRENT_COMMIT),
        )
    }

    fn nested_row(&self) -> String {
        let of = |row: &str| self.each(&self.key, row);
        format!(
            "IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN {} ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN {} ELSE {} END IF; ",
            self.nested(&format!("SELECT {}", of("NEW"))),
            self.nested(&format!("SELECT {}", of("OLD"))),
            self.nested(&format!("SELECT {} UNION SELECT {}", of("OLD"), of("NEW"))),
        )
    }

    /// What an outer statement does where an inner one was captured before it. The setting holds how deep the triggers
    /// were nested when this table was captured in this transaction.
    fn nested(&self, keys: &str) -> String {
        let (name, depth) = (format!("'dbvsg.depth_{}'", self.tracked.id), "pg_catalog.pg_trigger_depth()");
        let setting = format!("pg_catalog.current_setting({name}, true)");
        format!(
            "IF {depth} OPERATOR(pg_catalog.>) 1 OR {setting} OPERATOR(pg_catalog.<>) '' THEN \
             IF {setting} OPERATOR(pg_catalog.<>) '' AND {depth} OPERATOR(pg_catalog.<) {setting}::int THEN {} RETURN NULL; END IF; \
             PERFORM pg_catalog.set_config({name}, {depth}::pg_catalog.text, true); \
             END IF; ",
            self.compare(keys),
        )
    }

    /// Brings history to what the rows with these keys are now.
    fn compare(&self, keys: &str) -> String {
        let aliased: Vec<String> = (0..self.key.len()).map(|position| format!("k{position}")).collect();
        let is = |alias: &str| {
            self.equal(self.key.iter().zip(&aliased).map(|(name, key)| (format!("{alias}.{name}"), format!("k.{key}"))))
        };
        let values = self
            .columns
            .iter()
            .map(|column| format!("CASE WHEN {} THEN h.{column} ELSE l.{column} END", self.missing("l")));
        let unknown = "h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete'";
        self.write(
            &values.collect::<Vec<_>>().join(", "),
            &format!(
                "CASE WHEN {gone} THEN 'delete' WHEN {unknown} THEN 'insert' ELSE {} END",
                self.op("h", "l"),
                gone = self.missing("l"),
            ),
            &format!(
                "({keys}) k({aliased}) LEFT JOIN {table} l ON {live} \
                 LEFT JOIN LATERAL (SELECT * FROM {history} v WHERE {known} ORDER BY v.vsg_id DESC LIMIT 1) h ON true \
                 WHERE CASE WHEN {gone} THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE {unknown} OR {changed} END",
                aliased = aliased.join(", "),
                table = self.table,
                live = is("l"),
                history = self.history,
                known = is("v"),
                gone = self.missing("l"),
                changed = self.changed("h", "l"),
            ),
        )
    }

    fn each(&self, names: &[String], alias: &str) -> String {
        names.iter().map(|name| format!("{alias}.{name}")).collect::<Vec<_>>().join(", ")
    }

    fn pairs<'b>(
        &'b self,
        columns: impl Iterator<Item = &'b Column> + 'b,
        a: &'b str,
        b: &'b str,
    ) -> impl Iterator<Item = (String, String)> + 'b {
        columns.map(move |column| {
            let name = self.backend.quote(&column.name);
            (format!("{a}.{name}"), format!("{b}.{name}"))
        })
    }

    fn changed(&self, a: &str, b: &str) -> String {
        differ(self.pairs(self.tracked.watched_columns(), a, b))
    }

    /// Whether an outer join found no row: its key is NULL then, and only then.
    fn missing(&self, alias: &str) -> String {
        format!("{alias}.{} IS NULL", self.key.first().map(String::as_str).unwrap_or_default())
    }

    fn same_key(&self, a: &str, b: &str) -> String {
        self.equal(self.pairs(self.tracked.table.key_columns(), a, b))
    }

    /// Whether the parts of two keys are equal, in a way that a full join can take. A type of an extension has its
    /// operators where only some search paths find them; images can be compared everywhere, and merged.
    fn equal(&self, pairs: impl Iterator<Item = (String, String)>) -> String {
        let plain = self.tracked.table.key_columns().all(|column| {
            let declared = column.declared.split(['(', ' ']).next().unwrap_or_default();
            PLAIN.contains(&declared)
        });
        if plain {
            return pairs.map(|(a, b)| format!("{a} OPERATOR(pg_catalog.=) {b}")).collect::<Vec<_>>().join(" AND ");
        }
        let (a, b): (Vec<String>, Vec<String>) = pairs.unzip();
        format!(
            "ROW({})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({})::pg_catalog.record",
            a.join(", "),
            b.join(", ")
        )
    }

    /// What an update of a row is called: by the soft-delete column, if there is one.
    fn op(&self, old: &str, new: &str) -> String {
        let Some(column) = &self.tracked.soft_delete else {
            return "'update'".to_owned();
        };
        let column = self.backend.quote(column);
        format!(
            "CASE WHEN {old}.{column} IS NULL AND {new}.{column} IS NOT NULL THEN 'soft_delete' \
             WHEN {old}.{column} IS NOT NULL AND {new}.{column} IS NULL THEN 'restore' ELSE 'update' END"
        )
    }
}
