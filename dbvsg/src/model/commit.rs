use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{Comment, Key, Row};

/// The identity of a commit: a random UUID (version 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CommitId(Uuid);

impl CommitId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CommitId {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        // Only the hyphenated form: 32 bare digits could as well be somebody's name.
        let uuid = (text.len() == 36).then(|| Uuid::parse_str(text).ok()).flatten();
        uuid.map(Self).ok_or_else(|| crate::Error::MalformedReference {
            reference: text.to_owned(),
            reason: "it is no UUID".into(),
        })
    }
}

/// The SHA-256 that chains a commit to all commits before it; shown as 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// One sealed transaction: who, when, why, and what it did to each table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Commit {
    /// Its identity.
    pub uuid: CommitId,
    /// Its place in the one order of all commits, from 1.
    pub seq: i64,
    /// The branch it is on.
    pub branch: String,
    /// The commit before it on that branch.
    pub parent: Option<CommitId>,
    /// The commit that was merged, for a merge.
    pub merged: Option<CommitId>,
    /// What kind of transaction it was, in upper case: INSERT, UPDATE, TRANSACTION, BASELINE, EXTERNAL, ...
    pub operation: String,
    /// The statement or request that caused it, if it was kept.
    pub query: Option<String>,
    /// Why.
    pub message: Option<String>,
    /// Who.
    #[serde(rename = "user_id")]
    pub actor: String,
    /// Anything else that was kept with it.
    pub meta: Option<serde_json::Value>,
    /// The chain up to and including this commit.
    pub hash: Hash,
    /// When its transaction ended (UTC, microseconds; grows strictly along `seq`).
    #[serde(serialize_with = "super::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// Whether it is the current commit of the table asked for, else of any of its tables.
    pub is_current: bool,
    /// Whether it was undone, in the table asked for, else in all its tables.
    pub rollbacked: bool,
    /// When it was undone.
    #[serde(serialize_with = "super::time::serialize_option")]
    pub rollbacked_at: Option<DateTime<Utc>>,
    /// The tags that name it.
    pub tags: Vec<String>,
    /// What it did to each table, in name order.
    pub tables: Vec<CommitTable>,
}

/// What a commit did to one table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CommitTable {
    /// The table.
    pub table: String,
    /// Rows inserted, baseline rows included.
    pub inserted: i64,
    /// Rows updated, soft deletes and their undoing included.
    pub updated: i64,
    /// Rows deleted.
    pub deleted: i64,
    /// Rows the table held afterwards, soft-deleted ones included.
    pub rows: i64,
    /// The commit that was current for this table before.
    pub parent: Option<CommitId>,
    /// Whether this table is in the state of this commit now.
    pub is_current: bool,
    /// Whether the commit was undone in this table.
    pub rollbacked: bool,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It was there when the table was enabled.
    Baseline,
    /// It came.
    #[serde(rename = "create")]
    Insert,
    /// It changed.
    Update,
    /// It went.
    Delete,
    /// It was marked as deleted.
    SoftDelete,
    /// The mark was taken away.
    Restore,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Baseline, Self::Insert, Self::Update, Self::Delete, Self::SoftDelete, Self::Restore];

    /// The word in the history table.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::SoftDelete => "soft_delete",
            Self::Restore => "restore",
        }
    }

    /// The word in JSON: as stored, but `create` for an insert.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Insert => "create",
            other => other.stored(),
        }
    }

    /// Reads the word of the history table.
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.stored() == word)
    }

    /// Reads the word of JSON.
    pub fn from_shown(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.shown() == word)
    }
}

/// One change of one row, with the commit it belongs to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The table.
    pub table: String,
    /// The change id: unique within its table, growing in write order.
    pub id: i64,
    /// The row's key.
    pub key: Key,
    /// What happened.
    pub op: Op,
    /// The row before; none for an insert.
    pub before: Option<Row>,
    /// The row after; none for a delete.
    pub after: Option<Row>,
    /// The commit.
    pub commit: CommitId,
    /// The commit's place in the order of all commits.
    pub seq: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub message: Option<String>,
    /// When (UTC, microseconds).
    pub at: DateTime<Utc>,
}

/// One version of one row: a [`Change`] with its number in the row's life.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Version {
    /// The number of the version, from 1.
    pub version: u64,
    /// The operation label of the commit.
    pub operation: String,
    /// What happened.
    pub change: Change,
    /// The tags of its commit.
    pub tags: Vec<String>,
    /// What was said about it.
    pub comments: Vec<Comment>,
}
