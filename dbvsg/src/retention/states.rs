//! The states of a table that stay although they are before its horizon.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, StreamTrait};

use super::Period;
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
};

/// How many states are looked up at a time.
const BATCH: usize = 500;

/// From one seq (included) to another (excluded), over which a table does not change.
pub(super) type Range = (i64, i64);

/// The states up to `end` that must stay, of those that are there: what tagged commits show, the last of each period, the
/// one at the end itself, and whatever was kept before and reaches beyond it.
pub(super) async fn staying(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    end: i64,
    period: Option<Period>,
) -> Result<Vec<Range>> {
    let retained = &tracked.retained;
    let mut points = tagged(txn, backend, end).await?;
    points.insert(end);
    points.retain(|seq| *seq >= tracked.since && retained.holds(*seq));
    points.extend(retained.kept.iter().filter(|(_, kept)| *kept > end).map(|(first, _)| *first));
    if let Some(period) = period {
        points.extend(last_of_each(txn, backend, tracked, end, period).await?);
    }
    ranges(txn, backend, tracked, points.into_iter().collect()).await
}

/// Puts these states in place of those that the catalog lists.
pub(super) async fn write(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    ranges: &[Range],
) -> Result<()> {
    txn.execute_unprepared(&format!("DELETE FROM dbvsg_kept WHERE table_id = {}", tracked.id)).await?;
    for ranges in ranges.chunks(BATCH) {
        let mut sql = Sql::new(backend, "INSERT INTO dbvsg_kept (table_id, first_seq, end_seq) VALUES ");
        for (position, (first, end)) in ranges.iter().enumerate() {
            sql.push(if position > 0 { ", (" } else { "(" }).bind_all([tracked.id, *first, *end]).push(")");
        }
        sql.execute(txn).await?;
    }
    Ok(())
}

async fn tagged(txn: &DatabaseTransaction, backend: &'static dyn Backend, end: i64) -> Result<BTreeSet<i64>> {
    let sql = "SELECT c.seq FROM dbvsg_tag g JOIN dbvsg_commit c ON c.id = g.commit_id WHERE g.live = 1 AND c.seq <= ";
    let mut sql = Sql::new(backend, sql);
    sql.bind(end);
    let rows = sql.all(txn).await?;
    Ok(rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<_, _>>()?)
}

/// The last state of each period, of those that are there. Streams the commits that touched the table.
async fn last_of_each(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    end: i64,
    period: Period,
) -> Result<Vec<i64>> {
    let mut sql = Sql::new(backend, "SELECT c.seq, c.committed_at FROM dbvsg_commit c WHERE c.seq <= ");
    sql.bind(end).push(" AND (c.seq IN (SELECT k.first_seq FROM dbvsg_kept k WHERE k.table_id = ").bind(tracked.id);
    sql.push(") OR (c.seq >= ").bind(tracked.retained.horizon);
    sql.push(" AND EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.last_change > 0 AND x.table_id = ");
    sql.bind(tracked.id).push("))) ORDER BY c.seq");
    let mut rows = txn.stream_raw(sql.statement()).await?;
    let (mut found, mut last) = (Vec::new(), None);
    while let Some(row) = rows.try_next().await? {
        let (seq, number): (i64, i64) = (row.try_get("", "seq")?, period.number(row.try_get("", "committed_at")?));
        if let Some((before, _)) = last.filter(|(_, before)| *before != number) {
            found.push(before);
        }
        last = Some((seq, number));
    }
    found.extend(last.map(|(seq, _)| seq));
    Ok(found)
}

/// From where to where the table is as it is at these places. One query for each 500.
async fn ranges(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    points: Vec<i64>,
) -> Result<Vec<Range>> {
    let nearest = |condition: &str, order: &str| {
        format!(
            "(SELECT c.seq FROM dbvsg_commit_table x JOIN dbvsg_commit c ON c.id = x.commit_id WHERE x.table_id = {} \
             AND x.last_change > 0 AND x.commit_id {condition} p.id ORDER BY x.commit_id {order} LIMIT 1)",
            tracked.id,
        )
    };
    let (first, end) = (nearest("<=", "DESC"), nearest(">", "ASC"));
    let mut found = BTreeMap::new();
    for points in points.chunks(BATCH) {
        let select = format!("SELECT {first} AS first_seq, {end} AS end_seq FROM dbvsg_commit p WHERE p.seq IN (");
        let mut sql = Sql::new(backend, select);
        sql.bind_all(points.iter().copied()).push(")");
        for row in sql.all(txn).await? {
            let first: Option<i64> = row.try_get("", "first_seq")?;
            let end: Option<i64> = row.try_get("", "end_seq")?;
            found.insert(first.unwrap_or(tracked.since), end.unwrap_or(i64::MAX));
        }
    }
    Ok(found.into_iter().collect())
}
