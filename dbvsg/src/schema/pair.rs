//! Which of the known columns each column of a table is.

use std::collections::HashMap;

use super::Refresh;
use crate::{catalog::KnownColumn, model::Table};

/// For each column of the table, the place of the known column that it is; none for a new one.
///
/// Hints come first, then what the engine calls a column by, then names. Where the engine has no such thing, a column at the
/// place of a missing one with its type has been renamed, if nothing else about the table has changed. At last, a column of
/// the name of one that is gone takes it up again.
pub(super) fn pair(
    known: &[KnownColumn],
    table: &Table,
    ids: &HashMap<String, String>,
    hints: &Refresh,
) -> Vec<Option<usize>> {
    let mut pairing = Pairing { known, table, pairs: vec![None; table.columns.len()] };
    for (from, to) in &hints.renamed {
        // A hint that does not fit here speaks of another table.
        if let Some((place, position)) = renamed(known, table, from, to) {
            pairing.pairs[position] = Some(place);
        }
    }
    let is_hinted = |name: &String| hints.added.contains(name);
    pairing.each(|known, name, _| {
        known.live.is_some()
            && !is_hinted(name)
            && known.engine_id.is_some()
            && known.engine_id.as_ref() == ids.get(name)
    });
    let by_id = pairing.pairs.iter().flatten().any(|&place| known[place].engine_id.is_some());
    pairing.each(|known, name, _| known.live.as_ref() == Some(name) && !is_hinted(name));
    if !by_id && pairing.is_renaming() {
        pairing.each(|known, name, position| {
            known.live.is_some() && !is_hinted(name) && known.position == position as i64
        });
    }
    pairing.each(|known, name, _| {
        known.live.is_none() && known.successor.is_none() && known.stored.as_ref() == Some(name)
    });
    pairing.pairs
}

/// Where a column is known that was renamed, and where it stands in the table now; none if that cannot be.
pub(super) fn renamed(known: &[KnownColumn], table: &Table, from: &String, to: &str) -> Option<(usize, usize)> {
    Some((known.iter().position(|known| known.live.as_ref() == Some(from))?, table.position(to)?))
}

struct Pairing<'a> {
    known: &'a [KnownColumn],
    table: &'a Table,
    pairs: Vec<Option<usize>>,
}

impl Pairing<'_> {
    /// Pairs what has no pair yet and belongs together: a known column, and the name and the place of a column.
    fn each(&mut self, same: impl Fn(&KnownColumn, &String, usize) -> bool) {
        for (position, column) in self.table.columns.iter().enumerate() {
            if self.pairs[position].is_some() {
                continue;
            }
            let found = self
                .known
                .iter()
                .enumerate()
                .find(|(place, known)| !self.pairs.contains(&Some(*place)) && same(known, &column.name, position));
            self.pairs[position] = found.map(|(place, _)| place);
        }
    }

    /// Whether every column stands where one of its type stood, so that nothing but names can have changed.
    fn is_renaming(&self) -> bool {
        let mut before: Vec<(usize, &KnownColumn)> =
            self.known.iter().enumerate().filter(|(_, known)| known.live.is_some()).collect();
        before.sort_by_key(|(_, known)| known.position);
        before.len() == self.table.columns.len()
            && before.iter().zip(self.table.columns.iter().zip(&self.pairs)).all(|((place, known), (column, pair))| {
                known.declared == column.declared && pair.is_none_or(|pair| pair == *place)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, ColumnKind, Form, TableName};

    fn table(columns: &[(&str, &str)]) -> Table {
        let columns = columns.iter().map(|(name, declared)| Column {
            name: (*name).into(),
            declared: (*declared).into(),
            kind: ColumnKind::Any,
            form: Form::Any,
            nullable: true,
            has_default: false,
            generated: false,
            collation: None,
        });
        Table {
            name: TableName::new("t"),
            columns: columns.collect(),
            key: vec![0],
            unique: vec![],
            foreign_keys: vec![],
            partitioned: false,
            obstacle: None,
            stamped: vec![],
            cascades: vec![],
        }
    }

    fn ids(of: &[(&str, &str)]) -> HashMap<String, String> {
        of.iter().map(|(name, id)| ((*name).into(), (*id).into())).collect()
    }

    const BEFORE: [(&str, &str); 3] = [("id", "int"), ("a", "text"), ("b", "text")];

    fn paired(now: &[(&str, &str)], hints: &Refresh) -> Vec<Option<usize>> {
        let known = KnownColumn::all(&table(&BEFORE), &[], &HashMap::new());
        pair(&known, &table(now), &HashMap::new(), hints)
    }

    #[test]
    fn columns_are_known_by_name() {
        let none = Refresh::default();
        assert_eq!(paired(&BEFORE, &none), [Some(0), Some(1), Some(2)]);
        assert_eq!(paired(&[("id", "int"), ("b", "text")], &none), [Some(0), Some(2)]);
        assert_eq!(paired(&[("id", "int"), ("b", "int"), ("a", "text")], &none), [Some(0), Some(2), Some(1)]);
        assert_eq!(
            paired(&[("id", "int"), ("a", "text"), ("b", "text"), ("c", "text")], &none),
            [Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn a_column_in_the_place_of_another_is_that_one_if_nothing_else_changed() {
        let none = Refresh::default();
        assert_eq!(paired(&[("id", "int"), ("x", "text"), ("y", "text")], &none), [Some(0), Some(1), Some(2)]);
        assert_eq!(paired(&[("id", "int"), ("x", "int"), ("b", "text")], &none), [Some(0), None, Some(2)]);
        assert_eq!(paired(&[("id", "int"), ("x", "text"), ("b", "int")], &none), [Some(0), None, Some(2)]);
        assert_eq!(paired(&[("id", "int"), ("b", "text"), ("x", "text")], &none), [Some(0), Some(2), None]);
    }

    #[test]
    fn hints_win() {
        let renamed = Refresh::default().renamed("a", "x");
        assert_eq!(paired(&[("id", "int"), ("b", "text"), ("x", "int")], &renamed), [Some(0), Some(2), Some(1)]);
        let added = Refresh::default().added("x");
        assert_eq!(paired(&[("id", "int"), ("x", "text"), ("b", "text")], &added), [Some(0), None, Some(2)]);
        let known = KnownColumn::all(&table(&BEFORE), &[], &HashMap::new());
        let of_another = Refresh::default().renamed("nothing", "a");
        assert_eq!(pair(&known, &table(&BEFORE), &HashMap::new(), &of_another), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn an_engine_that_numbers_columns_is_believed() {
        let known = KnownColumn::all(&table(&BEFORE), &[], &ids(&[("id", "9.1"), ("a", "9.2"), ("b", "9.3")]));
        let now = table(&[("id", "int"), ("b", "text"), ("a", "text"), ("c", "text")]);
        let swapped = ids(&[("id", "9.1"), ("b", "9.2"), ("a", "9.3"), ("c", "9.4")]);
        let none = Refresh::default();
        assert_eq!(pair(&known, &now, &swapped, &none), [Some(0), Some(1), Some(2), None]);
        // A table that was made anew has other numbers, so names decide.
        let anew = ids(&[("id", "8.1"), ("b", "8.2"), ("a", "8.3"), ("c", "8.4")]);
        assert_eq!(pair(&known, &now, &anew, &none), [Some(0), Some(2), Some(1), None]);
    }

    #[test]
    fn a_column_that_was_gone_is_taken_up_again() {
        let mut known = KnownColumn::all(&table(&BEFORE), &[], &HashMap::new());
        known[1].live = None;
        let now = table(&[("id", "int"), ("b", "text"), ("a", "int")]);
        assert_eq!(pair(&known, &now, &HashMap::new(), &Refresh::default()), [Some(0), Some(2), Some(1)]);
    }
}
