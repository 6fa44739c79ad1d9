//! Which versions commits wrote.

use std::ops::RangeInclusive;

use sea_orm::ConnectionTrait;

use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
};

/// From the first to the last id of the versions that the commits at these places wrote of a table; none if they wrote none. One query.
///
/// Write the ends into the statement that reads the versions, and do not have it look them up itself: with a subquery
/// for each, PostgreSQL takes any range for a half percent of the history, and reads all of it.
pub(crate) async fn span<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    seqs: RangeInclusive<i64>,
) -> Result<Option<RangeInclusive<i64>>> {
    let mut sql = Sql::new(
        backend,
        "SELECT min(x.first_change) AS low, max(x.last_change) AS high FROM dbvsg_commit_table x \
         JOIN dbvsg_commit c ON c.id = x.commit_id WHERE x.last_change > 0 AND x.table_id = ",
    );
    sql.bind(tracked.id).push(" AND c.seq BETWEEN ").bind(*seqs.start()).push(" AND ").bind(*seqs.end());
    let Some(row) = sql.one(db).await? else { return Ok(None) };
    let end = |name: &str| row.try_get::<Option<i64>>("", name);
    Ok(end("low")?.zip(end("high")?).map(|(low, high)| low..=high))
}
