//! What the triggers' functions do.
//!
//! A statement is captured as a set, from its transition tables. A statement on one row is by far the most frequent, so
//! it goes a way of its own where setting up a join would cost more than the rest. A transition table is planned once for
//! all sizes, which a nested loop would not survive; a full join can only be a hash or a merge join.
//!
//! The functions have more rights than who fires them, so every function, operator and type they name is named with its
//! schema: a search path of the writer's cannot slip another one in. (A search path of their own would do it too, at the cost
//! of a fifth of the whole capture.)
//!
//! A trigger of the application can write to the same table again, and that statement is captured before the one that
//! caused it. Then what the outer one saw is old: instead of it, the rows as they are now are compared with history.

use super::{
    Postgres,
    catalog::{COMMIT_SETTING, CURRENT_COMMIT, outside_commit},
};
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
        let single = self.write(&self.each(&self.columns, "vsg_new"), &self.op("vsg_old", "vsg_new"), "");
        format!(
            "DECLARE vsg_old record; vsg_new record; BEGIN {nested}\
             SELECT x.*, (SELECT true FROM dbvsg_old OFFSET 1 LIMIT 1) AS vsg_many INTO vsg_old FROM dbvsg_old x; \
             IF NOT FOUND THEN RETURN NULL; END IF; \
             IF vsg_old.vsg_many IS NULL THEN \
             SELECT * INTO vsg_new FROM dbvsg_new; \
             IF NOT ({moved}) THEN \
             IF {changed} THEN {single} END IF; \
             RETURN NULL; END IF; END IF; \
             INSERT INTO {history} ({columns}, vsg_branch, vsg_begin, vsg_op) \
             SELECT {values}, 1, {commit}(), CASE WHEN {gone} THEN 'delete' WHEN {arrived} THEN 'insert' ELSE {op} END \
             FROM dbvsg_old o FULL JOIN dbvsg_new n ON {same} WHERE {differ}; RETURN NULL; END",
            moved = differ(self.pairs(self.tracked.table.key_columns(), "vsg_old", "vsg_new")),
            changed = self.changed("vsg_old", "vsg_new"),
            history = self.history,
            columns = self.columns.join(", "),
            values = self
                .columns
                .iter()
                .map(|column| format!("CASE WHEN {} THEN o.{column} ELSE n.{column} END", self.missing("n")))
                .collect::<Vec<_>>()
                .join(", "),
            commit = self.backend.own(CURRENT_COMMIT),
            gone = self.missing("n"),
            arrived = self.missing("o"),
            op = self.op("o", "n"),
            same = self.same_key("o", "n"),
            differ = self.changed("o", "n"),
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
        format!("BEGIN {} RETURN NULL; END", self.write(&self.each(&self.columns, "x"), "'delete'", &source))
    }

    /// Writes versions of rows: of all that `source` has, or of one if it is empty. The commit is opened with the first.
    fn write(&self, values: &str, op: &str, source: &str) -> String {
        let into = format!("INSERT INTO {} ({}, vsg_branch, vsg_begin, vsg_op)", self.history, self.columns.join(", "));
        let from = |more: &[&str]| {
            let sources: Vec<&str> = more.iter().copied().chain([source]).filter(|source| !source.is_empty()).collect();
            if sources.is_empty() { String::new() } else { format!(" FROM {}", sources.join(", ")) }
        };
        let any = if source.is_empty() { String::new() } else { format!(" WHERE EXISTS (SELECT FROM {source})") };
        format!(
            "IF {COMMIT_SETTING} OPERATOR(pg_catalog.<>) '' THEN \
             {into} SELECT {values}, 1, {COMMIT_SETTING}::bigint, {op}{}; \
             ELSE \
             WITH opened AS (INSERT INTO {} (branch_id, actor, operation, message, written_at) SELECT {}{any} RETURNING id), \
             noted AS MATERIALIZED (SELECT pg_catalog.set_config('dbvsg.commit', id::pg_catalog.text, true)::bigint AS id FROM opened) \
             {into} SELECT {values}, 1, noted.id, {op}{}; \
             END IF;",
            from(&[]),
            self.backend.own("dbvsg_commit"),
            outside_commit(),
            from(&["noted"]),
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
        format!(
            "INSERT INTO {history} ({columns}, vsg_branch, vsg_begin, vsg_op) \
             SELECT {values}, 1, {commit}(), CASE WHEN {gone} THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' \
             ELSE {op} END FROM ({keys}) k({aliased}) LEFT JOIN {table} l ON {live} \
             LEFT JOIN LATERAL (SELECT * FROM {history} v WHERE {known} ORDER BY v.vsg_id DESC LIMIT 1) h ON true \
             WHERE CASE WHEN {gone} THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' \
             ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR {changed} END;",
            history = self.history,
            columns = self.columns.join(", "),
            values = values.collect::<Vec<_>>().join(", "),
            commit = self.backend.own(CURRENT_COMMIT),
            gone = self.missing("l"),
            op = self.op("h", "l"),
            aliased = aliased.join(", "),
            table = self.table,
            live = is("l"),
            known = is("v"),
            changed = self.changed("h", "l"),
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
