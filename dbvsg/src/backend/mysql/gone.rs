use std::collections::{BTreeMap, BTreeSet};

use super::{
    cascade::{each, refers},
    triggers::Capture,
};
use crate::{
    backend::Backend,
    model::{Action, Cascade, TableName},
};

/// The rows that go with a row of a table, table by table, as common table expressions.
pub(super) struct Gone<'a> {
    capture: &'a Capture<'a>,
    root: &'a TableName,
    names: BTreeMap<&'a TableName, String>,
    /// How each column of OLD is written in them.
    old: BTreeMap<String, String>,
    /// What the trigger declares for them.
    pub(super) declarations: String,
    pub(super) expressions: Vec<String>,
}

impl<'a> Gone<'a> {
    pub(super) fn below(capture: &'a Capture<'a>, root: &'a TableName) -> Self {
        let cascades = &capture.tracked.table.cascades;
        let mut gone = Self {
            capture,
            root,
            names: BTreeMap::new(),
            old: BTreeMap::new(),
            declarations: String::new(),
            expressions: Vec::new(),
        };
        gone.declare();
        let deletes: Vec<&Cascade> = cascades.iter().filter(|cascade| cascade.on_delete == Action::Cascade).collect();
        for table in downwards(&deletes, root) {
            gone.add(table, &deletes);
        }
        gone
    }

    /// The expression of a table's rows, if any go.
    pub(super) fn of(&self, table: &TableName) -> Option<&String> {
        self.names.get(table)
    }

    /// Queries of rows that refer to the root's row, or to rows that go with it.
    pub(super) fn referring(&self, cascade: &Cascade, columns: &[String]) -> Vec<String> {
        let child = self.capture.backend.quote_table(&cascade.child);
        let direct = (cascade.parent == *self.root).then(|| {
            let refers = refers(self.capture, cascade, "x", |column| self.old.get(column).cloned().unwrap_or_default());
            format!("SELECT {} FROM {child} x WHERE {refers}", each("x", columns))
        });
        direct.into_iter().chain(self.following(cascade, columns)).collect()
    }

    /// The query of rows that refer to rows that go.
    fn following(&self, cascade: &Cascade, columns: &[String]) -> Option<String> {
        let above = self.names.get(&cascade.parent)?;
        let child = self.capture.backend.quote_table(&cascade.child);
        let refers = refers(self.capture, cascade, "x", |column| format!("p.{column}"));
        Some(format!("SELECT {} FROM {above} p JOIN {child} x ON {refers}", each("x", columns)))
    }

    fn declare(&mut self) {
        let backend = self.capture.backend;
        let root = backend.quote_table(self.root);
        let cascades = self.capture.tracked.table.cascades.iter().filter(|cascade| cascade.parent == *self.root);
        let columns: BTreeSet<String> =
            cascades.flat_map(|cascade| &cascade.referenced).map(|column| backend.quote(column)).collect();
        for (position, column) in columns.into_iter().enumerate() {
            let (declaration, name) = backend.flavour.old(position, &root, &column);
            self.declarations.push_str(&declaration);
            self.old.insert(column, name);
        }
    }

    fn add(&mut self, table: &'a TableName, deletes: &[&Cascade]) {
        let columns = self.needed(table);
        let name = format!("d{}", self.expressions.len());
        let (own, above): (Vec<&Cascade>, Vec<&Cascade>) =
            deletes.iter().filter(|cascade| cascade.child == *table).partition(|cascade| cascade.parent == *table);
        let above = above.into_iter().chain(own.iter().copied().filter(|_| table == self.root));
        let mut parts: Vec<String> = above.flat_map(|cascade| self.referring(cascade, &columns)).collect();
        self.names.insert(table, name.clone());
        parts.extend(own.into_iter().filter_map(|cascade| self.following(cascade, &columns)));
        self.expressions.push(format!("{name} ({}) AS ({})", columns.join(", "), parts.join(" UNION ")));
    }

    /// The columns by which others refer to a table's rows, and by which the tracked table's are known.
    fn needed(&self, table: &TableName) -> Vec<String> {
        let tracked = &self.capture.tracked.table;
        let below = tracked.cascades.iter().filter(|cascade| cascade.parent == *table);
        let mut columns: BTreeSet<String> =
            below.flat_map(|cascade| &cascade.referenced).map(|column| self.capture.backend.quote(column)).collect();
        if *table == tracked.name {
            columns.extend(self.capture.key.iter().cloned());
        }
        columns.into_iter().collect()
    }
}

/// The tables that a delete comes to, each after those above it, as long as they do not go round in a circle.
fn downwards<'a>(deletes: &[&'a Cascade], root: &TableName) -> Vec<&'a TableName> {
    let mut reached: BTreeSet<&TableName> = BTreeSet::new();
    while let Some(next) = deletes.iter().find(|cascade| {
        let from = cascade.parent == *root || reached.contains(&cascade.parent);
        let circle = cascade.child == *root && cascade.parent != *root;
        from && !circle && !reached.contains(&cascade.child)
    }) {
        reached.insert(&next.child);
    }
    let mut ordered = Vec::with_capacity(reached.len());
    while let Some(first) = reached.first().copied() {
        let waits = |table: &TableName| {
            let mut above = deletes.iter().filter(|cascade| cascade.child == *table && cascade.parent != *table);
            above.any(|cascade| reached.contains(&cascade.parent))
        };
        let next = reached.iter().copied().find(|table| !waits(table)).unwrap_or(first);
        reached.remove(next);
        ordered.push(next);
    }
    ordered
}
