//! What is kept of commits' changes that are about to be taken away, so that the chain can still be recomputed.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{
    canonical::{TableDigest, TableEntry},
    recompute::recompute,
    stored::{ENTRY, table_entry},
};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::Hash,
};

/// How many commits are looked at in one go.
const BATCH: usize = 500;

/// Notes of each commit that loses versions of this table (those in `dbvsg_doomed`) the digest of all its changes to it,
/// and how many of each kind go. One statement, and some eight for each 500 commits.
pub(crate) async fn preserve(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<()> {
    let mut after = 0;
    loop {
        // What was pruned before has its digest already, and could not be recomputed.
        let mut sql = Sql::new(backend, format!("SELECT {ENTRY} FROM dbvsg_commit_table x WHERE x.table_id = "));
        sql.bind(tracked.id).push(" AND x.commit_id > ").bind(after).push(" AND x.pruned_digest IS NULL");
        sql.push(" AND EXISTS (SELECT 1 FROM dbvsg_doomed d WHERE d.commit_id = x.commit_id)");
        sql.push(&format!(" ORDER BY x.commit_id LIMIT {BATCH}"));
        let rows = sql.all(txn).await?;
        let mut entries: Vec<(i64, TableEntry)> = Vec::with_capacity(rows.len());
        for row in &rows {
            entries.push((row.try_get("", "commit_id")?, table_entry(row)?));
        }
        let Some((last, _)) = entries.last() else { break };
        after = *last;
        let digests = digests(txn, backend, tracked, &entries).await?;
        for digests in digests.chunks(100) {
            note(txn, backend, tracked, digests).await?;
        }
    }
    count(txn, backend, tracked).await
}

async fn digests(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    entries: &[(i64, TableEntry)],
) -> Result<Vec<(i64, Hash)>> {
    let first = entries.iter().map(|(_, entry)| entry.first_change).min().unwrap_or_default();
    let last = entries.iter().map(|(_, entry)| entry.last_change).max().unwrap_or_default();
    let commits: HashSet<i64> = entries.iter().map(|(commit, _)| *commit).collect();
    let found = recompute(txn, backend, tracked, (first, last), &commits).await?.commits;
    let nothing = || TableDigest::new().finish();
    let digest = |commit: i64| found.get(&commit).map_or_else(nothing, |(digest, _)| *digest);
    Ok(entries.iter().map(|(commit, _)| (*commit, digest(*commit))).collect())
}

async fn note(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    digests: &[(i64, Hash)],
) -> Result<()> {
    let mut sql = Sql::new(backend, "UPDATE dbvsg_commit_table SET pruned_digest = CASE commit_id");
    for (commit, digest) in digests {
        sql.push(" WHEN ").bind(*commit).push(" THEN ").bind(digest.0.to_vec());
    }
    sql.push(" END WHERE table_id = ").bind(tracked.id).push(" AND commit_id IN (");
    sql.bind_all(digests.iter().map(|(commit, _)| *commit)).push(")");
    sql.execute(txn).await?;
    Ok(())
}

/// Adds what goes now to what went before.
async fn count(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
    let kinds = ["baseline", "insert", "update", "delete", "soft_delete", "restore"];
    let counters = ["baseline", "inserted", "updated", "deleted", "soft_deleted", "restored"];
    let sums = kinds.into_iter().zip(counters).map(|(op, counter)| {
        format!(
            "pruned_{counter} = pruned_{counter} + (SELECT count(*) FROM dbvsg_doomed d \
             WHERE d.commit_id = dbvsg_commit_table.commit_id AND d.op = '{op}')"
        )
    });
    let sql = format!(
        "UPDATE dbvsg_commit_table SET {} WHERE table_id = {} AND commit_id IN (SELECT d.commit_id FROM dbvsg_doomed d)",
        sums.collect::<Vec<_>>().join(", "),
        tracked.id,
    );
    txn.execute_raw(Sql::new(backend, sql).statement()).await?;
    Ok(())
}
