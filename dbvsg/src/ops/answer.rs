use serde::Serialize;

use crate::{CommitId, Key, Row, RowDiff};

/// What an operation on whole tables did, or, in a dry run, would do.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Applied {
    /// The commit that was made; for a restore, the commit that is current again. None if nothing was to be changed, if there
    /// are conflicts, or in a dry run.
    pub commit: Option<CommitId>,
    /// The newest commit of the tables that this was decided on. With [`Author::expect_parent`](crate::Author::expect_parent),
    /// what a dry run told is what is done, or nothing is.
    pub parent: Option<CommitId>,
    /// The operation: ROLLBACK, CHECKOUT, RESTORE, MERGE, REVERT, CHERRY_PICK.
    pub operation: String,
    /// How many rows were changed in each table that was.
    pub changes: Vec<TableChanges>,
    /// Rows that cannot be brought together; nothing was changed if there are any. At most 1000 of each table.
    pub conflicts: Vec<Conflict>,
    /// The first rows of each table.
    pub preview: Vec<Preview>,
    /// What cannot be put back, or was left alone, in sentences for people.
    pub notes: Vec<String>,
}

impl Applied {
    /// How many rows were changed in all.
    pub fn rows(&self) -> u64 {
        self.changes.iter().map(|changes| changes.inserted + changes.updated + changes.deleted).sum()
    }
}

/// How many rows of a table are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableChanges {
    /// The table.
    pub table: String,
    /// Rows that come.
    pub inserted: u64,
    /// Rows that become others.
    pub updated: u64,
    /// Rows that go.
    pub deleted: u64,
}

/// The first rows of a table that are changed: from what they are to what they become.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Preview {
    /// The table.
    pub table: String,
    /// Rows, in key order within each kind of change.
    pub rows: Vec<RowDiff>,
}

/// What kind of conflict it is: what was done to the row here, and what is to be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Both changed a column, each to something else.
    ModifyModify,
    /// Changed here, to be deleted.
    ModifyDelete,
    /// Deleted here, to be changed.
    DeleteModify,
    /// Both added a row with this key, and these differ.
    AddAdd,
}

/// A row that cannot be brought together.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// The table.
    pub table: String,
    /// The row's key.
    pub key: Key,
    /// The kind.
    pub kind: ConflictKind,
    /// The columns with three different values, or all that differ where a row is missing on one side.
    pub cells: Vec<Cell>,
    /// The row before both changes.
    pub base: Option<Row>,
    /// The row as it is.
    pub ours: Option<Row>,
    /// The row as it would become.
    pub theirs: Option<Row>,
}

/// A column of a row that cannot be brought together, with its values in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cell {
    /// The column.
    pub column: String,
    /// Its value before both changes.
    pub base: serde_json::Value,
    /// Its value now.
    pub ours: serde_json::Value,
    /// Its value as it would become.
    pub theirs: serde_json::Value,
}
