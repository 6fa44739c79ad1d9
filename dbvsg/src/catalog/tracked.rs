use std::collections::HashMap;

use sea_orm::QueryResult;

use super::{KnownColumn, Retained};
use crate::{
    Result,
    backend::Backend,
    model::{Column, Row, Table, TableName},
};

/// A table under version control: its shape now, its history table, and its column policies.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tracked {
    pub(crate) id: i64,
    /// The table as it is now.
    pub table: Table,
    /// Its history table.
    pub history: TableName,
    /// The column whose value marks a row as deleted.
    pub soft_delete: Option<String>,
    /// Columns that are never stored.
    pub skip: Vec<String>,
    /// Columns that are stored, but whose change alone makes no version.
    pub ignore: Vec<String>,
    /// For each column whether the history table holds it.
    pub(crate) captured: Vec<bool>,
    /// Every column that the table has or had, in the order in which history hashes them.
    pub(crate) known: Vec<KnownColumn>,
    /// How often its history has followed a change of its shape, or lost a part of what it held.
    pub(crate) shape: i64,
    /// The seq from which the past of the table is known.
    pub(crate) since: i64,
    /// What retention has left of it.
    pub(crate) retained: Retained,
    /// Whether somebody disabled it, so that it is not to go on by itself.
    pub(crate) disabled: bool,
}

impl Tracked {
    /// A table of which nothing more is known.
    pub(crate) fn bare(id: i64, table: Table, history: TableName) -> Self {
        Self {
            id,
            captured: vec![true; table.columns.len()],
            table,
            history,
            soft_delete: None,
            skip: Vec::new(),
            ignore: Vec::new(),
            known: Vec::new(),
            shape: 0,
            since: 0,
            retained: Retained::default(),
            disabled: false,
        }
    }

    /// The table's name as it is written in calls and answers.
    pub fn name(&self) -> String {
        self.table.name.to_string()
    }

    /// The column policies it was enabled with.
    pub(crate) fn policy(&self) -> crate::Policy {
        crate::Policy {
            suffix: self.history.name.strip_prefix(&self.table.name.name).map(str::to_owned),
            soft_delete: self.soft_delete.clone(),
            skip: self.skip.iter().filter(|name| self.table.column(name).is_some()).cloned().collect(),
            ignore: self.ignore.clone(),
        }
    }

    /// The columns that history holds, in table order.
    pub(crate) fn captured_columns(&self) -> impl Iterator<Item = &Column> {
        self.table.columns.iter().zip(&self.captured).filter(|(_, captured)| **captured).map(|(column, _)| column)
    }

    /// The columns whose change makes a version.
    pub(crate) fn watched_columns(&self) -> impl Iterator<Item = &Column> {
        self.captured_columns().filter(|column| !self.ignore.contains(&column.name))
    }

    /// Whether history holds what the column at this position was when this commit was made.
    pub(crate) fn held(&self, position: usize, seq: i64) -> bool {
        let name = &self.table.columns[position].name;
        let known = self.known.iter().find(|known| known.live.as_ref() == Some(name));
        self.captured[position] && known.is_some_and(|known| known.since.is_none_or(|since| since < seq))
    }

    /// Whether the table has other columns than history has followed it to. `ids` are what the engine calls them by.
    pub(crate) fn has_other_shape(&self, ids: &HashMap<String, String>) -> bool {
        let live = self.known.iter().filter(|known| known.live.is_some()).count();
        let is_known = |(position, column): (usize, &Column)| {
            let known = self.known.iter().find(|known| known.live.as_ref() == Some(&column.name));
            known.is_some_and(|known| known.is_as_known(&self.table, position, ids))
        };
        live != self.table.columns.len() || !self.table.columns.iter().enumerate().all(is_known)
    }

    /// A column of the table as a version under this alias of history holds it, in the type that it has now. Where the
    /// version is from before the type changed, the old value is converted, or NULL if it cannot be.
    pub(crate) fn past(&self, backend: &dyn Backend, column: &Column, alias: &str) -> String {
        let own = format!("{alias}.{}", backend.quote(&column.name));
        let mut id = self.known.iter().find(|known| known.live.as_ref() == Some(&column.name)).map(|known| known.id);
        let mut values = vec![own];
        while let Some(old) = id.and_then(|id| self.known.iter().find(|known| known.successor == Some(id))) {
            let stored = old.column.as_ref();
            values.extend(
                stored.and_then(|stored| {
                    backend.cast(stored, column, &format!("{alias}.{}", backend.quote(&stored.name)))
                }),
            );
            id = Some(old.id);
        }
        if values.len() == 1 { values.concat() } else { format!("coalesce({})", values.join(", ")) }
    }

    /// All columns of the table under an alias of its history, as [`Tracked::read`] reads them. What history does not hold
    /// is NULL.
    pub(crate) fn projection(&self, backend: &dyn Backend, alias: &str) -> String {
        let columns = self.table.columns.iter().zip(&self.captured).map(|(column, captured)| match captured {
            true => backend.project(column, &self.past(backend, column, alias)),
            false => "NULL".to_owned(),
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The same under an alias of the table itself.
    pub(crate) fn live_projection(&self, backend: &dyn Backend, alias: &str) -> String {
        let columns = self.table.columns.iter().zip(&self.captured).map(|(column, captured)| match captured {
            true => backend.project(column, &format!("{alias}.{}", backend.quote(&column.name))),
            false => "NULL".to_owned(),
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Reads a row that was selected with [`Tracked::projection`], whose first column has this index.
    pub(crate) fn read(&self, backend: &dyn Backend, row: &QueryResult, first: usize) -> Result<Row> {
        let values = (first..first + self.table.columns.len()).map(|index| backend.decode(row, index));
        Ok(Row::new(values.collect::<Result<_>>()?))
    }

    /// The key's columns, quoted.
    pub(crate) fn quoted_key(&self, backend: &dyn Backend) -> Vec<String> {
        self.table.key_columns().map(|column| backend.quote(&column.name)).collect()
    }

    /// A condition that holds where two aliases of the table or its history have the same key.
    pub(crate) fn same_key(&self, backend: &dyn Backend, a: &str, b: &str) -> String {
        let pairs = self.quoted_key(backend).into_iter().map(|name| format!("{a}.{name} = {b}.{name}"));
        pairs.collect::<Vec<_>>().join(" AND ")
    }
}
