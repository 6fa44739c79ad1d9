use serde::Serialize;

use crate::CommitId;

/// What a table alone does not tell about a change of its shape.
///
/// ```
/// let hints = dbvsg::Refresh::default().renamed("mail", "email");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Refresh {
    /// Columns that have another name now: the old one and the new one. Wins over what would be guessed.
    pub renamed: Vec<(String, String)>,
    /// Columns that are not renamed ones, though they stand where one of the same type is missing.
    pub added: Vec<String>,
    /// Whether the table may lose its soft delete because the column is gone.
    pub without_soft_delete: bool,
}

impl Refresh {
    /// Says that a column was renamed.
    #[must_use]
    pub fn renamed(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.renamed.push((from.into(), to.into()));
        self
    }

    /// Says that a column is new, though it stands where one of the same type is missing.
    #[must_use]
    pub fn added(mut self, column: impl Into<String>) -> Self {
        self.added.push(column.into());
        self
    }

    /// Lets the table go on without soft delete if its column is gone.
    #[must_use]
    pub fn without_soft_delete(mut self) -> Self {
        self.without_soft_delete = true;
        self
    }
}

/// What changed in the shape of a tracked table, and is followed by its history now.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Refreshed {
    /// The table, by the name that it has now.
    pub table: String,
    /// What changed.
    pub changes: Vec<ShapeChange>,
    /// The commit that records the rows that are not as their history knew them, if there are any.
    pub commit: Option<CommitId>,
}

/// A change of a table's shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShapeChange {
    /// A column is new.
    Added {
        /// The column.
        column: String,
    },
    /// A column is gone. Its values stay in history.
    Dropped {
        /// The column.
        column: String,
    },
    /// A column has another name.
    Renamed {
        /// The name it had.
        from: String,
        /// The name it has.
        to: String,
    },
    /// A column has another type.
    Retyped {
        /// The column.
        column: String,
        /// The type it had.
        from: String,
        /// The type it has.
        to: String,
    },
    /// The table has another name.
    TableRenamed {
        /// The name it had.
        from: String,
    },
    /// The table is gone. Its history stays.
    TableDropped,
    /// The table was gone and is there again.
    TableReturned,
    /// The capture triggers were not there as they should be.
    CaptureRestored,
}

impl std::fmt::Display for ShapeChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added { column } => write!(f, "column `{column}` is new"),
            Self::Dropped { column } => write!(f, "column `{column}` is gone"),
            Self::Renamed { from, to } => write!(f, "column `{from}` is called `{to}` now"),
            Self::Retyped { column, from, to } => write!(f, "column `{column}` was `{from}` and is `{to}` now"),
            Self::TableRenamed { from } => write!(f, "it was called `{from}`"),
            Self::TableDropped => f.write_str("it is gone"),
            Self::TableReturned => f.write_str("it is there again"),
            Self::CaptureRestored => f.write_str("its capture triggers were missing or altered"),
        }
    }
}
