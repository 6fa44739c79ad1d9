//! Which rows commits touched.

use std::ops::RangeInclusive;

use sea_orm::ConnectionTrait;

use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
};

/// A query for the keys of the rows of a table that the commits at these places wrote versions `h` of; none if they wrote none. One
/// query.
///
/// The versions are looked up first, and stand in the query as numbers: with a subquery for each end, PostgreSQL takes any
/// range for a half percent of the history, and reads all of it.
pub(crate) async fn touched<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    seqs: RangeInclusive<i64>,
) -> Result<Option<String>> {
    let mut sql = Sql::new(
        backend,
        "SELECT min(x.first_change) AS low, max(x.last_change) AS high FROM dbvsg_commit_table x \
         JOIN dbvsg_commit c ON c.id = x.commit_id WHERE x.last_change > 0 AND x.table_id = ",
    );
    sql.bind(tracked.id).push(" AND c.seq BETWEEN ").bind(*seqs.start()).push(" AND ").bind(*seqs.end());
    let Some(row) = sql.one(db).await? else { return Ok(None) };
    let end = |name: &str| row.try_get::<Option<i64>>("", name);
    let (Some(low), Some(high)) = (end("low")?, end("high")?) else { return Ok(None) };
    let keys: Vec<String> = tracked.quoted_key(backend).iter().map(|name| format!("h.{name}")).collect();
    Ok(Some(format!(
        "SELECT DISTINCT {} FROM {} h{} WHERE h.vsg_id BETWEEN {low} AND {high}",
        keys.join(", "),
        backend.quote_table(&tracked.history),
        backend.by_version(),
    )))
}
