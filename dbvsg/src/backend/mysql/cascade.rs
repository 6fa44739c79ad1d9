//! What foreign keys do to a table's rows.
//!
//! The server carries out CASCADE and SET NULL without a trigger on the rows they reach. So the tables above, which need
//! not be tracked, get triggers that capture what is about to happen to the rows below, through all levels. They belong to
//! the table below, and are dropped and created with its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{gone::Gone, triggers::Capture};
use crate::{
    backend::{Backend, Trigger},
    model::{Action, Cascade, TableName},
};

pub(super) fn triggers(capture: &Capture<'_>) -> Vec<Trigger> {
    let above: BTreeSet<&TableName> = capture.tracked.table.cascades.iter().map(|cascade| &cascade.parent).collect();
    above.into_iter().flat_map(|table| [deleting(capture, table), updating(capture, table)]).flatten().collect()
}

/// Rows of the tracked table that feel a change above: a query of their keys, and what takes the place of which column.
/// Rows that are deleted have nothing in place of any.
struct Effect {
    keys: String,
    assigned: Option<BTreeMap<String, String>>,
}

fn deleting(capture: &Capture<'_>, root: &TableName) -> Option<Trigger> {
    let table = &capture.tracked.table;
    let gone = Gone::below(capture, root);
    let nulled = table.cascades.iter().filter(|cascade| {
        cascade.child == table.name && cascade.on_delete == Action::SetNull && is_watched(capture, cascade)
    });
    let deleted = gone
        .of(&table.name)
        .map(|name| Effect { keys: format!("SELECT {} FROM {name} d", each("d", &capture.key)), assigned: None });
    let nulled = nulled.flat_map(|cascade| {
        let null = || cascade.columns.iter().map(|column| (column.clone(), "NULL".to_owned())).collect();
        gone.referring(cascade, &capture.key).into_iter().map(move |keys| Effect { keys, assigned: Some(null()) })
    });
    let effects: Vec<Effect> = deleted.into_iter().chain(nulled).collect();
    let reached = table.cascades.iter().filter(|cascade| cascade.parent == *root && cascade.on_delete != Action::None);
    let reached: BTreeSet<String> = reached.map(|cascade| exists(capture, cascade)).collect();
    trigger(capture, root, "DELETE", &any(reached), &gone.declarations, &write(capture, &gone.expressions, &effects))
}

fn updating(capture: &Capture<'_>, root: &TableName) -> Option<Trigger> {
    let (mut effects, mut reached, mut moved) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for path in paths(&capture.tracked.table.cascades, root, &capture.tracked.table.name) {
        let assigned = carried(&path, |column| format!("NEW.{}", capture.backend.quote(column)));
        let (Some(assigned), Some(first), Some(last)) = (assigned, path.first(), path.last()) else { continue };
        if !is_watched(capture, last) {
            continue;
        }
        effects.push(Effect { keys: reached_by(capture, &path), assigned: Some(assigned) });
        reached.insert(exists(capture, first));
        moved.extend(first.referenced.iter().map(|column| {
            let column = capture.backend.quote(column);
            format!("NOT (CAST(OLD.{column} AS BINARY) <=> CAST(NEW.{column} AS BINARY))")
        }));
    }
    let condition = format!("({}) AND ({})", any(moved), any(reached));
    trigger(capture, root, "UPDATE", &condition, "", &write(capture, &[], &effects))
}

fn trigger(
    capture: &Capture<'_>,
    root: &TableName,
    event: &str,
    condition: &str,
    declarations: &str,
    steps: &[String],
) -> Option<Trigger> {
    if steps.is_empty() {
        return None;
    }
    let steps = steps.join(" ");
    let body = format!(
        "BEGIN {declarations}IF @@foreign_key_checks AND ({condition}) THEN {} {steps} END IF; END",
        capture.begin
    );
    let action = format!("{}_{}", root.name, event.to_lowercase());
    Some(capture.trigger_on(root, &action, "BEFORE", event, &body))
}

/// Whether a version is due when this foreign key changes its columns.
fn is_watched(capture: &Capture<'_>, cascade: &Cascade) -> bool {
    capture.tracked.watched_columns().any(|column| cascade.columns.contains(&column.name))
}

/// Writes the versions of the rows: each once, whatever number of effects it feels. MariaDB can use an expression only
/// once, because it reads it anew for each use, and then finds no OLD.
fn write(capture: &Capture<'_>, expressions: &[String], effects: &[Effect]) -> Vec<String> {
    if effects.is_empty() {
        return Vec::new();
    }
    let felt = effects.iter().enumerate().map(|(position, effect)| {
        let flags = (0..effects.len()).map(|other| format!(", {} AS felt{other}", i32::from(other == position)));
        format!("SELECT e.*{} FROM ({}) e", flags.collect::<String>(), effect.keys)
    });
    let key = capture.key.join(", ");
    let flags: String = (0..effects.len()).map(|position| format!(", MAX(felt{position}) AS felt{position}")).collect();
    let with =
        if expressions.is_empty() { String::new() } else { format!("WITH RECURSIVE {} ", expressions.join(", ")) };
    let source = format!(
        "FROM (SELECT {key}{flags} FROM ({}) f GROUP BY {key}) k JOIN {} x ON {}",
        felt.collect::<Vec<_>>().join(" UNION ALL "),
        capture.backend.quote_table(&capture.tracked.table.name),
        capture.same_key("x", "k"),
    );
    let insert = |values: &str, op: &str| {
        format!(
            "{} {with}SELECT {values}, {} {source} LOCK IN SHARE MODE;",
            capture.insert_into_history(),
            capture.version(op),
        )
    };
    let deletes =
        effects.iter().position(|effect| effect.assigned.is_none()).map(|position| format!("k.felt{position}"));
    let (before, after) = (row(capture, &[], None), row(capture, effects, deletes.as_deref()));
    let assigned =
        |name: &str| effects.iter().flat_map(|effect| &effect.assigned).any(|columns| columns.contains_key(name));
    if capture.tracked.table.key_columns().any(|column| assigned(&column.name)) {
        return vec![insert(&before, "'delete'"), insert(&after, "'insert'")];
    }
    let op = deletes.map_or_else(|| "'update'".to_owned(), |felt| format!("IF({felt}, 'delete', 'update')"));
    vec![insert(&after, &op)]
}

/// The columns of a row `x` after what it feels; as it was where `deletes` holds.
fn row(capture: &Capture<'_>, effects: &[Effect], deletes: Option<&str>) -> String {
    let unless = deletes.map(|felt| format!(" > {felt}")).unwrap_or_default();
    let columns = capture.tracked.captured_columns().map(|column| {
        let before = format!("x.{}", capture.backend.quote(&column.name));
        let assigned = effects.iter().enumerate();
        assigned
            .filter_map(|(position, effect)| Some((position, effect.assigned.as_ref()?.get(&column.name)?)))
            .fold(before, |before, (position, after)| format!("IF(k.felt{position}{unless}, {after}, {before})"))
    });
    columns.collect::<Vec<_>>().join(", ")
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
    let mut above: Option<BTreeMap<String, String>> = None;
    for cascade in path {
        let pairs = cascade.columns.iter().zip(&cascade.referenced);
        let mut next: BTreeMap<String, String> = pairs
            .filter_map(|(column, referenced)| match &above {
                None => Some((column.clone(), new(referenced))),
                Some(above) => Some((column.clone(), above.get(referenced)?.clone())),
            })
            .collect();
        if next.is_empty() {
            return None;
        }
        if cascade.on_update == Action::SetNull {
            next = cascade.columns.iter().map(|column| (column.clone(), "NULL".to_owned())).collect();
        }
        above = Some(next);
    }
    above
}

/// The keys of the rows at the end of a path, joined from the first table below OLD down.
fn reached_by(capture: &Capture<'_>, path: &[&Cascade]) -> String {
    let mut sources = Vec::with_capacity(path.len());
    let mut conditions = Vec::with_capacity(path.len());
    for (level, cascade) in path.iter().enumerate() {
        let above = level.checked_sub(1).map_or_else(|| "OLD".to_owned(), |above| format!("x{above}"));
        sources.push(format!("{} x{level}", capture.backend.quote_table(&cascade.child)));
        conditions.push(refers(capture, cascade, &format!("x{level}"), |column| format!("{above}.{column}")));
    }
    let key = each(&format!("x{}", path.len().saturating_sub(1)), &capture.key);
    format!("SELECT {key} FROM {} WHERE {}", sources.join(" JOIN "), conditions.join(" AND "))
}

fn exists(capture: &Capture<'_>, cascade: &Cascade) -> String {
    let child = capture.backend.quote_table(&cascade.child);
    let refers = refers(capture, cascade, "x", |column| format!("OLD.{column}"));
    format!("EXISTS (SELECT 1 FROM {child} x WHERE {refers})")
}

/// Whether the row `child` refers to another, whose columns are told by their quoted names.
pub(super) fn refers(capture: &Capture<'_>, cascade: &Cascade, child: &str, parent: impl Fn(&str) -> String) -> String {
    let pairs = cascade.columns.iter().zip(&cascade.referenced).map(|(column, referenced)| {
        format!("{child}.{} = {}", capture.backend.quote(column), parent(&capture.backend.quote(referenced)))
    });
    pairs.collect::<Vec<_>>().join(" AND ")
}

/// Columns of one alias.
pub(super) fn each(alias: &str, columns: &[String]) -> String {
    columns.iter().map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
}

fn any(conditions: BTreeSet<String>) -> String {
    conditions.into_iter().collect::<Vec<_>>().join(" OR ")
}
