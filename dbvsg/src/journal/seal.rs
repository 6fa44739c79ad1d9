//! Sealing: commits that were only appended get their place, their time, their counts and their hash.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};

use super::{
    chain::{self, Chained, Tail},
    number, part,
    pending::{self, Gathered},
};
use crate::{
    Error, Result, Vsg,
    backend::{Backend, Sql, Writers},
    capture,
    catalog::{self, Catalog},
    detached::detached,
};

/// The commits that wait to be sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many there are.
    pub commits: u64,
    /// How long the oldest of them has waited.
    pub lag: Duration,
}

/// Whose view of the catalog a sealing goes by.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// The one that the whole program shares.
    Shared,
    /// This transaction's own: it has changed the catalog itself.
    Own,
}

/// Seals all commits that are there when it begins, whatever others go on to write; on SQLite, those that come meanwhile as well. Returns
/// how many. One query if there are none; some ten, and three a tracked table, for each batch of up to 500. It comes to its end whoever
/// stops waiting for it.
pub(crate) async fn seal(vsg: &Vsg) -> Result<u64> {
    // Only a look: what another program changed in the catalog is read where nobody else in this one can be changing it.
    let (is_current, pending) = catalog::look(vsg.db(), vsg.backend(), &vsg.catalog()).await?;
    if is_current && pending.is_none() {
        return Ok(0);
    }
    let (vsg, until) = (vsg.clone(), pending.map_or(0, |(_, newest)| last_id(vsg.backend(), newest)));
    detached(async move { seal_pending(&vsg, until).await }).await
}

/// The last id that commits have which are there by now, and are sealed where the newest of them is. Where one transaction writes
/// at a time, one can be parted into several, which stand behind it.
fn last_id(backend: &dyn Backend, newest: i64) -> i64 {
    match backend.writers() {
        Writers::One => i64::MAX,
        Writers::Many => newest,
    }
}

/// Those that are written meanwhile are not waited for: they could be more each time.
async fn seal_pending(vsg: &Vsg, until: i64) -> Result<u64> {
    let mut sealed = 0;
    // One sealer a process is enough; others wait for it and find the work done.
    let _turn = vsg.sealing_turn().await;
    while is_pending(vsg, until).await? {
        let _turn = vsg.writing_turn().await;
        let txn = capture::begin_write(vsg.db(), vsg.backend().latest()).await?;
        let promised = begin(&txn, vsg.backend()).await?;
        let Batch { count, is_last } = batch(&txn, vsg, View::Shared, promised, until).await?;
        txn.commit().await?;
        sealed += count;
        if is_last {
            break;
        }
    }
    Ok(sealed)
}

/// Whether there is anything to seal up to this id. What another program changed in the catalog is noticed on the way.
async fn is_pending(vsg: &Vsg, until: i64) -> Result<bool> {
    let (is_current, pending) = catalog::look(vsg.db(), vsg.backend(), &vsg.catalog()).await?;
    if !is_current {
        vsg.reload().await?;
    }
    Ok(pending.is_some_and(|(first, _)| first <= until))
}

/// Seals everything inside a transaction. Nobody else seals from then on until it ends, even if there was nothing to seal, and values that
/// come as text are exact.
pub(crate) async fn seal_within(txn: &DatabaseTransaction, vsg: &Vsg, view: View) -> Result<()> {
    let promised = begin(txn, vsg.backend()).await?;
    let sql = "SELECT max(id) AS newest FROM dbvsg_pending";
    let row = Sql::new(vsg.backend(), sql).one(txn).await?;
    let newest = row.map(|row| row.try_get::<Option<i64>>("", "newest")).transpose()?.flatten();
    let Some(newest) = newest else { return Ok(()) };
    while !batch(txn, vsg, view, promised, last_id(vsg.backend(), newest)).await?.is_last {}
    Ok(())
}

/// Promises that no commit will ever come to stand at or before this moment but those that stand there now: what was
/// once told of the past stays true. Writes one row, and only if the moment is later than any told of before.
pub(crate) async fn promise(vsg: &Vsg, moment: i64) -> Result<()> {
    match note_promise(vsg.db(), vsg.backend(), moment).await {
        // Who may only read can promise nothing, and is told what is known.
        Err(Error::Denied { .. }) | Ok(false) => Ok(()),
        // What was committed while the promise was being made.
        Ok(true) => seal(vsg).await.map(|_| ()),
        Err(other) => Err(other),
    }
}

/// Writes a promise down. Returns whether it goes further than those before.
pub(crate) async fn note_promise<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    moment: i64,
) -> Result<bool> {
    let moment = moment.min(chrono::Utc::now().timestamp_micros());
    let sql = "SELECT s.watermark, (SELECT max(committed_at) FROM dbvsg_commit) AS last FROM dbvsg_sealing s \
               WHERE s.id = 1";
    let Some(row) = Sql::new(backend, sql).one(db).await? else { return Ok(false) };
    let known = row.try_get::<i64>("", "watermark")?.max(row.try_get::<Option<i64>>("", "last")?.unwrap_or_default());
    if moment <= known {
        return Ok(false);
    }
    let mut sql = Sql::new(backend, "UPDATE dbvsg_sealing SET watermark = ");
    sql.bind(moment).push(" WHERE id = 1 AND watermark < ").bind(moment);
    sql.execute(db).await?;
    Ok(true)
}

/// The place of the newest sealed commit; zero if there is none. One query.
pub(crate) async fn newest<C: ConnectionTrait>(db: &C, backend: &'static dyn Backend) -> Result<i64> {
    let row = Sql::new(backend, "SELECT coalesce(max(seq), 0) AS seq FROM dbvsg_commit").one(db).await?;
    Ok(row.map(|row| row.try_get("", "seq")).transpose()?.unwrap_or_default())
}

/// Makes a transaction ready to seal. Returns the moment up to which the past was promised.
async fn begin(txn: &DatabaseTransaction, backend: &'static dyn Backend) -> Result<i64> {
    let promised = lock(txn, backend).await?;
    for sql in backend.begin_sealing() {
        txn.execute_unprepared(&sql).await?;
    }
    Ok(promised)
}

/// Makes this transaction the only one that seals, until it ends. Returns the moment up to which the past was promised.
pub(crate) async fn lock(txn: &DatabaseTransaction, backend: &'static dyn Backend) -> Result<i64> {
    let sql = format!("SELECT watermark FROM dbvsg_sealing WHERE id = 1{}", backend.for_update());
    let row = Sql::new(backend, sql).one(txn).await?;
    Ok(row.map(|row| row.try_get("", "watermark")).transpose()?.unwrap_or_default())
}

/// What one transaction sealed.
struct Batch {
    count: u64,
    /// Whether nothing was left that was there when it began.
    is_last: bool,
}

/// Seals the next commits, as [`begin`] promised. `until`: the newest that there was when it all began.
async fn batch(txn: &DatabaseTransaction, vsg: &Vsg, view: View, promised: i64, until: i64) -> Result<Batch> {
    let backend = vsg.backend();
    let boundaries = vsg.boundaries().take();
    if !boundaries.is_empty() {
        part::part(txn, backend, &vsg.catalog_within(txn).await?, &boundaries).await?;
    }
    let mut limit = pending::BATCH;
    loop {
        let Some(window) = pending::window(txn, backend, limit).await? else {
            // Another process was faster.
            return Ok(Batch { count: 0, is_last: true });
        };
        let reaches = window.reaches(until);
        // Read after the commits, so that every table they can have touched is in it.
        let catalog = seen(txn, vsg, view).await?;
        let gathered = pending::gather(txn, backend, &catalog, window).await?;
        if let Some(gathered) = gathered {
            let is_last = reaches && !gathered.are_left;
            return Ok(Batch { count: finish(txn, backend, gathered, promised).await?, is_last });
        }
        // All of these transactions reach beyond the window: see more of them at a time.
        limit *= 2;
    }
}

async fn seen(txn: &DatabaseTransaction, vsg: &Vsg, view: View) -> Result<Catalog> {
    match view {
        View::Shared => vsg.catalog_within(txn).await,
        View::Own => vsg.catalog_now(&DatabaseExecutor::Transaction(txn)).await,
    }
}

async fn finish(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    gathered: Gathered,
    promised: i64,
) -> Result<u64> {
    let Gathered { written, empty, mut tables, .. } = gathered;
    let count = (empty.len() + written.len()) as u64;
    if written.is_empty() {
        pending::forget(txn, backend, empty.into_iter()).await?;
        return Ok(count);
    }
    let tail = Tail::read(txn, backend, promised).await?;
    let seq = tail.seq();
    let ids = number::number(txn, backend, &tail, &written).await?;
    let Chained { placings, entries } = chain::chain(tail, written, &ids, &mut tables);
    number::renumber(txn, backend, &placings, &entries, &tables).await?;
    for placings in placings.chunks(100) {
        let placed = txn.execute_raw(backend.place(placings)).await?.rows_affected();
        if placed != placings.len() as u64 {
            let detail =
                format!("of {} commits that were to be sealed only {placed} were still waiting", placings.len());
            return Err(Error::Corrupted { detail });
        }
    }
    let placed = placings.iter().map(|placing| placing.written_id);
    pending::forget(txn, backend, empty.into_iter().chain(placed)).await?;
    for entries in entries.chunks(100) {
        chain::insert_entries(txn, backend, entries).await?;
    }
    for (tracked, state) in tables.values() {
        let own = || entries.iter().map(|(_, entry)| entry).filter(|entry| entry.table == tracked.id);
        let changed = || own().filter(|entry| !entry.is_empty());
        let first = changed().map(|entry| entry.first_change).min();
        if let (Some(first), Some(last)) = (first, changed().map(|entry| entry.last_change).max()) {
            txn.execute_raw(backend.supersede(tracked, (first, last), seq)).await?;
        }
        if own().next().is_some() {
            state.write(txn, backend, tracked).await?;
        }
    }
    Ok(count)
}
