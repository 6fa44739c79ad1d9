//! What foreign keys do to a table's rows.
//!
//! The server carries out CASCADE and SET NULL without a trigger on the rows they reach. So the tables above, which need
//! not be tracked, get triggers that capture what is about to happen to the rows below, through all levels. They belong to
//! the table below, and are dropped and created with its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{routines::BEGIN, triggers::Capture};
use crate::{
    backend::{Backend, Trigger},
    catalog::MAIN,
    model::{Action, Cascade, TableName},
};

pub(super) fn triggers(capture: &Capture<'_>) -> Vec<Trigger> {
    let above: BTreeSet<&TableName> = capture.tracked.table.cascades.iter().map(|cascade| &cascade.parent).collect();
    above.into_iter().flat_map(|table| [deleting(capture, table), updating(capture, table)]).flatten().collect()
}

/// Changed rows of the tracked table: a query of their keys, and what takes the place of which column.
struct Effect {
    keys: String,
    assigned: BTreeMap<String, String>,
}

fn deleting(capture: &Capture<'_>, root: &TableName) -> Option<Trigger> {
    let gone = Gone::below(capture, root);
    let table = &capture.tracked.table;
    let effects: Vec<Effect> = table
        .cascades
        .iter()
        .filter(|cascade| {
            cascade.child == table.name && cascade.on_delete == Action::SetNull && watched(capture, cascade)
        })
        .flat_map(|cascade| {
            let null = || cascade.columns.iter().map(|column| (column.clone(), "NULL".to_owned())).collect();
            gone.rows(cascade, &capture.key).into_iter().map(move |keys| Effect { keys, assigned: null() })
        })
        .collect();
    let mut steps = Vec::new();
    if let Some(name) = gone.names.get(&table.name) {
        steps.push(format!(
            "{} {} SELECT {}, {MAIN}, @dbvsg_commit, 'delete' FROM {name} d JOIN {} x ON {} LOCK IN SHARE MODE;",
            capture.into_history(),
            with(&gone.expressions),
            row(capture, None),
            capture.backend.quote_table(&table.name),
            capture.same_key("x", "d"),
        ));
    }
    steps.extend(write(capture, &gone.expressions, gone.names.get(&table.name), &effects));
    let reached: Vec<String> = table
        .cascades
        .iter()
        .filter(|cascade| cascade.parent == *root && cascade.on_delete != Action::None)
        .map(|cascade| exists(capture, cascade))
        .collect();
    trigger(capture, root, "DELETE", &reached.join(" OR "), &steps)
}

fn updating(capture: &Capture<'_>, root: &TableName) -> Option<Trigger> {
    let quote = |name: &String| capture.backend.quote(name);
    let (mut effects, mut reached, mut moved) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for path in paths(&capture.tracked.table.cascades, root, &capture.tracked.table.name) {
        let Some(assigned) = carried(&path, |column| format!("NEW.{}", quote(column))) else { continue };
        let (Some(first), Some(last)) = (path.first(), path.last()) else { continue };
        if !watched(capture, last) {
            continue;
        }
        // Joined from the table above down: alias 0 is the first table below it.
        let below = path.iter().enumerate().skip(1).map(|(level, cascade)| {
            let on = pairs(capture, cascade, &format!("x{level}"), &format!("x{}", level - 1));
            format!(" JOIN {} x{level} ON {on}", capture.backend.quote_table(&cascade.child))
        });
        let keys: Vec<String> = capture.key.iter().map(|column| format!("x{}.{column}", path.len() - 1)).collect();
        effects.push(Effect {
            keys: format!(
                "SELECT {} FROM {} x0{} WHERE {}",
                keys.join(", "),
                capture.backend.quote_table(&first.child),
                below.collect::<String>(),
                pairs(capture, first, "x0", "OLD"),
            ),
            assigned,
        });
        reached.insert(exists(capture, first));
        moved.extend(first.referenced.iter().map(|column| {
            let column = quote(column);
            format!("NOT (CAST(OLD.{column} AS BINARY) <=> CAST(NEW.{column} AS BINARY))")
        }));
    }
    let join = |parts: BTreeSet<String>| parts.into_iter().collect::<Vec<_>>().join(" OR ");
    let condition = format!("({}) AND ({})", join(moved), join(reached));
    trigger(capture, root, "UPDATE", &condition, &write(capture, &[], None, &effects))
}

fn trigger(capture: &Capture<'_>, root: &TableName, event: &str, condition: &str, steps: &[String]) -> Option<Trigger> {
    if steps.is_empty() {
        return None;
    }
    let body = format!("BEGIN IF @@foreign_key_checks AND ({condition}) THEN {BEGIN} {} END IF; END", steps.join(" "));
    let action = format!("{}_{}", root.name, event.to_lowercase());
    Some(capture.trigger_on(root, &action, "BEFORE", event, &body))
}

/// Whether a version is due when this foreign key changes its columns.
fn watched(capture: &Capture<'_>, cascade: &Cascade) -> bool {
    capture.tracked.watched_columns().any(|column| cascade.columns.contains(&column.name))
}

/// Writes the versions of rows that change: each once, whatever number of effects it feels, and none that is `gone`.
fn write(capture: &Capture<'_>, expressions: &[String], gone: Option<&String>, effects: &[Effect]) -> Vec<String> {
    let table = capture.backend.quote_table(&capture.tracked.table.name);
    let Some(any) = capture.key.first().filter(|_| !effects.is_empty()) else {
        return Vec::new();
    };
    let key = capture.key.join(", ");
    let named =
        effects.iter().enumerate().map(|(position, effect)| format!("e{position} ({key}) AS ({})", effect.keys));
    let expressions: Vec<String> = expressions.iter().cloned().chain(named).collect();
    let all =
        (0..effects.len()).map(|position| format!("SELECT * FROM e{position}")).collect::<Vec<_>>().join(" UNION ");
    let mut joins: String = (0..effects.len())
        .map(|position| format!(" LEFT JOIN e{position} ON {}", capture.same_key(&format!("e{position}"), "x")))
        .collect();
    let mut condition = String::new();
    if let Some(gone) = gone {
        joins.push_str(&format!(" LEFT JOIN {gone} d ON {}", capture.same_key("d", "x")));
        condition = format!(" WHERE d.{any} IS NULL");
    }
    let insert = |values: &str, op: &str| {
        format!(
            "{} {} SELECT {values}, {MAIN}, @dbvsg_commit, '{op}' FROM ({all}) k JOIN {table} x ON {}{joins}{condition} LOCK IN SHARE MODE;",
            capture.into_history(),
            with(&expressions),
            capture.same_key("x", "k"),
        )
    };
    let after = row(capture, Some(effects));
    let moves = capture
        .tracked
        .table
        .key_columns()
        .any(|column| effects.iter().any(|effect| effect.assigned.contains_key(&column.name)));
    if moves {
        vec![insert(&row(capture, None), "delete"), insert(&after, "insert")]
    } else {
        vec![insert(&after, "update")]
    }
}

/// The columns of a row `x`, before or after what happens to it.
fn row(capture: &Capture<'_>, effects: Option<&[Effect]>) -> String {
    let any = capture.key.first().map(String::as_str).unwrap_or_default();
    let columns = capture.tracked.captured_columns().map(|column| {
        let before = format!("x.{}", capture.backend.quote(&column.name));
        let felt = effects.unwrap_or_default().iter().enumerate();
        felt.filter_map(|(position, effect)| Some((position, effect.assigned.get(&column.name)?)))
            .fold(before, |before, (position, after)| format!("IF(e{position}.{any} IS NULL, {before}, {after})"))
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The rows that go with a row of the root, table by table, as common table expressions.
struct Gone<'a> {
    capture: &'a Capture<'a>,
    root: &'a TableName,
    names: BTreeMap<TableName, String>,
    expressions: Vec<String>,
}

impl<'a> Gone<'a> {
    fn below(capture: &'a Capture<'a>, root: &'a TableName) -> Self {
        let mut gone = Self { capture, root, names: BTreeMap::new(), expressions: Vec::new() };
        let deletes: Vec<&Cascade> =
            capture.tracked.table.cascades.iter().filter(|cascade| cascade.on_delete == Action::Cascade).collect();
        let mut reached: BTreeSet<&TableName> = BTreeSet::new();
        while let Some(next) = deletes.iter().find(|cascade| {
            (cascade.parent == *root || reached.contains(&cascade.parent))
                && !reached.contains(&cascade.child)
                && (cascade.child != *root || cascade.parent == *root)
        }) {
            reached.insert(&next.child);
        }
        // A table comes after those above it, as long as they do not go round in a circle.
        while !reached.is_empty() {
            let waits = |table: &TableName| {
                deletes.iter().any(|cascade| {
                    cascade.child == *table && cascade.parent != *table && reached.contains(&cascade.parent)
                })
            };
            let next = reached.iter().find(|table| !waits(table)).or(reached.first()).copied();
            let Some(next) = next else { break };
            reached.remove(next);
            gone.add(next, &deletes);
        }
        gone
    }

    fn add(&mut self, table: &TableName, deletes: &[&Cascade]) {
        let cascades = &self.capture.tracked.table.cascades;
        let mut columns: BTreeSet<String> = cascades
            .iter()
            .filter(|cascade| cascade.parent == *table)
            .flat_map(|cascade| cascade.referenced.iter().map(|column| self.capture.backend.quote(column)))
            .collect();
        if *table == self.capture.tracked.table.name {
            columns.extend(self.capture.key.iter().cloned());
        }
        let columns: Vec<String> = columns.into_iter().collect();
        let above = deletes.iter().filter(|cascade| cascade.child == *table && cascade.parent != *table);
        let mut parts: Vec<String> = above.flat_map(|cascade| self.rows(cascade, &columns)).collect();
        let name = format!("d{}", self.expressions.len());
        let own: Vec<&&Cascade> =
            deletes.iter().filter(|cascade| cascade.child == *table && cascade.parent == *table).collect();
        if *table == *self.root {
            parts.extend(own.iter().flat_map(|cascade| self.rows(cascade, &columns)));
        }
        self.names.insert(table.clone(), name.clone());
        for cascade in own {
            parts.extend(self.joined(cascade, &columns));
        }
        self.expressions.push(format!("{name} ({}) AS ({})", columns.join(", "), parts.join(" UNION ")));
    }

    /// The rows that refer to the root's row, or to rows that go with it.
    fn rows(&self, cascade: &Cascade, columns: &[String]) -> Vec<String> {
        let capture = self.capture;
        let direct = (cascade.parent == *self.root).then(|| {
            format!(
                "SELECT {} FROM {} x WHERE {}",
                each("x", columns),
                capture.backend.quote_table(&cascade.child),
                pairs(capture, cascade, "x", "OLD"),
            )
        });
        direct.into_iter().chain(self.joined(cascade, columns)).collect()
    }

    fn joined(&self, cascade: &Cascade, columns: &[String]) -> Option<String> {
        let above = self.names.get(&cascade.parent)?;
        Some(format!(
            "SELECT {} FROM {above} p JOIN {} x ON {}",
            each("x", columns),
            self.capture.backend.quote_table(&cascade.child),
            pairs(self.capture, cascade, "x", "p"),
        ))
    }
}

/// The ways down from one table to another by which a change of a referenced column comes: through ON UPDATE CASCADE, and
/// SET NULL at the end. A foreign key to its own table is none: there the server refuses the change.
fn paths<'a>(cascades: &'a [Cascade], from: &TableName, to: &TableName) -> Vec<Vec<&'a Cascade>> {
    let mut found = Vec::new();
    let mut open: Vec<Vec<&Cascade>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let at = path.last().map_or(from, |cascade| &cascade.child);
        for next in cascades.iter().filter(|cascade| cascade.parent == *at) {
            let seen = next.child == *from || path.iter().any(|cascade| cascade.child == next.child);
            let goes_on = match next.on_update {
                Action::None => false,
                Action::Cascade => true,
                Action::SetNull => next.child == *to,
            };
            if seen || !goes_on {
                continue;
            }
            let longer: Vec<&Cascade> = path.iter().copied().chain([next]).collect();
            if next.child == *to { found.push(longer) } else { open.push(longer) }
        }
    }
    found
}

/// What the columns at the end of a path become; none if the change does not come so far.
fn carried(path: &[&Cascade], new: impl Fn(&String) -> String) -> Option<BTreeMap<String, String>> {
    let mut carried: Option<BTreeMap<String, String>> = None;
    for cascade in path {
        let pairs = cascade.columns.iter().zip(&cascade.referenced);
        let next: BTreeMap<String, String> = pairs
            .filter_map(|(column, referenced)| {
                let value = match &carried {
                    None => new(referenced),
                    Some(above) => above.get(referenced)?.clone(),
                };
                Some((column.clone(), value))
            })
            .collect();
        if next.is_empty() {
            return None;
        }
        carried = Some(match cascade.on_update {
            Action::SetNull => cascade.columns.iter().map(|column| (column.clone(), "NULL".to_owned())).collect(),
            _ => next,
        });
    }
    carried
}

fn exists(capture: &Capture<'_>, cascade: &Cascade) -> String {
    let child = capture.backend.quote_table(&cascade.child);
    format!("EXISTS (SELECT 1 FROM {child} x WHERE {})", pairs(capture, cascade, "x", "OLD"))
}

/// Whether the row `child` refers to the row `parent`.
fn pairs(capture: &Capture<'_>, cascade: &Cascade, child: &str, parent: &str) -> String {
    let pairs = cascade.columns.iter().zip(&cascade.referenced).map(|(column, referenced)| {
        format!("{child}.{} = {parent}.{}", capture.backend.quote(column), capture.backend.quote(referenced))
    });
    pairs.collect::<Vec<_>>().join(" AND ")
}

fn each(alias: &str, columns: &[String]) -> String {
    columns.iter().map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
}

fn with(expressions: &[String]) -> String {
    format!("WITH RECURSIVE {}", expressions.join(", "))
}
