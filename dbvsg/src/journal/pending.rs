//! The commits that wait for their place, with what they changed.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, StreamTrait};

use super::{
    canonical::{Header, TableDigest, TableEntry},
    entry::{self, LINE},
    stored::{ChangeReader, count},
};
use crate::{
    Author, CommitId, Result,
    backend::{Backend, Sql, Writers},
    catalog::{Catalog, MAIN, Tracked},
};

/// How many commits are sealed in one transaction, so that nobody is kept waiting long.
pub(super) const BATCH: usize = 500;

/// A commit that has no place yet.
pub(super) struct Pending {
    pub(super) header: Header,
    pub(super) operation: Option<String>,
    pub(super) tables: BTreeMap<i64, (TableEntry, TableDigest)>,
}

impl Pending {
    /// Reads it; what sealing has yet to set is empty.
    fn read(row: &QueryResult) -> Result<Self> {
        let header = Header {
            id: row.try_get("", "id")?,
            uuid: row.try_get::<Option<String>>("", "uuid")?.unwrap_or_default(),
            branch: MAIN,
            seq: 0,
            parent: None,
            merged: None,
            actor: row.try_get("", "actor")?,
            operation: String::new(),
            query: row.try_get("", "query")?,
            message: row.try_get("", "message")?,
            meta: row.try_get("", "meta")?,
            written_at: row.try_get("", "written_at")?,
            committed_at: 0,
            reset: None,
        };
        Ok(Self { header, operation: row.try_get("", "operation")?, tables: BTreeMap::new() })
    }

    /// Its last change in any table.
    pub(super) fn last_change(&self) -> i64 {
        self.tables.values().map(|(entry, _)| entry.last_change).max().unwrap_or_default()
    }
}

/// The pending commits with the smallest ids, and the id of the next one, if there is one.
pub(super) struct Window {
    pending: Vec<Pending>,
    next: Option<i64>,
}

impl Window {
    /// Whether all that are pending up to this id are in it.
    pub(super) fn reaches(&self, until: i64) -> bool {
        self.next.is_none_or(|next| next > until)
    }
}

/// Pending commits with their changes, in the order in which they are to be sealed.
pub(super) struct Gathered {
    pub(super) written: Vec<Pending>,
    /// Commits that turned out to hold no change.
    pub(super) empty: Vec<i64>,
    /// Whether some of them have to wait for the next window.
    pub(super) are_left: bool,
    /// The tables they touched.
    pub(super) tables: HashMap<i64, (Arc<Tracked>, TableState)>,
}

/// A commit that is pending, and is not at its end before its transaction.
#[derive(Clone, Copy)]
pub(crate) struct Opened {
    /// The id that its versions have.
    pub(crate) id: i64,
    pub(crate) uuid: CommitId,
}

/// Opens a commit for what is about to be recorded, by hand and not by a trigger. Two statements.
pub(crate) async fn open(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    author: Author,
    operation: &str,
) -> Result<Opened> {
    let row = Sql::new(backend, format!("SELECT {} AS id", backend.next_commit())).one(txn).await?;
    let id: i64 = row.map(|row| row.try_get("", "id")).transpose()?.unwrap_or_default();
    let uuid = CommitId::random();
    let into = "INSERT INTO dbvsg_pending (id, uuid, actor, operation, message, query, meta, written_at) VALUES (";
    let mut sql = Sql::new(backend, into);
    sql.bind(id).push(", ").bind(uuid.to_string()).push(", ").bind(author.actor).push(", ").bind(operation);
    sql.push(", ").bind(author.message).push(", ").bind(author.query);
    sql.push(", ").bind(author.meta.map(|meta| meta.to_string()));
    sql.push(&format!(", {})", backend.now()));
    sql.execute(txn).await?;
    Ok(Opened { id, uuid })
}

pub(super) async fn window(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    limit: usize,
) -> Result<Option<Window>> {
    // The commit of the transaction in which this happens, if it has one, is not at its end.
    let ended = "NOT EXISTS (SELECT 1 FROM dbvsg_context x WHERE x.uuid = c.uuid)";
    let rows = Sql::new(backend, backend.pending(ended, limit + 1)).all(txn).await?;
    let mut pending = rows.iter().map(Pending::read).collect::<Result<Vec<_>>>()?;
    let next = if pending.len() > limit { pending.pop().map(|commit| commit.header.id) } else { None };
    Ok((!pending.is_empty()).then_some(Window { pending, next }))
}

/// Reads what the commits of a window changed. None if each of them reaches beyond the window, so that a commit which is
/// not in it could have to come first.
pub(super) async fn gather(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    window: Window,
) -> Result<Option<Gathered>> {
    let Window { mut pending, next } = window;
    let (Some(first), Some(last)) = (pending.first().map(|c| c.header.id), pending.last().map(|c| c.header.id)) else {
        return Ok(None);
    };
    let by_id: HashMap<i64, usize> =
        pending.iter().enumerate().map(|(place, commit)| (commit.header.id, place)).collect();
    let mut tables = HashMap::new();
    let mut reaching = HashSet::new();
    for tracked in catalog.all() {
        let state = TableState::read(txn, backend, tracked).await?;
        let range = match backend.writers() {
            Writers::One => {
                let before = match next {
                    Some(_) => first_of_later(txn, backend, tracked, state.sealed, last).await?,
                    None => None,
                };
                Range { after: state.sealed, before, first, last }
            }
            Writers::Many => {
                if let Some(next) = next {
                    reaching.extend(reaching_beyond(txn, backend, tracked, next, (first, last)).await?);
                }
                Range { after: first, before: next, first, last }
            }
        };
        if collect(txn, backend, tracked, &range, &by_id, &mut pending).await? {
            tables.insert(tracked.id, (tracked.clone(), state));
        }
    }
    for (commit, entries) in entry::pending(txn, backend, (first, last)).await? {
        let Some(commit) = by_id.get(&commit).map(|&place| &mut pending[place]) else { continue };
        for (table, reset) in entries {
            if table == LINE {
                commit.header.reset = reset;
            } else if let Some(tracked) = catalog.by_id(table) {
                let entry = TableEntry { table, ..TableEntry::default() };
                let (entry, _) = commit.tables.entry(table).or_insert_with(|| (entry, TableDigest::new()));
                entry.reset = reset;
                if let Entry::Vacant(missing) = tables.entry(table) {
                    missing.insert((tracked.clone(), TableState::read(txn, backend, tracked).await?));
                }
            }
        }
    }
    let all = pending.len();
    pending.retain(|commit| !reaching.contains(&commit.header.id));
    let are_left = pending.len() < all;
    if pending.is_empty() {
        return Ok(None);
    }
    let (empty, mut written): (Vec<_>, Vec<_>) = pending.into_iter().partition(|commit| commit.tables.is_empty());
    if backend.writers() == Writers::Many {
        // The writers of a row follow each other, so this respects every write that saw another.
        written.sort_by_key(Pending::last_change);
    }
    Ok(Some(Gathered { written, empty: empty.into_iter().map(|commit| commit.header.id).collect(), are_left, tables }))
}

/// What sealing remembers of a table between its turns.
#[derive(Clone, Debug)]
pub(super) struct TableState {
    /// The last change that is sealed. It bounds what is pending where there is one writer at a time.
    pub(super) sealed: i64,
    pub(super) rows: i64,
    pub(super) head: Option<i64>,
}

impl TableState {
    async fn read(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<Self> {
        let mut sql = Sql::new(backend, "SELECT sealed_change, live_rows, head_id FROM dbvsg_table WHERE id = ");
        sql.bind(tracked.id);
        let row = sql.one(txn).await?.ok_or_else(|| crate::Error::Corrupted {
            detail: format!("table {} is missing from the catalog", tracked.name()),
        })?;
        Ok(Self {
            sealed: row.try_get("", "sealed_change")?,
            rows: row.try_get("", "live_rows")?,
            head: row.try_get("", "head_id")?,
        })
    }

    pub(super) async fn write(
        &self,
        txn: &DatabaseTransaction,
        backend: &'static dyn Backend,
        tracked: &Tracked,
    ) -> Result<()> {
        let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET sealed_change = ");
        sql.bind(self.sealed).push(", live_rows = ").bind(self.rows).push(", head_id = ").bind(self.head);
        sql.push(" WHERE id = ").bind(tracked.id);
        sql.execute(txn).await?;
        Ok(())
    }
}

/// The changes of a table that a window takes: those in between, by commits with ids from `first` to `last`.
struct Range {
    after: i64,
    before: Option<i64>,
    first: i64,
    last: i64,
}

/// The first change of a commit after `last`, so that a batch does not read on to the end.
async fn first_of_later(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    sealed: i64,
    last: i64,
) -> Result<Option<i64>> {
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(backend, format!("SELECT vsg_id FROM {history} WHERE vsg_id > "));
    sql.bind(sealed).push(" AND vsg_begin > ").bind(last).push(" ORDER BY vsg_id LIMIT 1");
    Ok(sql.one(txn).await?.map(|row| row.try_get("", "vsg_id")).transpose()?)
}

/// The commits of a window that made changes after the next commit began.
async fn reaching_beyond(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    next: i64,
    (first, last): (i64, i64),
) -> Result<Vec<i64>> {
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(backend, format!("SELECT DISTINCT vsg_begin FROM {history} WHERE vsg_id > "));
    sql.bind(next).push(" AND vsg_begin BETWEEN ").bind(first).push(" AND ").bind(last);
    let rows = sql.all(txn).await?;
    Ok(rows.iter().map(|row| row.try_get("", "vsg_begin")).collect::<Result<_, _>>()?)
}

/// Streams a table's changes into the commits they belong to. Returns whether there were any.
async fn collect(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    range: &Range,
    by_id: &HashMap<i64, usize>,
    pending: &mut [Pending],
) -> Result<bool> {
    let mut reader = ChangeReader::new(backend, tracked);
    let mut sql = reader.select();
    sql.push(" WHERE vsg_id > ").bind(range.after);
    sql.push(" AND vsg_begin BETWEEN ").bind(range.first).push(" AND ").bind(range.last);
    if let Some(before) = range.before {
        sql.push(" AND vsg_id < ").bind(before);
    }
    sql.push(" ORDER BY vsg_id");
    let mut rows = txn.stream_raw(sql.statement()).await?;
    let mut any = false;
    while let Some(row) = rows.try_next().await? {
        let change = reader.read(&row)?;
        let Some(commit) = change.begin.and_then(|begin| by_id.get(&begin)).map(|&place| &mut pending[place]) else {
            continue;
        };
        any = true;
        let (entry, digest) = commit.tables.entry(tracked.id).or_insert_with(|| {
            let entry = TableEntry { table: tracked.id, first_change: change.id, ..TableEntry::default() };
            (entry, TableDigest::new())
        });
        entry.last_change = change.id;
        count(entry, &change.op);
        reader.digest(digest, &change);
    }
    Ok(any)
}

/// Commits that are pending no more: they have their places, or turned out to hold no change, as a REPLACE by an equal row
/// leaves them. One statement for five hundred.
pub(super) async fn forget(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    commits: impl Iterator<Item = i64>,
) -> Result<()> {
    let commits: Vec<i64> = commits.collect();
    for commits in commits.chunks(BATCH) {
        txn.execute_unprepared(&backend.take_pending(commits)).await?;
    }
    Ok(())
}
