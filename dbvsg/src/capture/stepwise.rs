//! Enabling tables where CREATE ends the transaction: each step is for good, and one that is left half-way is undone.
//!
//! The catalog notes each table before anything else is made of it, as one that is being enabled. The triggers come before the
//! baseline, so that no write slips through between them; writers then wait while the baseline is taken, and what the
//! triggers caught until then is thrown away, because it lies before the tables' known past.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, Statement};

use super::{
    Policy,
    enable::{activate, arm, baseline, install, refuse_tracked, trackable},
    txn::begin_write,
};
use crate::{
    Author, CommitId, Result, TableName, Vsg,
    backend::Sql,
    catalog::{self, HalfDone, Tracked},
    history,
    journal::{self, View},
};

/// The state of a table that is on its way to be tracked.
const ENABLING: &str = "enabling";

pub(super) async fn enable(vsg: &Vsg, author: &Author, names: &[&str], policy: &Policy) -> Result<Option<CommitId>> {
    let turn = turn(vsg).await?;
    clean(vsg).await?;
    let done = async { fill(vsg, author, &prepare(vsg, names, policy).await?).await };
    match done.await {
        Ok(commit) => {
            turn.commit().await?;
            vsg.reload().await?;
            Ok(commit)
        }
        Err(error) => {
            if let Err(left) = clean(vsg).await {
                // Whoever connects next tries again.
                tracing::warn!(error = &left as &dyn std::error::Error, ?names, "tables are left half enabled");
            }
            Err(error)
        }
    }
}

/// Undoes what a program left half-way that was killed while it enabled a table. Does nothing if one is at it right now.
pub(crate) async fn clean_up(vsg: &Vsg) -> Result<()> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Connection(vsg.db()));
    if backend.transactional_ddl() || catalog::half_done(&db, backend, ENABLING).await?.is_empty() {
        return Ok(());
    }
    match try_turn(vsg).await {
        Ok(turn) => {
            clean(vsg).await?;
            Ok(turn.commit().await?)
        }
        Err(error) if error.is_busy() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes this program the only one that enables or disables a table or lets a history follow, until the transaction ends.
pub(crate) async fn turn(vsg: &Vsg) -> Result<DatabaseTransaction> {
    take_turn(vsg, "").await
}

/// The same, or an error at once if it is somebody else's.
pub(crate) async fn try_turn(vsg: &Vsg) -> Result<DatabaseTransaction> {
    take_turn(vsg, " NOWAIT").await
}

async fn take_turn(vsg: &Vsg, patience: &str) -> Result<DatabaseTransaction> {
    let turn = begin_write(vsg.db(), None).await?;
    let sql = format!("SELECT id FROM dbvsg_sealing WHERE id = 3{}{patience}", vsg.backend().for_update());
    turn.query_one_raw(Statement::from_string(vsg.backend().builder(), sql)).await?;
    Ok(turn)
}

/// Makes the histories and the triggers.
async fn prepare(vsg: &Vsg, names: &[&str], policy: &Policy) -> Result<Vec<Tracked>> {
    let backend = vsg.backend();
    let txn = begin_write(vsg.db(), None).await?;
    let db = DatabaseExecutor::Transaction(&txn);
    let tables = trackable(vsg, &db, names, policy).await?;
    refuse_tracked(vsg, &db, names).await?;
    let mut enabled = Vec::with_capacity(tables.len());
    for table in tables {
        let tracked = install(&txn, backend, table, policy).await?;
        arm(&txn, backend, &tracked).await?;
        enabled.push(tracked);
    }
    drop(db);
    txn.commit().await?;
    Ok(enabled)
}

/// Takes the baseline while writers wait, and makes the tables some of the tracked.
async fn fill(vsg: &Vsg, author: &Author, enabled: &[Tracked]) -> Result<Option<CommitId>> {
    let backend = vsg.backend();
    let tables: Vec<&TableName> = enabled.iter().map(|tracked| &tracked.table.name).collect();
    let _held = backend.hold_writers(vsg.db(), &tables).await?;
    let txn = begin_write(vsg.db(), backend.latest()).await?;
    journal::seal_within(&txn, vsg, View::Own).await?;
    history::expect_head(&txn, backend, None, author.expected_parent.as_ref()).await?;
    for tracked in enabled {
        Sql::new(backend, format!("DELETE FROM {}", backend.quote_table(&tracked.history))).execute(&txn).await?;
    }
    let commit = baseline(&txn, backend, author, enabled).await?;
    activate(&txn, vsg, enabled).await?;
    txn.commit().await?;
    Ok(commit)
}

/// Undoes every enabling that did not come to its end.
async fn clean(vsg: &Vsg) -> Result<()> {
    let (backend, db) = (vsg.backend(), vsg.db());
    for HalfDone { id, history, tracked } in
        catalog::half_done(&DatabaseExecutor::Connection(db), backend, ENABLING).await?
    {
        if let Some(tracked) = tracked {
            for row in db.query_all_raw(backend.installed_triggers(&tracked)).await? {
                for sql in backend.drop_trigger(&tracked, &row.try_get::<String>("", "name")?) {
                    db.execute_unprepared(&sql).await?;
                }
            }
        }
        // It is ours if it holds versions: another table can have taken the name just before.
        let made = backend.describe(&DatabaseExecutor::Connection(db), &history).await?;
        if made.is_some_and(|table| table.column("vsg_begin").is_some()) {
            db.execute_unprepared(&format!("DROP TABLE {}", backend.quote_table(&history))).await?;
        }
        for (table, column) in [("dbvsg_column", "table_id"), ("dbvsg_table", "id")] {
            let mut sql = Sql::new(backend, format!("DELETE FROM {table} WHERE {column} = "));
            sql.bind(id);
            sql.execute(db).await?;
        }
    }
    Ok(())
}
