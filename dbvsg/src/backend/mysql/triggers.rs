//! Capture: the triggers of a table.
//!
//! There are no triggers for statements, so each row is captured by itself, and an ordinary write runs two statements: the
//! comparison of the clock and the insert of the version. They run with the rights of the table's tracker.

use std::collections::BTreeSet;

use sea_orm::{DbBackend, Statement};

use super::{MySql, cascade, routines};
use crate::{
    backend::{Backend, Trigger},
    catalog::{MAIN, Tracked},
    model::{Column, ColumnKind, TableName},
};

/// Whether two expressions of one column are the same, to the byte whatever the column's collation.
fn same(column: &Column, a: &str, b: &str) -> String {
    match column.kind {
        // In a local time one text can be two moments.
        ColumnKind::Timestamp => format!("UNIX_TIMESTAMP({a}) <=> UNIX_TIMESTAMP({b})"),
        ColumnKind::Text | ColumnKind::Json | ColumnKind::Uuid | ColumnKind::Any => {
            format!("CAST({a} AS BINARY) <=> CAST({b} AS BINARY)")
        }
        _ => format!("{a} <=> {b}"),
    }
}

/// Whether they differ in any way.
pub(super) fn differs(column: &Column, a: &str, b: &str) -> String {
    format!("NOT ({})", same(column, a, b))
}

pub(super) fn triggers(backend: &MySql, tracked: &Tracked) -> Vec<Trigger> {
    let capture = Capture::new(backend, tracked);
    let triggers = vec![
        capture.trigger(
            "insert",
            "AFTER",
            "INSERT",
            &format!("{} {}", capture.begin, capture.write("NEW", "'insert'")),
        ),
        capture.trigger("update", "AFTER", "UPDATE", &capture.update()),
        capture.trigger(
            "delete",
            "AFTER",
            "DELETE",
            &format!("{} {}", capture.begin, capture.write("OLD", "'delete'")),
        ),
    ];
    triggers.into_iter().chain(cascade::triggers(&capture)).collect()
}

/// What the triggers of a table are made of.
pub(super) struct Capture<'a> {
    pub(super) backend: &'a MySql,
    pub(super) tracked: &'a Tracked,
    pub(super) columns: Vec<String>,
    pub(super) key: Vec<String>,
    /// What stands before anything is captured.
    pub(super) begin: String,
}

impl<'a> Capture<'a> {
    fn new(backend: &'a MySql, tracked: &'a Tracked) -> Self {
        Self {
            backend,
            tracked,
            columns: tracked.captured_columns().map(|column| backend.quote(&column.name)).collect(),
            key: tracked.quoted_key(backend),
            begin: routines::begin(backend.flavour),
        }
    }

    fn trigger(&self, action: &str, timing: &str, event: &str, steps: &str) -> Trigger {
        self.trigger_on(&self.tracked.table.name, action, timing, event, &format!("capture: BEGIN {steps} END"))
    }

    /// A trigger that belongs to this table, on any.
    pub(super) fn trigger_on(&self, table: &TableName, action: &str, timing: &str, event: &str, body: &str) -> Trigger {
        let name = self.backend.fit_name(&format!("{}{action}", prefix(self.tracked)));
        let sql = format!(
            "CREATE TRIGGER {} {timing} {event} ON {} FOR EACH ROW {body}",
            self.backend.quote(&name),
            self.backend.quote_table(table),
        );
        let installed = format!("{timing} {event} {}  {body}", table.name);
        Trigger { name, sql: vec![self.backend.flavour.without_mode(&sql)], installed }
    }

    /// The beginning of a statement that writes versions.
    pub(super) fn insert_into_history(&self) -> String {
        format!(
            "INSERT INTO {} ({}, vsg_id, vsg_branch, vsg_begin, vsg_op)",
            self.backend.quote_table(&self.tracked.history),
            self.columns.join(", "),
        )
    }

    /// What goes into the columns of versions.
    pub(super) fn version(&self, op: &str) -> String {
        format!("{}, {MAIN}, @dbvsg_commit, {op}", self.backend.flavour.next_change())
    }

    fn write(&self, row: &str, op: &str) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| format!("{row}.{column}")).collect();
        format!("{} VALUES ({}, {});", self.insert_into_history(), values.join(", "), self.version(op))
    }

    /// A change of the key is a delete and an insert.
    fn update(&self) -> String {
        format!(
            "IF {} THEN LEAVE capture; END IF; {} {} IF {} THEN {} ELSE {} {} END IF;",
            self.same("OLD", "NEW", self.tracked.watched_columns()),
            self.look(),
            self.begin,
            self.same_key("OLD", "NEW"),
            self.write("NEW", &self.op()),
            self.write("OLD", "'delete'"),
            self.write("NEW", "'insert'"),
        )
    }

    /// Leaves unless an update took place. MariaDB fires the trigger also for a row that UPDATE IGNORE leaves as it is, because
    /// a constraint stands in the way. That can be where a column of a constraint changes.
    fn look(&self) -> String {
        let table = &self.tracked.table;
        let unless = |found: &str, condition: &str| {
            let source = self.backend.quote_table(&table.name);
            format!(
                "SELECT {found} INTO @dbvsg_done FROM {source} x WHERE {condition}; IF NOT @dbvsg_done THEN LEAVE capture; END IF;"
            )
        };
        let moved = format!(
            "IF NOT ({}) THEN {}",
            self.same_key("OLD", "NEW"),
            unless("COUNT(*) = 0", &self.same_key("x", "OLD")),
        );
        let unique = table.unique.iter().flat_map(|key| key.columns.iter().map(|(name, _)| name));
        let names: BTreeSet<&String> = unique.chain(table.foreign_keys.iter().flat_map(|key| &key.columns)).collect();
        let columns: Vec<&Column> = names.into_iter().filter_map(|name| table.column(name)).collect();
        let found = |columns: &[&Column]| {
            let same = self.same("x", "NEW", columns.iter().copied());
            unless("COUNT(*)", &format!("{} AND {same}", self.same_key("x", "NEW")))
        };
        let constrained = match columns.is_empty() {
            true => String::new(),
            false => {
                format!(" ELSEIF NOT ({}) THEN {}", self.same("OLD", "NEW", columns.iter().copied()), found(&columns))
            }
        };
        format!("{moved}{constrained}{} END IF;", self.stamped(found))
    }

    /// MariaDB shows a trigger the time of an update also where nothing else in the row changes, so that it is not written.
    fn stamped(&self, found: impl Fn(&[&Column]) -> String) -> String {
        let is_stamped = |column: &&Column| self.tracked.table.stamped.contains(&column.name);
        let (stamps, others): (Vec<&Column>, Vec<&Column>) = self.tracked.watched_columns().partition(is_stamped);
        if stamps.is_empty() {
            return String::new();
        }
        format!(" ELSEIF {} THEN {}", self.same("OLD", "NEW", others.into_iter()), found(&stamps))
    }

    /// Whether two rows are the same in these columns.
    fn same<'b>(&self, a: &str, b: &str, columns: impl Iterator<Item = &'b Column>) -> String {
        let each = columns.map(|column| {
            let name = self.backend.quote(&column.name);
            same(column, &format!("{a}.{name}"), &format!("{b}.{name}"))
        });
        each.collect::<Vec<_>>().join(" AND ")
    }

    pub(super) fn same_key(&self, a: &str, b: &str) -> String {
        self.key.iter().map(|column| format!("{a}.{column} = {b}.{column}")).collect::<Vec<_>>().join(" AND ")
    }

    /// What an update of a row is called: by the soft-delete column, if there is one.
    fn op(&self) -> String {
        let Some(column) = &self.tracked.soft_delete else {
            return "'update'".into();
        };
        let column = self.backend.quote(column);
        format!(
            "CASE WHEN OLD.{column} IS NULL AND NEW.{column} IS NOT NULL THEN 'soft_delete' \
             WHEN OLD.{column} IS NOT NULL AND NEW.{column} IS NULL THEN 'restore' ELSE 'update' END"
        )
    }
}

/// How the names of all triggers of a table begin, those on other tables included.
pub(super) fn prefix(tracked: &Tracked) -> String {
    format!("dbvsg_{}_", tracked.id)
}

/// What a trigger is and does, in one text: when it fires, where, under which SQL mode, and what it runs.
pub(super) fn installed(tracked: &Tracked) -> Statement {
    let sql = "SELECT trigger_name AS name, \
               CONCAT_WS(' ', action_timing, event_manipulation, event_object_table, sql_mode, action_statement) AS body \
               FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_schema = DATABASE() AND trigger_name LIKE ? ESCAPE '!'";
    let pattern = format!("{}%", prefix(tracked).replace('_', "!_"));
    Statement::from_sql_and_values(DbBackend::MySql, sql, [pattern.into()])
}
