//! What can go wrong, in terms a caller can act on.

use sea_orm::DbErr;

use crate::backend::{Failure, failure};

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble an [`Error`] is, for callers that map errors to exit codes or HTTP statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing named does not exist.
    NotFound,
    /// The input has no meaning: malformed reference, name, actor or value.
    Malformed,
    /// The input is well-formed and cannot be accepted: wrong type, constraint violated.
    Invalid,
    /// The state of the database forbids it: exists already, stale parent, limit reached.
    Conflict,
    /// The database is busy or cannot be reached; trying again later can succeed.
    Unavailable,
    /// The database user of the connection may not do it.
    Denied,
    /// Stored history contradicts itself.
    Corrupted,
    /// Anything else.
    Internal,
}

/// Which constraint of the database a write violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Constraint {
    /// A primary key or unique key.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// A NOT NULL column.
    NotNull,
    /// A CHECK, or a type the column refuses.
    Check,
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unique => "unique",
            Self::ForeignKey => "foreign key",
            Self::NotNull => "not null",
            Self::Check => "check",
        })
    }
}

/// Everything that this crate reports.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused or failed a statement.
    #[error("the database reported an error")]
    Database(#[source] DbErr),
    /// The database is locked by another writer, or cannot be reached.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// The database user may not do this.
    #[error("the database user lacks a right: {reason}")]
    Denied {
        /// What the database said.
        reason: String,
    },
    /// A write violated a constraint; nothing was changed.
    #[error("a {constraint} constraint is violated: {detail}")]
    Violation {
        /// Which kind of constraint.
        constraint: Constraint,
        /// The columns or the constraint, as the database names them.
        detail: String,
    },
    /// There is no such table.
    #[error("there is no table `{table}`")]
    UnknownTable {
        /// The name asked for.
        table: String,
    },
    /// The table exists and is not tracked.
    #[error("table `{table}` is not tracked; enable it first")]
    NotTracked {
        /// The table.
        table: String,
    },
    /// The table is tracked already.
    #[error("table `{table}` is tracked already")]
    AlreadyTracked {
        /// The table.
        table: String,
    },
    /// The table can't be tracked.
    #[error("table `{table}` cannot be tracked: {reason}")]
    Untrackable {
        /// The table.
        table: String,
        /// Why, and the way out.
        reason: String,
    },
    /// The table changed in a way that its history cannot follow; nothing was changed.
    #[error("the history of table `{table}` cannot follow its change: {reason}")]
    Unfollowable {
        /// The table.
        table: String,
        /// Why, and the way out.
        reason: String,
    },
    /// There is no such column.
    #[error("table `{table}` has no column `{column}`")]
    UnknownColumn {
        /// The table.
        table: String,
        /// The column asked for.
        column: String,
    },
    /// A value does not fit its column.
    #[error("column `{column}` cannot take this value: {reason}")]
    InvalidValue {
        /// The column.
        column: String,
        /// What was expected.
        reason: String,
    },
    /// A key does not fit the primary key of its table.
    #[error("`{key}` is no key of table `{table}`: {reason}")]
    InvalidKey {
        /// The table.
        table: String,
        /// The key as given.
        key: String,
        /// What was expected.
        reason: String,
    },
    /// There is no such row.
    #[error("table `{table}` has no row `{key}`")]
    UnknownRow {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// There was no such row at a commit.
    #[error("table `{table}` had no row `{key}` at {reference}; its history tells when it was there")]
    UnknownRowAt {
        /// The table.
        table: String,
        /// The key.
        key: String,
        /// The commit, as it was asked for.
        reference: String,
    },
    /// The row is soft-deleted.
    #[error("row `{key}` of table `{table}` is deleted; restore it first")]
    SoftDeleted {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// The model has no soft delete.
    #[error("table `{table}` has no soft delete, so nothing can be restored")]
    NoSoftDelete {
        /// The table.
        table: String,
    },
    /// The record limit of a component is reached.
    #[error("`{component}` holds {limit} records, which is its limit")]
    RecordLimit {
        /// The component.
        component: String,
        /// The limit.
        limit: u64,
    },
    /// A reference that is no reference.
    #[error("`{reference}` is no reference: {reason}")]
    MalformedReference {
        /// As given.
        reference: String,
        /// What was expected.
        reason: String,
    },
    /// A reference that names nothing.
    #[error("`{reference}` names no commit: {reason}")]
    UnknownReference {
        /// As given.
        reference: String,
        /// Why.
        reason: String,
    },
    /// A state that retention took away.
    #[error("the past of table `{table}` was pruned; it is there from {from} on")]
    Pruned {
        /// The table.
        table: String,
        /// The commit from which its past is whole, and its time.
        from: String,
    },
    /// A prefix that several commits share.
    #[error("`{reference}` is ambiguous: it could be {}", candidates.join(", "))]
    AmbiguousReference {
        /// As given.
        reference: String,
        /// Some of the commits it could name.
        candidates: Vec<String>,
    },
    /// A name that a tag cannot have.
    #[error("`{name}` is no name for a tag: {reason}")]
    InvalidName {
        /// As given.
        name: String,
        /// What was expected.
        reason: String,
    },
    /// The tag is there already.
    #[error("the tag `{name}` is there already; delete it first, or choose another name")]
    TagExists {
        /// Its name.
        name: String,
    },
    /// There is no such tag.
    #[error("there is no tag `{name}`")]
    UnknownTag {
        /// The name asked for.
        name: String,
    },
    /// HEAD is not what the caller expected.
    #[error("HEAD is {actual}, not {expected}; read the current state and try again")]
    StaleParent {
        /// What the caller expected.
        expected: String,
        /// What HEAD is.
        actual: String,
    },
    /// A state that cannot be put back as it was; nothing was changed.
    #[error("table `{table}` cannot be put back exactly: {reason}")]
    NotExact {
        /// The table.
        table: String,
        /// Why, and the way out.
        reason: String,
    },
    /// SQL that cannot be one commit.
    #[error("this cannot be one commit: {reason}")]
    NotOneCommit {
        /// Why, and the way out.
        reason: String,
    },
    /// An actor that cannot be recorded.
    #[error("the actor is not usable: {reason}")]
    InvalidActor {
        /// What was expected.
        reason: String,
    },
    /// A write through a connection to the past.
    #[error("the past is read-only: {reason}")]
    ReadOnly {
        /// What was tried, and the way out.
        reason: String,
    },
    /// The URL names no database this build can use.
    #[error("cannot use this database: {reason}")]
    UnsupportedDatabase {
        /// Why.
        reason: String,
    },
    /// A hook refused the write; nothing was changed.
    #[error("a hook refused the write")]
    Hook(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row of an import is not usable; nothing was imported.
    #[error("line {line}{}: {reason}", column.as_ref().map(|c| format!(", column `{c}`")).unwrap_or_default())]
    Import {
        /// The line of the file, counting the header line as 1.
        line: u64,
        /// The column, if it is one column's fault.
        column: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// A file to restore is not usable; nothing was changed.
    #[error("this backup cannot be restored: {reason}")]
    DamagedBackup {
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("cannot use {what}")]
    File {
        /// What it was for.
        what: String,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
    /// Stored history contradicts itself; `verify` tells where.
    #[error("the stored history is damaged: {detail}")]
    Corrupted {
        /// What was found.
        detail: String,
    },
}

impl Error {
    /// What kind of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownTable { .. }
            | Self::NotTracked { .. }
            | Self::UnknownRow { .. }
            | Self::UnknownTag { .. }
            | Self::UnknownRowAt { .. }
            | Self::Pruned { .. }
            | Self::UnknownReference { .. } => ErrorKind::NotFound,
            Self::MalformedReference { .. }
            | Self::AmbiguousReference { .. }
            | Self::InvalidActor { .. }
            | Self::UnknownColumn { .. }
            | Self::InvalidKey { .. }
            | Self::NotOneCommit { .. }
            | Self::ReadOnly { .. } => ErrorKind::Malformed,
            Self::Violation { .. }
            | Self::InvalidValue { .. }
            | Self::InvalidName { .. }
            | Self::Hook(_)
            | Self::Untrackable { .. }
            | Self::Unfollowable { .. }
            | Self::Import { .. }
            | Self::DamagedBackup { .. } => ErrorKind::Invalid,
            Self::AlreadyTracked { .. }
            | Self::TagExists { .. }
            | Self::SoftDeleted { .. }
            | Self::NoSoftDelete { .. }
            | Self::RecordLimit { .. }
            | Self::UnsupportedDatabase { .. }
            | Self::NotExact { .. }
            | Self::StaleParent { .. } => ErrorKind::Conflict,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Denied { .. } => ErrorKind::Denied,
            Self::Corrupted { .. } => ErrorKind::Corrupted,
            Self::Database(_) | Self::File { .. } => ErrorKind::Internal,
        }
    }

    /// The column that it is about, if it is about one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::UnknownColumn { column, .. } | Self::InvalidValue { column, .. } => Some(column),
            Self::Import { column, .. } => column.as_deref(),
            // The constraint's columns, as in `users.email`.
            Self::Violation { constraint: Constraint::Unique | Constraint::NotNull, detail } => {
                detail.rsplit_once('.').map(|(_, column)| column).filter(|_| !detail.contains(", "))
            }
            _ => None,
        }
    }

    /// Wraps an I/O error, naming what the file was for: `.map_err(Error::file("the backup"))`.
    pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }

    /// Whether the same call can succeed when it is simply tried again.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if let Some(refusal) = past_refusal(&error) {
            return refusal;
        }
        match failure(&error) {
            Some(Failure::Violation(constraint, detail)) => Self::Violation { constraint, detail },
            Some(Failure::Unavailable) => Self::Unavailable(error),
            Some(Failure::Denied(reason)) => Self::Denied { reason },
            Some(Failure::Misfit(column)) => {
                Self::InvalidValue { column, reason: "the stored value is none that the model's type can take".into() }
            }
            None => Self::Database(error),
        }
    }
}

/// The prefix under which [`crate::AsOf`] reports refusals through SeaORM's error type.
pub(crate) const READ_ONLY: &str = "dbvsg, the past is read-only: ";

/// The same where what was asked for was pruned; the moment from which the past is there follows, and the table.
pub(crate) const PRUNED: &str = "dbvsg, the past is only there from ";

fn past_refusal(error: &DbErr) -> Option<Error> {
    let DbErr::Custom(text) = error else { return None };
    if let Some(reason) = text.strip_prefix(READ_ONLY) {
        return Some(Error::ReadOnly { reason: reason.to_owned() });
    }
    let (from, table) = text.strip_prefix(PRUNED)?.split_once(": ")?;
    Some(Error::Pruned { table: table.to_owned(), from: from.to_owned() })
}
