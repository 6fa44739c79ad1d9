//! Entries that commits have for tables in which nothing changed, or which are at another commit from then on.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, QueryResult};

use crate::{
    Result,
    backend::{Backend, Sql},
    model::CommitId,
};

/// The table under which a commit notes to which one the line goes back, if it is a reset.
pub(crate) const LINE: i64 = 0;

/// The entries of one commit: by table, the commit that is current from then on, if it is not this one.
pub(super) type Entries = BTreeMap<i64, Option<i64>>;

/// Gives a commit that is not sealed yet an entry for each of these tables, whatever changes in them. One statement.
pub(crate) async fn note<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    commit: CommitId,
    entries: &[(i64, Option<i64>)],
) -> Result<()> {
    let mut sql = Sql::new(backend, "INSERT INTO dbvsg_entry (commit_uuid, table_id, reset_id) VALUES ");
    for (position, (table, reset)) in entries.iter().enumerate() {
        sql.push(if position > 0 { ", (" } else { "(" }).bind(commit.to_string());
        sql.push(", ").bind(*table).push(", ").bind(*reset).push(")");
    }
    if !entries.is_empty() {
        sql.execute(db).await?;
    }
    Ok(())
}

/// The entries of the commits that are not sealed, of a range of ids, both ends included. One query.
pub(super) async fn pending<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    (first, last): (i64, i64),
) -> Result<HashMap<i64, Entries>> {
    let mut sql = Sql::new(backend, select("dbvsg_pending"));
    sql.push("c.id BETWEEN ").bind(first).push(" AND ").bind(last);
    read(db, sql).await
}

/// The entries of the commits of a range, both ends included, by their ids. One query.
pub(super) async fn sealed<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    (first, last): (i64, i64),
) -> Result<HashMap<i64, Entries>> {
    let mut sql = Sql::new(backend, select("dbvsg_commit"));
    sql.push("c.seq BETWEEN ").bind(first).push(" AND ").bind(last);
    read(db, sql).await
}

fn select(commits: &str) -> String {
    format!("SELECT c.id, e.table_id, e.reset_id FROM {commits} c JOIN dbvsg_entry e ON e.commit_uuid = c.uuid WHERE ")
}

async fn read<C: ConnectionTrait>(db: &C, sql: Sql) -> Result<HashMap<i64, Entries>> {
    let mut found: HashMap<i64, Entries> = HashMap::new();
    for row in sql.all(db).await? {
        let (commit, table, reset) = entry(&row)?;
        found.entry(commit).or_default().insert(table, reset);
    }
    Ok(found)
}

fn entry(row: &QueryResult) -> Result<(i64, i64, Option<i64>)> {
    Ok((row.try_get("", "id")?, row.try_get("", "table_id")?, row.try_get("", "reset_id")?))
}

/// A condition that holds for a commit `c` that is a reset.
pub(crate) const IS_RESET: &str =
    "EXISTS (SELECT 1 FROM dbvsg_entry r WHERE r.commit_uuid = c.uuid AND r.table_id = 0)";
