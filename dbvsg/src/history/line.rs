//! The line of a table: which commit it is at, and which ones came before that. A reset lets it go on from an earlier one.

use sea_orm::ConnectionTrait;

use super::Position;
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
};

/// The commit that stands so many before the one that a table is at; none if there are not so many.
pub(super) async fn back<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    table: &Tracked,
    back: u32,
) -> Result<Option<Position>> {
    let mut sql = Sql::new(backend, "SELECT head_id FROM dbvsg_table WHERE id = ");
    sql.bind(table.id);
    let head = sql.one(db).await?.map(|row| row.try_get::<Option<i64>>("", "head_id")).transpose()?;
    let (Some(mut at), mut left) = (head.flatten(), i64::from(back)) else { return Ok(None) };
    loop {
        let jump = last_reset(db, backend, table, at).await?;
        let after = jump.map_or(0, |(reset, _)| reset);
        let mut sql = entries(backend, "c.id, c.uuid, c.seq", table, (after, at));
        sql.push(" ORDER BY x.commit_id DESC LIMIT 1 OFFSET ").bind(left);
        if let Some(row) = sql.one(db).await? {
            return Position::read(&row).map(Some);
        }
        let Some((_, target)) = jump else { return Ok(None) };
        let sql = entries(backend, "count(*) AS n", table, (after, at));
        left -= sql.one(db).await?.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or_default();
        at = target;
    }
}

/// The commits of a table after one and up to another.
fn entries(backend: &'static dyn Backend, what: &str, table: &Tracked, (after, last): (i64, i64)) -> Sql {
    let from = "FROM dbvsg_commit_table x JOIN dbvsg_commit c ON c.id = x.commit_id WHERE x.table_id = ";
    let mut sql = Sql::new(backend, format!("SELECT {what} {from}"));
    sql.bind(table.id).push(" AND x.commit_id > ").bind(after).push(" AND x.commit_id <= ").bind(last);
    sql
}

/// The last reset of a table before a commit, and the commit that it went back to.
async fn last_reset<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    table: &Tracked,
    before: i64,
) -> Result<Option<(i64, i64)>> {
    let mut sql = Sql::new(
        backend,
        "SELECT c.id, e.reset_id FROM dbvsg_entry e JOIN dbvsg_commit c ON c.uuid = e.commit_uuid \
         WHERE e.reset_id IS NOT NULL AND e.table_id = ",
    );
    sql.bind(table.id).push(" AND c.id < ").bind(before).push(" ORDER BY c.id DESC LIMIT 1");
    let row = sql.one(db).await?;
    row.map(|row| Ok((row.try_get("", "id")?, row.try_get("", "reset_id")?))).transpose()
}
