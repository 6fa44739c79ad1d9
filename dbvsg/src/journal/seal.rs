//! Sealing: commits that were only appended get their place, their time, their counts and their hash.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, StreamTrait};

use super::{
    canonical::{Header, TableDigest, TableEntry, commit_hash},
    part,
    stored::{ChangeReader, count, header},
};
use crate::{
    Result, Vsg,
    backend::{Backend, Boundary, Placing, Sql},
    capture,
    catalog::{Catalog, Tracked},
    model::Hash,
};

/// How many commits are sealed in one transaction, so that writers are never kept waiting long.
const BATCH: usize = 500;

/// Seals all commits that are there. Returns how many. One query if there are none; some ten, and three a tracked table,
/// for each batch of up to 500.
pub(crate) async fn seal(vsg: &Vsg) -> Result<u64> {
    let mut sealed = 0;
    // One sealer a process is enough; others wait for it and find the work done.
    let _turn = vsg.sealing_turn().await;
    while is_pending(vsg).await? {
        let txn = capture::begin_write(vsg).await?;
        let catalog = vsg.catalog_within(&txn).await?;
        sealed += batch(&txn, vsg.backend(), &catalog, &vsg.boundaries().take()).await?;
        txn.commit().await?;
    }
    Ok(sealed)
}

async fn is_pending(vsg: &Vsg) -> Result<bool> {
    let sql = Sql::new(vsg.backend(), "SELECT 1 AS one FROM dbvsg_commit WHERE seq IS NULL LIMIT 1");
    Ok(sql.one(vsg.db()).await?.is_some())
}

/// Seals everything inside a transaction that holds the write lock and has not written yet.
pub(crate) async fn seal_within(txn: &DatabaseTransaction, vsg: &Vsg) -> Result<()> {
    seal_tables_within(txn, vsg, &vsg.catalog_within(txn).await?).await
}

/// The same for a catalog that only this transaction knows.
pub(crate) async fn seal_tables_within(txn: &DatabaseTransaction, vsg: &Vsg, catalog: &Catalog) -> Result<()> {
    while batch(txn, vsg.backend(), catalog, &vsg.boundaries().take()).await? > 0 {}
    Ok(())
}

/// A commit that has no place yet.
struct Pending {
    header: Header,
    operation: Option<String>,
    tables: BTreeMap<i64, (TableEntry, Option<TableDigest>)>,
}

async fn batch(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    boundaries: &[Boundary],
) -> Result<u64> {
    for sql in backend.begin_sealing() {
        txn.execute_unprepared(&sql).await?;
    }
    part::part(txn, backend, catalog, boundaries).await?;
    let mut pending = pending(txn, backend).await?;
    let Some(last) = pending.last().map(|commit| commit.header.id) else {
        return Ok(0);
    };
    let full = pending.len() == BATCH;
    let by_id: HashMap<i64, usize> =
        pending.iter().enumerate().map(|(place, commit)| (commit.header.id, place)).collect();
    let mut touched = Vec::new();
    for tracked in catalog.iter() {
        let state = TableState::read(txn, backend, tracked).await?;
        let range =
            Range { after: state.sealed, before: next_change(txn, backend, tracked, &state, last, full).await?, last };
        if collect(txn, backend, tracked, &range, &by_id, &mut pending).await? {
            touched.push((tracked, state));
        }
    }
    let (empty, written): (Vec<_>, Vec<_>) = pending.into_iter().partition(|commit| commit.tables.is_empty());
    forget(txn, backend, &empty).await?;
    let count = (empty.len() + written.len()) as u64;
    if written.is_empty() {
        return Ok(count);
    }
    let mut states: HashMap<i64, TableState> =
        touched.iter().map(|(tracked, state)| (tracked.id, state.clone())).collect();
    let (placings, entries) = chain(txn, backend, written, &mut states).await?;
    for placings in placings.chunks(100) {
        txn.execute_raw(backend.place(placings)).await?;
    }
    for entries in entries.chunks(100) {
        insert_entries(txn, backend, entries).await?;
    }
    for (tracked, before) in touched {
        if let Some(state) = states.get(&tracked.id) {
            txn.execute_raw(backend.supersede(tracked, before.sealed, state.sealed)).await?;
            state.write(txn, backend, tracked).await?;
        }
    }
    Ok(count)
}

async fn pending(txn: &DatabaseTransaction, backend: &'static dyn Backend) -> Result<Vec<Pending>> {
    let sql = format!("SELECT * FROM dbvsg_commit WHERE seq IS NULL ORDER BY id LIMIT {BATCH}");
    let rows = Sql::new(backend, sql).all(txn).await?;
    let read = rows.iter().map(|row| {
        Ok(Pending { header: header(row)?, operation: row.try_get("", "operation")?, tables: BTreeMap::new() })
    });
    read.collect()
}

/// What sealing remembers of a table between its turns.
#[derive(Clone, Debug)]
struct TableState {
    /// The last change that is sealed.
    sealed: i64,
    rows: i64,
    head: Option<i64>,
}

impl TableState {
    async fn read(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<Self> {
        let mut sql = Sql::new(backend, "SELECT sealed_change, rows, head_id FROM dbvsg_table WHERE id = ");
        sql.bind(tracked.id);
        let row = sql.one(txn).await?.ok_or_else(|| crate::Error::Corrupted {
            detail: format!("table {} is missing from the catalog", tracked.name()),
        })?;
        Ok(Self {
            sealed: row.try_get("", "sealed_change")?,
            rows: row.try_get("", "rows")?,
            head: row.try_get("", "head_id")?,
        })
    }

    async fn write(&self, txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
        let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET sealed_change = ");
        sql.bind(self.sealed).push(", rows = ").bind(self.rows).push(", head_id = ").bind(self.head);
        sql.push(" WHERE id = ").bind(tracked.id);
        sql.execute(txn).await?;
        Ok(())
    }
}

/// The changes of a table that a batch takes.
struct Range {
    after: i64,
    before: Option<i64>,
    last: i64,
}

/// The first change that the next batch takes, so that this one does not read on to the end; none if there is no next.
async fn next_change(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    state: &TableState,
    last: i64,
    full: bool,
) -> Result<Option<i64>> {
    if !full {
        return Ok(None);
    }
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(backend, format!("SELECT vsg_id FROM {history} WHERE vsg_id > "));
    sql.bind(state.sealed).push(" AND vsg_begin > ").bind(last).push(" ORDER BY vsg_id LIMIT 1");
    Ok(sql.one(txn).await?.map(|row| row.try_get("", "vsg_id")).transpose()?)
}

/// Streams a table's unsealed changes into the commits they belong to. Returns whether there were any.
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
    sql.push(" WHERE vsg_id > ").bind(range.after).push(" AND vsg_begin <= ").bind(range.last);
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
            (
                TableEntry { table: tracked.id, first_change: change.id, ..TableEntry::default() },
                Some(TableDigest::new()),
            )
        });
        entry.last_change = change.id;
        count(entry, &change.op);
        if let Some(digest) = digest {
            reader.digest(digest, &change);
        }
    }
    Ok(any)
}

/// Commits that turned out to hold no change, as a REPLACE by an equal row leaves them.
async fn forget(txn: &DatabaseTransaction, backend: &'static dyn Backend, empty: &[Pending]) -> Result<()> {
    if empty.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new(backend, "DELETE FROM dbvsg_commit WHERE id IN (");
    sql.bind_all(empty.iter().map(|commit| commit.header.id)).push(")");
    sql.execute(txn).await?;
    Ok(())
}

/// Puts the commits in line behind the last sealed one.
async fn chain(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    written: Vec<Pending>,
    states: &mut HashMap<i64, TableState>,
) -> Result<(Vec<Placing>, Vec<(i64, TableEntry)>)> {
    let sql = "SELECT id, seq, committed_at, hash FROM dbvsg_commit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
    let tail = Sql::new(backend, sql).one(txn).await?;
    let (mut parent, mut seq, mut time, mut hash) = match tail {
        Some(row) => (
            Some(row.try_get("", "id")?),
            row.try_get::<i64>("", "seq")?,
            row.try_get::<i64>("", "committed_at")?,
            row.try_get::<Vec<u8>>("", "hash")?,
        ),
        None => (None, 0, 0, Vec::new()),
    };
    let mut placings = Vec::with_capacity(written.len());
    let mut entries = Vec::new();
    for Pending { mut header, operation, tables } in written {
        seq += 1;
        time = header.written_at.max(time + 1);
        (header.seq, header.committed_at, header.parent) = (seq, time, parent);
        let mut sealed: Vec<(TableEntry, Hash)> = Vec::with_capacity(tables.len());
        for (id, (mut entry, digest)) in tables {
            if let Some(state) = states.get_mut(&id) {
                state.rows += entry.baseline + entry.inserted - entry.deleted;
                entry.rows = state.rows;
                entry.parent = state.head.replace(header.id);
                state.sealed = state.sealed.max(entry.last_change);
            }
            sealed.push((entry, digest.unwrap_or_else(TableDigest::new).finish()));
        }
        header.operation = operation.unwrap_or_else(|| label(&sealed).to_owned());
        hash = commit_hash(&hash, &header, &sealed).0.to_vec();
        parent = Some(header.id);
        entries.extend(sealed.into_iter().map(|(entry, _)| (header.id, entry)));
        placings.push(Placing {
            id: header.id,
            seq,
            committed_at: time,
            parent_id: header.parent,
            operation: header.operation,
            hash: hash.clone(),
        });
    }
    Ok((placings, entries))
}

/// What a transaction is called that was not given a name: its one kind of change, or TRANSACTION.
fn label(tables: &[(TableEntry, Hash)]) -> &'static str {
    let any = |of: fn(&TableEntry) -> i64| tables.iter().any(|(entry, _)| of(entry) > 0);
    let kinds = [
        (any(|entry| entry.inserted), "INSERT"),
        (any(|entry| entry.updated), "UPDATE"),
        (any(|entry| entry.deleted), "DELETE"),
        (any(|entry| entry.soft_deleted), "SOFT_DELETE"),
        (any(|entry| entry.restored), "UNDELETE"),
        (any(|entry| entry.baseline), "BASELINE"),
    ];
    let mut found = kinds.into_iter().filter(|(any, _)| *any).map(|(_, name)| name);
    match (found.next(), found.next()) {
        (Some(only), None) => only,
        _ => "TRANSACTION",
    }
}

async fn insert_entries(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    entries: &[(i64, TableEntry)],
) -> Result<()> {
    let mut sql = Sql::new(
        backend,
        "INSERT INTO dbvsg_commit_table (commit_id, table_id, first_change, last_change, baseline, inserted, updated, \
         deleted, soft_deleted, restored, rows, parent_id) VALUES ",
    );
    for (position, (commit, entry)) in entries.iter().enumerate() {
        sql.push(if position > 0 { ", (" } else { "(" });
        sql.bind_all([
            *commit,
            entry.table,
            entry.first_change,
            entry.last_change,
            entry.baseline,
            entry.inserted,
            entry.updated,
            entry.deleted,
            entry.soft_deleted,
            entry.restored,
            entry.rows,
        ]);
        sql.push(", ").bind(entry.parent).push(")");
    }
    sql.execute(txn).await?;
    Ok(())
}
