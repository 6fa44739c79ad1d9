use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::CommitId;

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Pruned {
    /// The PRUNE commit that records it; none in a dry run, or if nothing goes.
    pub commit: Option<CommitId>,
    /// Whether it is only told.
    pub dry_run: bool,
    /// Each table that was looked at, in name order.
    pub tables: Vec<PrunedTable>,
}

/// What went of one table, or would go.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrunedTable {
    /// The table.
    pub table: String,
    /// How many versions go.
    pub removed: u64,
    /// How many bytes their values take, about.
    pub removed_bytes: u64,
    /// How many versions stay.
    pub kept: u64,
    /// How many bytes their values take, about.
    pub kept_bytes: u64,
    /// From where its past is whole then; none if all of it is.
    pub horizon: Option<Horizon>,
}

/// The commit from which the past of a table is whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Horizon {
    /// The commit.
    pub commit: CommitId,
    /// Its place in the order of all commits.
    pub seq: i64,
    /// Its time.
    #[serde(serialize_with = "crate::model::time::serialize")]
    pub at: DateTime<Utc>,
}
