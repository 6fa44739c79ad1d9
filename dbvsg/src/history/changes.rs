//! The audit: row versions joined with their commits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

use super::Page;
use crate::{
    Error, Result, annotation,
    backend::{Backend, Sql},
    catalog::{Catalog, Tracked},
    journal::between,
    model::{Change, Key, Op, Version, time},
};

/// Which changes to list; everything that is set must hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuditFilter {
    /// Changes of this table.
    pub table: Option<String>,
    /// Changes of the row with this key; needs the table.
    pub key: Option<Key>,
    /// Changes by this actor.
    pub actor: Option<String>,
    /// Changes of this kind.
    pub op: Option<Op>,
    /// Changes of this commit.
    pub commit: Option<crate::CommitId>,
    /// Changes at or after this moment.
    pub since: Option<DateTime<Utc>>,
    /// Changes before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Whether rows that were there when their table was enabled are listed.
    pub baseline: bool,
    /// How many to return.
    pub limit: u64,
    /// How many to leave out first.
    pub offset: u64,
}

impl Default for AuditFilter {
    fn default() -> Self {
        Self {
            table: None,
            key: None,
            actor: None,
            op: None,
            commit: None,
            since: None,
            until: None,
            baseline: false,
            limit: 100,
            offset: 0,
        }
    }
}

impl AuditFilter {
    /// What a commit's entry for a table contributes to the list: of what it did, what retention has left.
    fn counter(&self) -> String {
        const CHANGES: [&str; 5] = ["inserted", "updated", "deleted", "soft_deleted", "restored"];
        let counted: &[&str] = match self.op {
            Some(Op::Baseline) if self.baseline => &["baseline"],
            Some(Op::Baseline) => &[],
            Some(Op::Insert) => &CHANGES[..1],
            Some(Op::Update) => &CHANGES[1..2],
            Some(Op::Delete) => &CHANGES[2..3],
            Some(Op::SoftDelete) => &CHANGES[3..4],
            Some(Op::Restore) => &CHANGES[4..],
            None if self.baseline => &["baseline", "inserted", "updated", "deleted", "soft_deleted", "restored"],
            None => &CHANGES,
        };
        let left = counted.iter().map(|name| format!(" + x.{name} - x.pruned_{name}"));
        std::iter::once("0".to_owned()).chain(left).collect()
    }

    fn commits(&self, sql: &mut Sql) {
        if let Some(actor) = &self.actor {
            sql.push(" AND c.actor = ").bind(actor.as_str());
        }
        if let Some(commit) = &self.commit {
            sql.push(" AND c.uuid = ").bind(commit.to_string());
        }
        between(sql, self.since, self.until);
    }

    fn versions(&self, sql: &mut Sql) {
        match self.op {
            Some(op) => {
                sql.push(" AND h.vsg_op = ").bind(op.stored());
            }
            None if !self.baseline => {
                sql.push(" AND h.vsg_op <> 'baseline'");
            }
            None => {}
        }
    }
}

/// Lists changes, newest first. Two queries, and one to three a table on the page: the counts that sealing keeps tell
/// which commits make up the page, so that only their rows are read.
pub(crate) async fn changes<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    filter: &AuditFilter,
) -> Result<Page<Change>> {
    let table = filter.table.as_deref().map(|name| catalog.get(name)).transpose()?;
    if let Some(key) = &filter.key {
        let Some(tracked) = table else {
            return Err(Error::InvalidKey {
                table: "?".into(),
                key: format!("{:?}", key.0),
                reason: "name its table too".into(),
            });
        };
        return changes_of_row(db, backend, &tracked, key, filter).await;
    }
    let source = |sql: &mut Sql| {
        sql.push(" FROM dbvsg_commit_table x JOIN dbvsg_commit c ON c.id = x.commit_id WHERE TRUE");
        if let Some(tracked) = &table {
            sql.push(" AND x.table_id = ").bind(tracked.id);
        }
        filter.commits(sql);
    };
    let counter = filter.counter();
    let mut sql =
        Sql::new(backend, format!("SELECT {} AS total", backend.integer(&format!("coalesce(sum({counter}), 0)"))));
    source(&mut sql);
    let total = sql.one(db).await?.map(|row| row.try_get::<i64>("", "total")).transpose()?.unwrap_or_default();
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT * FROM (SELECT c.seq, x.commit_id, x.table_id, x.first_change, x.last_change, {counter} AS n, {} AS upto",
            backend.integer(&format!(
                "sum({counter}) OVER (ORDER BY c.seq DESC, x.table_id DESC ROWS UNBOUNDED PRECEDING)"
            )),
        ),
    );
    source(&mut sql);
    let (first, end) = (filter.offset as i64, filter.offset.saturating_add(filter.limit) as i64);
    sql.push(") s WHERE n > 0 AND upto > ").bind(first).push(" AND upto - n < ").bind(end).push(" ORDER BY upto");
    let mut slices: BTreeMap<i64, Vec<Slice>> = BTreeMap::new();
    for row in sql.all(db).await? {
        let slice = Slice::read(&row, first, end)?;
        slices.entry(slice.table).or_default().push(slice);
    }
    let mut found = Vec::new();
    for (table, slices) in slices {
        let Some(tracked) = catalog.by_id(table) else {
            continue;
        };
        found
            .extend(read_slices(db, backend, tracked, filter, slices).await?.into_iter().map(|change| (table, change)));
    }
    found.sort_by_key(|(table, change)| std::cmp::Reverse((change.seq, *table, change.id)));
    Ok(Page { items: found.into_iter().map(|(_, change)| change).collect(), total: total as u64 })
}

/// The part of a page that comes from one commit's entry for one table.
struct Slice {
    commit: i64,
    table: i64,
    first_change: i64,
    last_change: i64,
    /// How many of its changes come before the page, and how many are on it; none if all are.
    part: Option<(i64, i64)>,
}

impl Slice {
    fn read(row: &QueryResult, first: i64, end: i64) -> Result<Self> {
        let number = |name: &str| row.try_get::<i64>("", name);
        let (count, upto) = (number("n")?, number("upto")?);
        let begin = upto - count;
        let (skip, keep) = ((first - begin).max(0), upto.min(end) - begin.max(first));
        Ok(Self {
            commit: number("commit_id")?,
            table: number("table_id")?,
            first_change: number("first_change")?,
            last_change: number("last_change")?,
            part: (keep < count).then_some((skip, keep)),
        })
    }
}

async fn read_slices<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    filter: &AuditFilter,
    slices: Vec<Slice>,
) -> Result<Vec<Change>> {
    let (whole, parts): (Vec<_>, Vec<_>) = slices.into_iter().partition(|slice| slice.part.is_none());
    let mut found = Vec::new();
    let range = |sql: &mut Sql, first: i64, last: i64| {
        sql.push(" WHERE h.vsg_id BETWEEN ").bind(first).push(" AND ").bind(last);
    };
    if let (Some(first), Some(last)) =
        (whole.iter().map(|s| s.first_change).min(), whole.iter().map(|s| s.last_change).max())
    {
        let mut sql = select(backend, tracked);
        range(&mut sql, first, last);
        sql.push(" AND h.vsg_begin IN (").bind_all(whole.iter().map(|slice| slice.commit)).push(")");
        filter.versions(&mut sql);
        read(db, backend, tracked, sql, &mut found).await?;
    }
    for slice in parts {
        let (skip, keep) = slice.part.unwrap_or_default();
        let mut sql = select(backend, tracked);
        range(&mut sql, slice.first_change, slice.last_change);
        sql.push(" AND h.vsg_begin = ").bind(slice.commit);
        filter.versions(&mut sql);
        sql.push(" ORDER BY h.vsg_id DESC LIMIT ").bind(keep).push(" OFFSET ").bind(skip);
        read(db, backend, tracked, sql, &mut found).await?;
    }
    Ok(found.into_iter().map(|(_, change)| change).collect())
}

/// What is told of a commit `c`, under names that no column of a table can have: what is selected with them may be called anything.
pub(super) const COMMIT: &str = "c.uuid AS vsg_uuid, c.seq AS vsg_seq, c.actor AS vsg_actor, c.message AS vsg_message, \
                                 c.committed_at AS vsg_committed_at";

/// Changes with their commits `c` and the versions `p` before them, unless retention took those away; the first columns
/// are those of [`change`].
fn select(backend: &'static dyn Backend, tracked: &Tracked) -> Sql {
    let history = backend.quote_table(&tracked.history);
    Sql::new(
        backend,
        format!(
            "SELECT h.vsg_id, h.vsg_op, {COMMIT}, c.operation AS vsg_operation, p.vsg_id AS vsg_previous, {}, {} \
             FROM {history} h JOIN dbvsg_commit c ON c.id = h.vsg_begin LEFT JOIN {history} p ON p.vsg_id = \
             (SELECT x.vsg_id FROM {history} x WHERE {} AND x.vsg_id < h.vsg_id ORDER BY x.vsg_id DESC LIMIT 1) \
             AND p.vsg_end = c.seq",
            tracked.projection(backend, "h"),
            tracked.projection(backend, "p"),
            tracked.same_key(backend, "x", "h"),
        ),
    )
}

/// How many columns of [`select`] stand before those of the table.
const LEADING: usize = 9;

async fn read<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    sql: Sql,
    found: &mut Vec<(String, Change)>,
) -> Result<()> {
    for row in sql.all(db).await? {
        found.push(change(backend, tracked, &row)?);
    }
    Ok(())
}

fn change(backend: &dyn Backend, tracked: &Tracked, row: &QueryResult) -> Result<(String, Change)> {
    let id: i64 = row.try_get("", "vsg_id")?;
    let op = op(tracked, row)?;
    let version = tracked.read(backend, row, LEADING)?;
    let key = Key::of(&tracked.table, &version);
    let previous = row.try_get::<Option<i64>>("", "vsg_previous")?;
    let (before, after) = match op {
        Op::Delete => (Some(version), None),
        Op::Insert | Op::Baseline => (None, Some(version)),
        Op::Update | Op::SoftDelete | Op::Restore => {
            let before = previous.map(|_| tracked.read(backend, row, LEADING + tracked.table.columns.len()));
            (before.transpose()?, Some(version))
        }
    };
    let change = Change {
        table: tracked.name(),
        id,
        key,
        op,
        before,
        after,
        commit: row.try_get::<String>("", "vsg_uuid")?.parse()?,
        seq: row.try_get("", "vsg_seq")?,
        actor: row.try_get("", "vsg_actor")?,
        message: row.try_get("", "vsg_message")?,
        at: time::from_micros(row.try_get("", "vsg_committed_at")?),
    };
    Ok((row.try_get("", "vsg_operation")?, change))
}

/// The operation of a version.
pub(super) fn op(tracked: &Tracked, row: &QueryResult) -> Result<Op> {
    let word: String = row.try_get("", "vsg_op")?;
    let id: i64 = row.try_get("", "vsg_id")?;
    Op::from_stored(&word).ok_or_else(|| Error::Corrupted {
        detail: format!("version {id} of {} has the operation `{word}`", tracked.name()),
    })
}

/// Narrows versions `h` to those of one row.
pub(super) fn of_row(sql: &mut Sql, tracked: &Tracked, key: &Key) {
    sql.push(" WHERE ").has_key(tracked, "h", key);
}

/// How many versions of one row there are. One query.
pub(super) async fn count_of_row<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    narrow: impl Fn(&mut Sql),
) -> Result<u64> {
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(
        backend,
        format!("SELECT count(*) AS total FROM {history} h JOIN dbvsg_commit c ON c.id = h.vsg_begin"),
    );
    of_row(&mut sql, tracked, key);
    narrow(&mut sql);
    let total = sql.one(db).await?.map(|row| row.try_get::<i64>("", "total")).transpose()?;
    Ok(total.unwrap_or_default() as u64)
}

async fn changes_of_row<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    filter: &AuditFilter,
) -> Result<Page<Change>> {
    let narrow = |sql: &mut Sql| {
        filter.commits(sql);
        filter.versions(sql);
    };
    let total = count_of_row(db, backend, tracked, key, narrow).await?;
    let mut sql = select(backend, tracked);
    of_row(&mut sql, tracked, key);
    narrow(&mut sql);
    sql.push(" ORDER BY h.vsg_id DESC");
    page(&mut sql, filter.limit, filter.offset);
    let mut found = Vec::new();
    read(db, backend, tracked, sql, &mut found).await?;
    Ok(Page { items: found.into_iter().map(|(_, change)| change).collect(), total })
}

/// Cuts a page out of what is selected.
pub(super) fn page(sql: &mut Sql, limit: u64, offset: u64) {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sql.push(" LIMIT ").bind(number(limit)).push(" OFFSET ").bind(number(offset));
}

/// The versions of one row, newest first, with their annotations. Four queries.
pub(crate) async fn row_history<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    limit: u64,
    offset: u64,
) -> Result<Page<Version>> {
    let total = count_of_row(db, backend, tracked, key, |_| ()).await?;
    let mut sql = select(backend, tracked);
    of_row(&mut sql, tracked, key);
    sql.push(" ORDER BY h.vsg_id DESC");
    page(&mut sql, limit, offset);
    let mut found = Vec::new();
    read(db, backend, tracked, sql, &mut found).await?;
    let newest = total.saturating_sub(offset);
    let items = annotated(db, backend, tracked, (0..=newest).rev().zip(found).collect()).await?;
    Ok(Page { items, total })
}

/// One version of a row, by its number. Three queries.
pub(crate) async fn row_version<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    number: u64,
) -> Result<Version> {
    let mut found = Vec::new();
    if let Some(before) = number.checked_sub(1) {
        let mut sql = select(backend, tracked);
        of_row(&mut sql, tracked, key);
        sql.push(" ORDER BY h.vsg_id LIMIT 1 OFFSET ").bind(i64::try_from(before).unwrap_or(i64::MAX));
        read(db, backend, tracked, sql, &mut found).await?;
    }
    if let Some(version) = annotated(db, backend, tracked, [number].into_iter().zip(found).collect()).await?.pop() {
        return Ok(version);
    }
    Err(unknown_version(db, backend, tracked, key, number).await?)
}

/// A row has no version of this number. One query, for how many it has.
pub(super) async fn unknown_version<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    number: u64,
) -> Result<Error> {
    let row = key.to_text(&tracked.table);
    Ok(match count_of_row(db, backend, tracked, key, |_| ()).await? {
        0 => Error::UnknownRow { table: tracked.name(), key: row },
        total => Error::UnknownReference {
            reference: format!("v{number}"),
            reason: format!("row `{row}` of table `{}` has {total} version(s)", tracked.name()),
        },
    })
}

/// Versions of a row with the tags of their commits and what was said about them. Two queries.
async fn annotated<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    numbered: Vec<(u64, (String, Change))>,
) -> Result<Vec<Version>> {
    let version = |(version, (operation, change))| {
        let (tags, comments) = (Vec::new(), Vec::new());
        Version { version, operation, change, tags, comments }
    };
    let mut versions: Vec<Version> = numbered.into_iter().map(version).collect();
    let tags = annotation::names_of(db, backend, versions.iter().map(|version| version.change.seq).collect()).await?;
    for version in &mut versions {
        version.tags = tags.get(&version.change.seq).cloned().unwrap_or_default();
    }
    annotation::of_versions(db, backend, tracked, &mut versions).await?;
    Ok(versions)
}
