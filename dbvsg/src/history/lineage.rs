//! From which version each version of a row comes.

use sea_orm::{ConnectionTrait, QueryResult};
use serde::Serialize;

use super::{
    Page,
    changes::{count_of_row, of_row, op, page},
};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{CommitId, Key, Op},
};

/// One version of a row, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Lineage {
    /// The number of the version, from 1.
    pub version: u64,
    /// The commit that made it.
    pub commit: CommitId,
    /// The branch it was made on.
    pub branch: String,
    /// What happened.
    pub operation: Op,
    /// The version before it; none for the first, or where retention took it away.
    pub parent_version: Option<u64>,
    /// The commit that its commit merged, for a merge.
    pub merged_from: Option<CommitId>,
}

/// The versions of one row, oldest first. Two queries.
pub(crate) async fn lineage<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    limit: u64,
    offset: u64,
) -> Result<Page<Lineage>> {
    let total = count_of_row(db, backend, tracked, key, |_| ()).await?;
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT h.vsg_id, h.vsg_op, c.uuid, b.name AS branch, m.uuid AS merged, EXISTS (SELECT 1 FROM {history} p \
             WHERE {} AND p.vsg_id < h.vsg_id AND p.vsg_end = c.seq) AS follows FROM {history} h \
             JOIN dbvsg_commit c ON c.id = h.vsg_begin JOIN dbvsg_branch b ON b.id = h.vsg_branch \
             LEFT JOIN dbvsg_commit m ON m.id = c.merged_id",
            tracked.same_key(backend, "p", "h"),
        ),
    );
    of_row(&mut sql, tracked, key);
    sql.push(" ORDER BY h.vsg_id");
    page(&mut sql, limit, offset);
    let rows = sql.all(db).await?;
    let items = (offset..).zip(&rows).map(|(before, row)| version(tracked, row, before)).collect::<Result<_>>()?;
    Ok(Page { items, total })
}

/// A version that has so many before it.
fn version(tracked: &Tracked, row: &QueryResult, before: u64) -> Result<Lineage> {
    Ok(Lineage {
        version: before + 1,
        commit: row.try_get::<String>("", "uuid")?.parse()?,
        branch: row.try_get("", "branch")?,
        operation: op(tracked, row)?,
        parent_version: row.try_get::<bool>("", "follows")?.then_some(before),
        merged_from: row.try_get::<Option<String>>("", "merged")?.map(|uuid| uuid.parse()).transpose()?,
    })
}
