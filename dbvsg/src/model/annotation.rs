use chrono::{DateTime, Utc};
use serde::Serialize;

use super::CommitId;

/// A name that somebody gave a commit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tag {
    /// The name.
    pub name: String,
    /// The commit that it names.
    #[serde(rename = "ref")]
    pub commit: CommitId,
    /// What was said about it.
    pub comment: Option<String>,
    /// Who gave it.
    pub actor: String,
    /// When (UTC, microseconds).
    #[serde(serialize_with = "super::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// When it was deleted, if it was.
    #[serde(serialize_with = "super::time::serialize_option")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who deleted it.
    pub deleted_by: Option<String>,
}

/// What somebody said about a commit, or about the version of a row that it made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comment {
    /// What was said.
    #[serde(rename = "comment")]
    pub text: String,
    /// Who said it.
    pub actor: String,
    /// When (UTC, microseconds).
    #[serde(serialize_with = "super::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// The table of the row, if it is about a version of one.
    pub table: Option<String>,
    /// The row's key in its text form.
    pub key: Option<String>,
    /// The number of the version.
    pub version: Option<u64>,
}
