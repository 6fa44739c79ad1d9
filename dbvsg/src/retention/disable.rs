//! A table leaves version control, with its history or without.
//!
//! The catalog notes it first, together with whatever a commit says of it; then the triggers go, and the history if it is to.
//! Where DDL cannot be part of a transaction, what is left half-way is finished by whoever connects next. What the triggers
//! still write until then belongs to a history that stays, or goes with one that does not.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};
use serde_json::json;

use super::{
    doom::{self, Candidates},
    prune::{named, note, record, set_horizon},
    states,
};
use crate::{
    Author, CommitId, Result, Vsg, capture,
    catalog::{self, HalfDone, Tracked},
    history,
    journal::{
        self, View,
        drift::{drop_triggers, installed_triggers},
    },
};

/// The state of a table that is not tracked any more and keeps its history.
const DISABLED: &str = "disabled";

/// The state of one whose history is going.
const FORGETTING: &str = "forgetting";

pub(crate) async fn disable(vsg: &Vsg, author: Author, table: &str, drop_history: bool) -> Result<Option<CommitId>> {
    author.check()?;
    vsg.reload().await?;
    vsg.seal().await?;
    let backend = vsg.backend();
    let commit = if backend.transactional_ddl() {
        let txn = capture::begin_write(vsg.db(), backend.latest()).await?;
        let commit = note_down(&txn, vsg, author, table, drop_history).await?;
        sweep(&DatabaseExecutor::Transaction(&txn), vsg).await?;
        txn.commit().await?;
        commit
    } else {
        let turn = capture::turn(vsg).await?;
        let txn = capture::begin_write(vsg.db(), backend.latest()).await?;
        let commit = note_down(&txn, vsg, author, table, drop_history).await?;
        txn.commit().await?;
        sweep(&DatabaseExecutor::Connection(vsg.db()), vsg).await?;
        turn.commit().await?;
        commit
    };
    vsg.reload().await?;
    Ok(commit)
}

/// Finishes what a program left half-way that was killed while it disabled a table. Does nothing if one is at it right now.
pub(crate) async fn finish(vsg: &Vsg) -> Result<()> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Connection(vsg.db()));
    if backend.transactional_ddl() || !is_due(&db, vsg).await? {
        return Ok(());
    }
    match capture::try_turn(vsg).await {
        Ok(turn) => {
            sweep(&db, vsg).await?;
            Ok(turn.commit().await?)
        }
        Err(error) if error.is_busy() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Notes in the catalog what is to become of the table.
async fn note_down(
    txn: &DatabaseTransaction,
    vsg: &Vsg,
    author: Author,
    table: &str,
    drop_history: bool,
) -> Result<Option<CommitId>> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Transaction(txn));
    let tracked = match drop_history {
        true => named(&vsg.catalog_now(&db).await?, table)?,
        false => vsg.catalog_now(&db).await?.get(table)?,
    };
    if let Some(lock) = backend.lock_table(&tracked.table.name)
        && backend.describe(&db, &tracked.table.name).await?.is_some()
    {
        txn.execute_unprepared(&lock).await?;
    }
    // What was written before is sealed before.
    journal::seal_within(txn, vsg, View::Own).await?;
    let tracked = catalog::one(&db, backend, tracked.id).await?;
    history::expect_head(txn, backend, Some(&tracked), author.expected_parent.as_ref()).await?;
    let (state, commit) = match drop_history {
        true => (FORGETTING, Some(forget(txn, vsg, author, &tracked).await?)),
        false => (DISABLED, None),
    };
    let id = tracked.id;
    let sql = format!("UPDATE dbvsg_table SET state = '{state}', shape = shape + 1 WHERE id = {id}");
    txn.execute_unprepared(&sql).await?;
    Ok(commit)
}

/// Keeps of a history what the proof of the rest needs, and records that it goes.
async fn forget(txn: &DatabaseTransaction, vsg: &Vsg, author: Author, tracked: &Tracked) -> Result<CommitId> {
    let backend = vsg.backend();
    journal::expect_sound(txn, backend, tracked).await?;
    let newest = journal::newest(txn, backend).await?;
    doom::doom(txn, backend, tracked, Candidates::All).await?;
    let told = doom::weigh(txn, backend, tracked).await?;
    journal::preserve(txn, backend, tracked).await?;
    doom::clear(txn).await?;
    states::write(txn, backend, tracked, &[]).await?;
    set_horizon(txn, backend, tracked, newest).await?;
    let notes = [note(tracked, &told, newest, journal::nothing_kept(newest).to_string())];
    record(txn, vsg, author, json!({"drop_history": true}), &notes).await
}

/// Carries out what is noted.
async fn sweep(db: &DatabaseExecutor<'_>, vsg: &Vsg) -> Result<()> {
    let backend = vsg.backend();
    let catalog = vsg.catalog_now(db).await?;
    for HalfDone { id, history, tracked } in catalog::half_done(db, backend, FORGETTING).await? {
        // A table of that name may have been tracked anew since it was dropped.
        if let Some(tracked) = tracked.filter(|tracked| catalog.get(&tracked.name()).is_err()) {
            drop_triggers(db, backend, &tracked).await?;
        }
        db.execute_unprepared(&format!("DROP TABLE IF EXISTS {}", backend.quote_table(&history))).await?;
        // Without a name, so that another of that name is a table like any other from now on.
        let done = format!("UPDATE dbvsg_table SET state = 'forgotten', history_name = '' WHERE id = {id}");
        db.execute_unprepared(&done).await?;
    }
    for tracked in catalog.asleep() {
        drop_triggers(db, backend, tracked).await?;
    }
    Ok(())
}

/// Whether something is noted that is not carried out.
async fn is_due(db: &DatabaseExecutor<'_>, vsg: &Vsg) -> Result<bool> {
    if !catalog::half_done(db, vsg.backend(), FORGETTING).await?.is_empty() {
        return Ok(true);
    }
    for tracked in vsg.catalog().asleep() {
        if !installed_triggers(db, vsg.backend(), tracked).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
