use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a table: its own name, and its schema where the engine has schemas.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The schema, if it is not the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The table's own name.
    pub name: String,
}

impl TableName {
    /// A table of the default schema.
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A binary floating-point number.
    Float,
    /// An exact decimal number.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A span of time, which can be below zero and more than a day.
    Duration,
    /// A moment without zone.
    DateTime,
    /// A moment with zone, kept as UTC.
    Timestamp,
    /// A UUID.
    Uuid,
    /// A JSON document.
    Json,
    /// Several values of one kind, or several such arrays.
    Array(&'static ColumnKind),
    /// Whatever was stored: a column without a declared type.
    Any,
}

/// In which form the database hands out and takes the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// As a boolean.
    Bool,
    /// As an integer.
    Integer,
    /// As a double.
    Real,
    /// As text.
    Text,
    /// As bytes.
    Bytes,
    /// Each value in its own way.
    Any,
}

/// One column as the database describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The declared type, in the words of the engine.
    pub declared: String,
    /// What its values mean.
    pub kind: ColumnKind,
    /// In which form they come and go.
    pub form: Form,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the database fills it when a row leaves it out: a default, or an automatic key.
    pub has_default: bool,
    /// Whether the database computes it, so nobody may write it.
    pub generated: bool,
    /// The collation, where it is not the engine's usual one.
    pub collation: Option<String>,
}

/// A unique key other than the primary key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UniqueKey {
    /// The columns with the collation under which they are compared.
    pub columns: Vec<(String, Option<String>)>,
    /// Whether it holds for some of the rows only, or compares only the beginning of a value.
    pub partial: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ForeignKey {
    /// The columns of this table.
    pub columns: Vec<String>,
    /// The table they refer to.
    pub references: TableName,
    /// The columns there, in the same order.
    pub referenced: Vec<String>,
}

/// What an engine does to the rows that refer to a row that is deleted, or given another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing, or the change is refused.
    None,
    /// The same.
    Cascade,
    /// Lets them refer to nothing.
    SetNull,
}

/// A foreign key that changes rows without a trigger on them, where the engine has such.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cascade {
    /// The table whose rows change.
    pub(crate) child: TableName,
    /// The table they refer to.
    pub(crate) parent: TableName,
    /// The columns of the child.
    pub(crate) columns: Vec<String>,
    /// The columns of the parent, in the same order.
    pub(crate) referenced: Vec<String>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
}

/// A table as the database describes it now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The positions of the primary key's columns, in key order; empty if there is no primary key.
    pub key: Vec<usize>,
    /// Its other unique keys.
    pub unique: Vec<UniqueKey>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Whether its rows are kept in partitions.
    pub partitioned: bool,
    /// Why the engine cannot capture it, if it can't.
    pub obstacle: Option<String>,
    /// The columns that the engine sets anew whenever it changes a row.
    pub(crate) stamped: Vec<String>,
    /// The cascades that no trigger sees, from the table itself up through all tables above it.
    pub(crate) cascades: Vec<Cascade>,
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The position of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The primary key's columns, in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().map(|&position| &self.columns[position])
    }

    /// The names of the primary key's columns, in key order.
    pub fn key_names(&self) -> Vec<&str> {
        self.key_columns().map(|column| column.name.as_str()).collect()
    }

    /// Whether the column at this position belongs to the primary key.
    pub fn is_key(&self, position: usize) -> bool {
        self.key.contains(&position)
    }
}
