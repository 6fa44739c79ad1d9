//! The digests and counts of commits' changes, taken from the versions themselves.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use sea_orm::{DatabaseTransaction, StreamTrait};

use super::{
    canonical::{TableDigest, TableEntry},
    stored::{ChangeReader, count},
};
use crate::{Result, backend::Backend, catalog::Tracked, model::Hash};

/// What the versions of one table say of commits.
#[derive(Default)]
pub(super) struct Recomputed {
    /// By commit: the digest and the counts of its changes.
    pub(super) commits: HashMap<i64, (Hash, TableEntry)>,
    /// How many versions that were.
    pub(super) versions: u64,
}

/// Reads the versions that these commits wrote within a range of change ids (both ends included), as a stream.
pub(super) async fn recompute(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    (first, last): (i64, i64),
    commits: &HashSet<i64>,
) -> Result<Recomputed> {
    let mut open: HashMap<i64, (TableDigest, TableEntry)> = HashMap::new();
    let mut versions = 0;
    let mut reader = ChangeReader::new(backend, tracked);
    let mut sql = reader.select();
    sql.push(" WHERE vsg_id BETWEEN ").bind(first).push(" AND ").bind(last).push(" ORDER BY vsg_id");
    let mut rows = txn.stream_raw(sql.statement()).await?;
    while let Some(row) = rows.try_next().await? {
        let change = reader.read(&row)?;
        let Some(begin) = change.begin.filter(|begin| commits.contains(begin)) else { continue };
        versions += 1;
        let (digest, entry) = open.entry(begin).or_insert_with(|| (TableDigest::new(), TableEntry::default()));
        reader.digest(digest, &change);
        count(entry, &change.op);
    }
    let commits = open.into_iter().map(|(commit, (digest, entry))| (commit, (digest.finish(), entry)));
    Ok(Recomputed { commits: commits.collect(), versions })
}
