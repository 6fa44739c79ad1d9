//! Reading commits.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

use super::{IS_RESET, stored::ENTRY};
use crate::{
    Error, Result, annotation,
    backend::{Backend, Sql},
    catalog::{Catalog, MAIN_NAME, Tracked},
    history::Page,
    model::{Commit, CommitId, CommitTable, Hash, time},
};

/// Which commits to list; everything that is set must hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogFilter {
    /// Commits that touched this table.
    pub table: Option<String>,
    /// Commits of this branch.
    pub branch: Option<String>,
    /// Commits of this actor.
    pub actor: Option<String>,
    /// Commits with this operation.
    pub operation: Option<String>,
    /// Commits at or after this moment.
    pub since: Option<DateTime<Utc>>,
    /// Commits before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Whether resets of tables, which are no commits of the log, are listed too.
    pub all: bool,
    /// How many to return.
    pub limit: u64,
    /// How many to leave out first.
    pub offset: u64,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self {
            table: None,
            branch: None,
            actor: None,
            operation: None,
            since: None,
            until: None,
            all: false,
            limit: 100,
            offset: 0,
        }
    }
}

impl LogFilter {
    /// The commits of one table.
    pub fn table(table: impl Into<String>) -> Self {
        Self { table: Some(table.into()), ..Self::default() }
    }
}

const COLUMNS: &str = "c.*, p.uuid AS parent_uuid, m.uuid AS merged_uuid";
const JOINS: &str = " FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id LEFT JOIN dbvsg_commit m ON m.id = c.merged_id";

/// Lists commits, newest first. Four queries.
pub(crate) async fn log<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    filter: &LogFilter,
) -> Result<Page<Commit>> {
    let table = filter.table.as_deref().map(|name| catalog.get(name)).transpose()?;
    if let Some(branch) = filter.branch.as_ref().filter(|branch| *branch != MAIN_NAME) {
        return Err(Error::UnknownReference { reference: branch.clone(), reason: "there is no such branch".into() });
    }
    let mut sql = Sql::new(backend, "SELECT count(*) AS total FROM dbvsg_commit c");
    conditions(&mut sql, filter, table.as_deref());
    let total = sql.one(db).await?.map(|row| row.try_get::<i64>("", "total")).transpose()?.unwrap_or_default();
    let mut sql = Sql::new(backend, format!("SELECT {COLUMNS}{JOINS}"));
    conditions(&mut sql, filter, table.as_deref());
    sql.push(" ORDER BY c.seq DESC LIMIT ").bind(filter.limit as i64).push(" OFFSET ").bind(filter.offset as i64);
    let rows = sql.all(db).await?;
    let items = commits(db, backend, catalog, &rows, table.as_deref()).await?;
    Ok(Page { items, total: total as u64 })
}

fn conditions(sql: &mut Sql, filter: &LogFilter, table: Option<&Tracked>) {
    sql.push(" WHERE TRUE");
    if !filter.all {
        sql.push(&format!(" AND NOT {IS_RESET}"));
    }
    if let Some(table) = table {
        sql.push(" AND EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.table_id = ")
            .bind(table.id)
            .push(")");
    }
    if let Some(actor) = &filter.actor {
        sql.push(" AND c.actor = ").bind(actor.as_str());
    }
    if let Some(operation) = &filter.operation {
        sql.push(" AND c.operation = ").bind(operation.as_str());
    }
    between(sql, filter.since, filter.until);
}

/// Adds the range of moments: the first included, the last excluded.
pub(crate) fn between(sql: &mut Sql, since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) {
    if let Some(since) = since {
        sql.push(" AND c.committed_at >= ").bind(since.timestamp_micros());
    }
    if let Some(until) = until {
        sql.push(" AND c.committed_at < ").bind(until.timestamp_micros());
    }
}

/// The commit with this id of the catalog. Three queries.
pub(crate) async fn find_commit<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    id: i64,
    table: Option<&Tracked>,
) -> Result<Commit> {
    let mut sql = Sql::new(backend, format!("SELECT {COLUMNS}{JOINS} WHERE c.id = "));
    sql.bind(id);
    let rows = sql.all(db).await?;
    let mut found = commits(db, backend, catalog, &rows, table).await?;
    found.pop().ok_or_else(|| Error::Corrupted { detail: format!("commit {id} has vanished") })
}

async fn commits<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    rows: &[QueryResult],
    asked: Option<&Tracked>,
) -> Result<Vec<Commit>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    let mut tables = tables(db, backend, catalog, &ids).await?;
    let read = rows.iter().zip(ids).map(|(row, id)| commit(row, tables.remove(&id).unwrap_or_default(), asked));
    let mut commits = read.collect::<Result<Vec<_>>>()?;
    let mut tags = annotation::names_of(db, backend, commits.iter().map(|commit| commit.seq).collect()).await?;
    for commit in &mut commits {
        commit.tags = tags.remove(&commit.seq).unwrap_or_default();
    }
    Ok(commits)
}

/// A commit's table, with the moment at which it was undone there.
type Touched = (CommitTable, Option<i64>);

async fn tables<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    ids: &[i64],
) -> Result<HashMap<i64, Vec<Touched>>> {
    let mut found: HashMap<i64, Vec<Touched>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT {ENTRY}, t.table_name, t.head_id, p.uuid AS parent_uuid FROM dbvsg_commit_table x \
         JOIN dbvsg_table t ON t.id = x.table_id LEFT JOIN dbvsg_commit p ON p.id = x.parent_id WHERE x.commit_id IN ("
        ),
    );
    sql.bind_all(ids.iter().copied()).push(") ORDER BY t.table_name");
    for row in sql.all(db).await? {
        let number = |name: &str| row.try_get::<i64>("", name);
        let (commit, table) = (number("commit_id")?, number("table_id")?);
        let undone: Option<i64> = row.try_get("", "rollbacked_at")?;
        let entry = CommitTable {
            table: match catalog.by_id(table) {
                Some(tracked) => tracked.name(),
                None => row.try_get("", "table_name")?,
            },
            inserted: number("inserted")? + number("baseline")?,
            updated: number("updated")? + number("soft_deleted")? + number("restored")?,
            deleted: number("deleted")?,
            rows: number("live_rows")?,
            parent: optional_id(&row, "parent_uuid")?,
            is_current: row.try_get::<Option<i64>>("", "head_id")? == Some(commit),
            rollbacked: undone.is_some(),
        };
        found.entry(commit).or_default().push((entry, undone));
    }
    Ok(found)
}

fn commit(row: &QueryResult, tables: Vec<Touched>, asked: Option<&Tracked>) -> Result<Commit> {
    let name = asked.map(Tracked::name);
    let relevant = || tables.iter().filter(|(entry, _)| name.as_ref().is_none_or(|name| *name == entry.table));
    let rollbacked = relevant().count() > 0 && relevant().all(|(entry, _)| entry.rollbacked);
    let undone = relevant().filter_map(|(_, undone)| *undone).max().filter(|_| rollbacked);
    let is_current = relevant().any(|(entry, _)| entry.is_current);
    let corrupted = |what: &str| Error::Corrupted { detail: format!("a commit has {what}") };
    let hash: Vec<u8> = row.try_get("", "hash")?;
    let meta: Option<String> = row.try_get("", "meta")?;
    Ok(Commit {
        uuid: row.try_get::<String>("", "uuid")?.parse()?,
        seq: row.try_get("", "seq")?,
        branch: MAIN_NAME.to_owned(),
        parent: optional_id(row, "parent_uuid")?,
        merged: optional_id(row, "merged_uuid")?,
        operation: row.try_get("", "operation")?,
        query: row.try_get("", "query")?,
        message: row.try_get("", "message")?,
        actor: row.try_get("", "actor")?,
        meta: meta
            .map(|text| serde_json::from_str(&text).map_err(|_| corrupted("meta that is no JSON")))
            .transpose()?,
        hash: Hash(hash.try_into().map_err(|_| corrupted("a hash of the wrong length"))?),
        created_at: time::from_micros(row.try_get("", "committed_at")?),
        is_current,
        rollbacked,
        rollbacked_at: undone.map(time::from_micros),
        tags: Vec::new(),
        tables: tables.into_iter().map(|(entry, _)| entry).collect(),
    })
}

fn optional_id(row: &QueryResult, column: &str) -> Result<Option<CommitId>> {
    row.try_get::<Option<String>>("", column)?.map(|text| text.parse()).transpose()
}
