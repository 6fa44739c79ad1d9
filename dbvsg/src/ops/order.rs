//! In which order tables are changed: those that others refer to come first.

use crate::model::{Table, TableName};

/// The places of tables such that each stands behind those that it refers to. Where they refer to each other in a circle,
/// the order in it is as given.
pub(super) fn parents_first(tables: &[&Table]) -> Vec<usize> {
    let mut ordered = Vec::with_capacity(tables.len());
    let mut seen = vec![false; tables.len()];
    for place in 0..tables.len() {
        visit(tables, place, &mut seen, &mut ordered);
    }
    ordered
}

fn visit(tables: &[&Table], place: usize, seen: &mut [bool], ordered: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[place], true) {
        return;
    }
    for parent in parents(tables, place) {
        visit(tables, parent, seen, ordered);
    }
    ordered.push(place);
}

/// The places of the tables that one refers to, itself perhaps among them.
fn parents(tables: &[&Table], place: usize) -> impl Iterator<Item = usize> {
    let references = tables[place].foreign_keys.iter().map(|key| &key.references);
    references.filter_map(|name| tables.iter().position(|table| is(&table.name, name)))
}

/// Whether two names mean the same table: SQLite does not mind in which case a reference writes it.
pub(super) fn is(a: &TableName, b: &TableName) -> bool {
    a == b || a.schema == b.schema && a.name.eq_ignore_ascii_case(&b.name)
}

/// Whether a table is part of a circle of several tables.
pub(super) fn is_circular(tables: &[&Table], place: usize) -> bool {
    let mut open: Vec<usize> = parents(tables, place).filter(|parent| *parent != place).collect();
    let mut seen = vec![false; tables.len()];
    while let Some(next) = open.pop() {
        if next == place {
            return true;
        }
        if !std::mem::replace(&mut seen[next], true) {
            open.extend(parents(tables, next));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ForeignKey;

    fn table(name: &str, refers: &[&str]) -> Table {
        let key = |other: &&str| ForeignKey {
            columns: vec![format!("{other}_id")],
            references: TableName::new(*other),
            referenced: vec!["id".into()],
        };
        Table {
            name: TableName::new(name),
            columns: Vec::new(),
            key: Vec::new(),
            unique: Vec::new(),
            foreign_keys: refers.iter().map(key).collect(),
            partitioned: false,
            obstacle: None,
            stamped: Vec::new(),
            cascades: Vec::new(),
        }
    }

    #[test]
    fn those_that_others_refer_to_come_first() {
        let tables = [
            table("line", &["order", "product"]),
            table("order", &["User"]),
            table("product", &[]),
            table("user", &["user"]),
        ];
        let all: Vec<&Table> = tables.iter().collect();
        assert_eq!(parents_first(&all), [3, 1, 2, 0]);
        assert!((0..4).all(|place| !is_circular(&all, place)));
    }

    #[test]
    fn circles_are_seen_and_end() {
        let tables = [table("a", &["b"]), table("b", &["c"]), table("c", &["a"]), table("d", &["a"])];
        let all: Vec<&Table> = tables.iter().collect();
        assert_eq!(parents_first(&all).len(), 4);
        assert!((0..3).all(|place| is_circular(&all, place)));
        assert!(!is_circular(&all, 3));
    }
}
