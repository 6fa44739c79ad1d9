use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};
use serde_json::{Value as Json, json};

use super::{
    Horizon, Period, Pruned, PrunedTable, Retention, Rule,
    doom::{self, Candidates},
    states,
};
use crate::{
    Author, CommitId, Error, Reference, Result, Vsg,
    backend::{Backend, Sql},
    capture,
    catalog::{Catalog, Retained, Tracked},
    history,
    journal::{self, PRUNE, PruneNote, View},
    model::time,
};

/// Takes away what may be forgotten, and records that, in one transaction that alone seals meanwhile: only versions of
/// sealed commits are touched, so writers go on.
pub(crate) async fn prune(vsg: &Vsg, author: Author, retention: &Retention) -> Result<Pruned> {
    author.check()?;
    // Most of what waits is sealed before, so that it does not make this transaction longer.
    vsg.seal().await?;
    let backend = vsg.backend();
    let txn = capture::begin_write(vsg.db(), backend.latest()).await?;
    journal::seal_within(&txn, vsg, View::Own).await?;
    let catalog = vsg.catalog_now(&DatabaseExecutor::Transaction(&txn)).await?;
    let named = retention.table.as_deref().map(|name| named(&catalog, name)).transpose()?;
    history::expect_head(&txn, backend, named.as_deref(), author.expected_parent.as_ref()).await?;
    let cut = cut(&txn, backend, named.as_deref(), &retention.rule).await?;
    let mut tables: Vec<Arc<Tracked>> = match named {
        Some(tracked) => vec![tracked],
        None => catalog.all().cloned().collect(),
    };
    tables.sort_by_key(|tracked| tracked.name());
    let mut pruned = Pruned { dry_run: retention.dry_run, ..Pruned::default() };
    let mut notes = Vec::new();
    for tracked in &tables {
        let (told, note) = one(&txn, backend, tracked, &cut, retention.dry_run).await?;
        pruned.tables.push(told);
        notes.extend(note);
    }
    if retention.dry_run || notes.is_empty() {
        txn.rollback().await?;
        return Ok(pruned);
    }
    pruned.commit = Some(record(&txn, vsg, author, retention.rule.to_json(), &notes).await?);
    txn.commit().await?;
    vsg.reload().await?;
    Ok(pruned)
}

/// The table of this name that is or was tracked.
pub(super) fn named(catalog: &Catalog, name: &str) -> Result<Arc<Tracked>> {
    catalog.get(name).or_else(|error| catalog.gone(name).cloned().ok_or(error))
}

/// Which versions may go, and what is left of the states before.
struct Cut {
    candidates: Candidates,
    period: Option<Period>,
}

async fn cut(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    table: Option<&Tracked>,
    rule: &Rule,
) -> Result<Cut> {
    let (before, period) = match rule {
        Rule::KeepVersions(versions) => return Ok(Cut { candidates: Candidates::Beyond(*versions), period: None }),
        Rule::Before(before) => (before, None),
        Rule::OnePer { period, before } => (before, Some(*period)),
    };
    let end = match (history::resolve(txn, backend, table, before).await, before) {
        (Ok(position), _) => position.seq,
        // A moment before the first commit: there is nothing yet that is so old.
        (Err(Error::UnknownReference { .. }), Reference::At(_)) => 0,
        (Err(error), _) => return Err(error),
    };
    Ok(Cut { candidates: Candidates::EndedBy(end), period })
}

/// Prunes one table. The scratch tables are as before afterwards, whatever was found.
async fn one(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    cut: &Cut,
    dry_run: bool,
) -> Result<(PrunedTable, Option<PruneNote>)> {
    journal::expect_sound(txn, backend, tracked).await?;
    let known_end = match cut.candidates {
        Candidates::EndedBy(end) => Some(end),
        _ => None,
    };
    let mut staying = states::staying(txn, backend, tracked, known_end.unwrap_or(i64::MAX), cut.period).await?;
    states::write(txn, backend, tracked, &staying).await?;
    doom::doom(txn, backend, tracked, cut.candidates).await?;
    let mut told = doom::weigh(txn, backend, tracked).await?;
    if told.removed == 0 {
        states::write(txn, backend, tracked, &tracked.retained.kept).await?;
        told.horizon = horizon(txn, backend, tracked.retained.horizon).await?;
        return Ok((told, None));
    }
    let end = match known_end {
        Some(end) => end,
        None => {
            let end = doom::last_end(txn, backend, tracked).await?;
            staying = states::staying(txn, backend, tracked, end, None).await?;
            end
        }
    };
    // What was pruned before does not come back, so the horizon never does.
    let seq = end.max(tracked.retained.horizon);
    told.horizon = horizon(txn, backend, seq).await?;
    staying.retain(|(first, _)| *first < seq);
    staying.iter_mut().for_each(|(_, end)| *end = (*end).min(seq));
    let note = match dry_run {
        true => None,
        false => {
            let left = Retained { horizon: seq, kept: staying, ..Retained::default() };
            Some(take(txn, backend, tracked, &told, &left).await?)
        }
    };
    doom::clear(txn).await?;
    Ok((told, note))
}

/// Takes the versions away that were found to go.
async fn take(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    told: &PrunedTable,
    left: &Retained,
) -> Result<PruneNote> {
    journal::preserve(txn, backend, tracked).await?;
    doom::remove(txn, backend, tracked).await?;
    states::write(txn, backend, tracked, &left.kept).await?;
    set_horizon(txn, backend, tracked, left.horizon).await?;
    let digest = journal::kept_digest(txn, backend, tracked, left).await?;
    Ok(note(tracked, told, left.horizon, digest.to_string()))
}

/// What the PRUNE commit says of a table.
pub(super) fn note(tracked: &Tracked, told: &PrunedTable, horizon: i64, digest: String) -> PruneNote {
    let (removed, kept) = (told.removed, told.kept);
    PruneNote { id: tracked.id, table: tracked.name(), horizon, removed, kept, digest }
}

/// Notes from where the past of a table is whole, so that every program notices.
pub(super) async fn set_horizon(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    seq: i64,
) -> Result<()> {
    txn.execute_unprepared(&format!("DELETE FROM dbvsg_horizon WHERE table_id = {}", tracked.id)).await?;
    let mut sql = Sql::new(backend, "INSERT INTO dbvsg_horizon (table_id, seq) VALUES (");
    sql.bind_all([tracked.id, seq]).push(")");
    sql.execute(txn).await?;
    txn.execute_unprepared(&format!("UPDATE dbvsg_table SET shape = shape + 1 WHERE id = {}", tracked.id)).await?;
    Ok(())
}

/// The commit at this seq.
async fn horizon(txn: &DatabaseTransaction, backend: &'static dyn Backend, seq: i64) -> Result<Option<Horizon>> {
    let mut sql = Sql::new(backend, "SELECT uuid, committed_at FROM dbvsg_commit WHERE seq = ");
    sql.bind(seq);
    let Some(row) = sql.one(txn).await? else { return Ok(None) };
    let commit = row.try_get::<String>("", "uuid")?.parse()?;
    Ok(Some(Horizon { commit, seq, at: time::from_micros(row.try_get("", "committed_at")?) }))
}

/// Makes the PRUNE commit: it changes no row, and says what was taken away and what was left.
pub(super) async fn record(
    txn: &DatabaseTransaction,
    vsg: &Vsg,
    mut author: Author,
    rule: Json,
    notes: &[PruneNote],
) -> Result<CommitId> {
    let backend = vsg.backend();
    let mut meta = json!({"prune": {"rule": rule, "tables": notes}});
    if let (Some(own), Json::Object(meta)) = (author.meta.take(), &mut meta) {
        meta.insert("meta".into(), own);
    }
    author.meta = Some(meta);
    let commit = journal::open(txn, backend, author, PRUNE).await?;
    let entries: Vec<(i64, Option<i64>)> = notes.iter().map(|note| (note.id, None)).collect();
    journal::note_entries(txn, backend, commit.uuid, &entries).await?;
    journal::seal_within(txn, vsg, View::Own).await?;
    Ok(commit.uuid)
}
