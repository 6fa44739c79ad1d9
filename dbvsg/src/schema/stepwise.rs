//! The same where CREATE and ALTER end the transaction: each step is for good.
//!
//! Guards refuse whoever would write to a table while its triggers are made anew, so there is no moment in which a change
//! goes unseen. What is left half-way is finished by whoever connects or refreshes next: the catalog notes the statements
//! that alter a history before they run, and a table whose triggers are not as they should be is due again. Until then a
//! guarded table stays guarded: it is better not written than written unseen.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbErr, RuntimeErr};
use sea_orm_migration::MigratorTrait;

use super::{
    Migrated, Refresh, Refreshed, Scope,
    follow::{Plan, plan, write},
    migrate::{message, pending},
    place,
    refresh::{Followed, record, select},
};
use crate::{
    Error, Result, Vsg,
    backend::{Sql, Trigger},
    capture,
    catalog::{self, Catalog, Tracked},
    journal::{self, View, drift::installed_triggers},
    model::TableName,
};

/// Lets history follow table by table, and records what differs in one commit.
pub(super) async fn refresh(vsg: &Vsg, scope: &Scope, hints: &Refresh, message: &str) -> Result<Vec<Refreshed>> {
    let turn = capture::turn(vsg).await?;
    finish_pending(vsg).await?;
    let refreshed = follow(vsg, scope, hints, message, false).await;
    turn.commit().await?;
    vsg.reload().await?;
    refreshed
}

/// Runs migrations over a connection of their own, which alone may write to the tracked tables meanwhile.
pub(super) async fn migrate<M: MigratorTrait>(
    vsg: &Vsg,
    own: &DatabaseConnection,
    hints: &Refresh,
) -> Result<Migrated> {
    let turn = capture::turn(vsg).await?;
    finish_pending(vsg).await?;
    let before = "the table had changed when a migration began";
    follow(vsg, &Scope::All, &Refresh::default(), before, false).await?;
    let applied = pending::<M, _>(own).await?;
    if applied.is_empty() {
        turn.commit().await?;
        return Ok(Migrated::default());
    }
    let catalog = vsg.catalog_now(&DatabaseExecutor::Connection(vsg.db())).await?;
    let migrating = vsg.backend().connection_id(own).await?;
    if let Err(error) = pause(vsg, &catalog, migrating).await {
        // Nothing was migrated, so this puts everything back.
        follow(vsg, &Scope::All, &Refresh::default(), before, false).await?;
        turn.commit().await?;
        return Err(error);
    }
    let migrated = M::up(own, None).await;
    // Of migrations that failed nobody knows how far they came, so hints may speak of what is not there.
    let hints = if migrated.is_ok() { hints } else { &Refresh::default() };
    let refreshed = follow(vsg, &Scope::All, hints, &message(&applied), true).await;
    turn.commit().await?;
    migrated?;
    Ok(Migrated { applied, refreshed: refreshed? })
}

/// Keeps everybody but one connection off, and puts the triggers out of its way.
async fn pause(vsg: &Vsg, catalog: &Catalog, migrating: Option<i64>) -> Result<()> {
    let backend = vsg.backend();
    for tracked in catalog.iter() {
        guard(vsg, tracked, migrating).await?;
    }
    for tracked in catalog.iter() {
        let expected: Vec<String> = backend.triggers(tracked).into_iter().map(|trigger| trigger.name).collect();
        run(vsg, &backend.pause(tracked, &expected)).await?;
    }
    Ok(())
}

/// Finishes what a program left half-way that was killed while it altered a history.
pub(crate) async fn finish(vsg: &Vsg) -> Result<()> {
    let backend = vsg.backend();
    if backend.transactional_ddl() || catalog::pending_ddl(vsg.db(), backend).await?.is_empty() {
        return Ok(());
    }
    let turn = capture::turn(vsg).await?;
    finish_pending(vsg).await?;
    Ok(turn.commit().await?)
}

async fn finish_pending(vsg: &Vsg) -> Result<()> {
    for (id, statements) in catalog::pending_ddl(vsg.db(), vsg.backend()).await? {
        for (position, sql) in statements.iter().enumerate() {
            match vsg.db().execute_unprepared(sql).await {
                Err(error) if vsg.backend().is_done(&error) => {}
                result => _ = result?,
            }
            note_pending(vsg, id, &statements[position + 1..]).await?;
        }
    }
    Ok(())
}

/// A table whose writers are kept off.
struct Guarded {
    tracked: Tracked,
    /// Whether its triggers are in place, so that writers can be let on again.
    is_captured: bool,
}

/// `paused`: all tables are guarded already, and have no triggers.
async fn follow(vsg: &Vsg, scope: &Scope, hints: &Refresh, message: &str, paused: bool) -> Result<Vec<Refreshed>> {
    let mut guarded = Vec::new();
    let refreshed = follow_guarded(vsg, scope, hints, message, (paused, &mut guarded)).await;
    let mut failed = None;
    for Guarded { tracked, is_captured } in guarded {
        if is_captured {
            // Somebody who reads the table for long can be in the way.
            failed = unguard(vsg, &tracked).await.err().or(failed);
        }
    }
    match failed {
        Some(error) => refreshed.and(Err(error)),
        None => refreshed,
    }
}

/// Whether others were in the way of something that may be tried again; waits a moment then.
async fn is_worth_another(error: &Error, attempt: &mut u32) -> bool {
    *attempt += 1;
    if !error.is_busy() || *attempt > ATTEMPTS {
        return false;
    }
    tokio::time::sleep(PAUSE).await;
    true
}

/// How often something is tried.
const ATTEMPTS: u32 = 5;

/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(200);

async fn follow_guarded(
    vsg: &Vsg,
    scope: &Scope,
    hints: &Refresh,
    message: &str,
    (paused, guarded): (bool, &mut Vec<Guarded>),
) -> Result<Vec<Refreshed>> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Connection(vsg.db()));
    let catalog = vsg.catalog_now(&db).await?;
    let mut places = Vec::new();
    for tracked in select(&db, vsg, &catalog, scope).await? {
        let home = place::find(&db, backend, &catalog, &tracked).await?;
        places.push((tracked, home));
    }
    // Where the tables have changed already, it is too late to refuse.
    if !paused {
        place::check_hints(&db, backend, &places, hints).await?;
    }
    let (mut followed, mut failed) = (Vec::new(), None);
    for (tracked, home) in places {
        match one(vsg, &tracked, (home, hints), (paused, guarded)).await {
            Ok(done) => followed.extend(done),
            // One that history cannot follow must not leave the others guarded.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let recorded = record_all(vsg, &followed, message).await;
    if recorded.is_err() {
        // What is not recorded must not be forgotten: a table that is guarded is looked at again.
        guarded.iter_mut().for_each(|guarded| guarded.is_captured = false);
    }
    failed.map_or(recorded, Err)
}

async fn record_all(vsg: &Vsg, followed: &[Followed], message: &str) -> Result<Vec<Refreshed>> {
    let mut attempt = 0;
    loop {
        match record_once(vsg, followed, message).await {
            Err(error) if is_worth_another(&error, &mut attempt).await => {}
            done => return done,
        }
    }
}

async fn record_once(vsg: &Vsg, followed: &[Followed], message: &str) -> Result<Vec<Refreshed>> {
    let txn = capture::begin_write(vsg.db(), vsg.backend().latest()).await?;
    let refreshed = record(&txn, vsg, followed, message).await?;
    txn.commit().await?;
    Ok(refreshed)
}

/// Follows one table, if there is anything to follow.
async fn one(
    vsg: &Vsg,
    tracked: &Tracked,
    (home, hints): (Option<TableName>, &Refresh),
    (paused, guarded): (bool, &mut Vec<Guarded>),
) -> Result<Option<Followed>> {
    let backend = vsg.backend();
    let looked = capture::begin_write(vsg.db(), backend.latest()).await?;
    let planned = plan(&looked, backend, tracked, (home.clone(), hints), paused).await?;
    looked.rollback().await?;
    if planned.is_none() {
        return Ok(None);
    }
    let now = at(vsg, tracked, home.as_ref()).await?;
    let installed = installed_triggers(vsg.db(), backend, &now).await?;
    let is_captured = installed.keys().any(|name| !backend.is_guard(name));
    let made = if paused || home.is_none() { Ok(()) } else { guard(vsg, &now, None).await };
    let mut guard = Guarded { tracked: now, is_captured };
    let done = match made {
        Ok(()) => carry_out(vsg, tracked, (home, hints), paused, &mut guard.is_captured).await,
        Err(error) => Err(error),
    };
    guarded.push(guard);
    Ok(done?.map(Followed::from))
}

/// Follows one table. Its writers are kept off.
async fn carry_out(
    vsg: &Vsg,
    tracked: &Tracked,
    (home, hints): (Option<TableName>, &Refresh),
    paused: bool,
    is_captured: &mut bool,
) -> Result<Option<Plan>> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Connection(vsg.db()));
    let txn = capture::begin_write(vsg.db(), backend.latest()).await?;
    journal::seal_within(&txn, vsg, View::Own).await?;
    let Some(plan) = plan(&txn, backend, tracked, (home, hints), paused).await? else { return Ok(None) };
    write(&txn, backend, &plan.followed, plan.is_there, &plan.statements).await?;
    txn.commit().await?;
    alter(vsg, tracked, &plan, is_captured).await?;
    run(vsg, &plan.drops).await?;
    if plan.is_there {
        let whole = catalog::one(&db, backend, plan.followed.id).await?;
        run(vsg, &creations(backend.triggers(&whole))).await?;
    }
    *is_captured = true;
    Ok(Some(plan))
}

/// Runs what alters the history. If the server refuses the one statement that counts, nothing was done, and it is as if
/// nothing had been noted; whatever else fails, the rest stays noted to be done.
async fn alter(vsg: &Vsg, before: &Tracked, plan: &Plan, is_captured: &mut bool) -> Result<()> {
    let was_captured = std::mem::replace(is_captured, false);
    for (position, sql) in plan.statements.iter().enumerate() {
        if let Err(error) = vsg.db().execute_unprepared(sql).await {
            if was_refused(&error) && position <= plan.retyped {
                let txn = capture::begin_write(vsg.db(), vsg.backend().latest()).await?;
                write(&txn, vsg.backend(), before, true, &[]).await?;
                txn.commit().await?;
                *is_captured = was_captured;
            }
            return Err(error.into());
        }
        note_pending(vsg, plan.followed.id, &plan.statements[position + 1..]).await?;
    }
    Ok(())
}

/// Whether the server itself said no, rather than the connection.
fn was_refused(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) = error else {
        return false;
    };
    source.as_database_error().is_some()
}

/// Notes the statements through which a history has yet to go.
async fn note_pending(vsg: &Vsg, id: i64, statements: &[String]) -> Result<()> {
    let pending = (!statements.is_empty()).then(|| serde_json::Value::from(statements.to_vec()).to_string());
    let mut sql = Sql::new(vsg.backend(), "UPDATE dbvsg_table SET pending_ddl = ");
    sql.bind(pending).push(" WHERE id = ").bind(id);
    sql.execute(vsg.db()).await?;
    Ok(())
}

async fn run(vsg: &Vsg, statements: &[String]) -> Result<()> {
    for sql in statements {
        vsg.db().execute_unprepared(sql).await?;
    }
    Ok(())
}

fn creations(triggers: Vec<Trigger>) -> Vec<String> {
    triggers.into_iter().flat_map(|trigger| trigger.sql).collect()
}

/// A tracked table as it is where it is by now.
async fn at(vsg: &Vsg, tracked: &Tracked, home: Option<&TableName>) -> Result<Tracked> {
    let db = DatabaseExecutor::Connection(vsg.db());
    let table = match home {
        Some(name) => vsg.backend().describe(&db, name).await?,
        None => None,
    };
    Ok(Tracked { table: table.unwrap_or_else(|| tracked.table.clone()), ..tracked.clone() })
}

/// Waits until whoever has written to the table has ended, and keeps everybody off from then on.
pub(crate) async fn guard(vsg: &Vsg, tracked: &Tracked, exempt: Option<i64>) -> Result<()> {
    run(vsg, &creations(vsg.backend().guards(tracked, exempt))).await
}

pub(crate) async fn unguard(vsg: &Vsg, tracked: &Tracked) -> Result<()> {
    let mut attempt = 0;
    loop {
        match unguard_once(vsg, tracked).await {
            Err(error) if is_worth_another(&error, &mut attempt).await => {}
            done => return done,
        }
    }
}

/// Makes the triggers of a table anew, while nobody writes to it. Those of another number of the table must be gone.
pub(crate) async fn capture_anew(vsg: &Vsg, tracked: &Tracked) -> Result<()> {
    let backend = vsg.backend();
    guard(vsg, tracked, None).await?;
    for name in installed_triggers(vsg.db(), backend, tracked).await?.keys().filter(|name| !backend.is_guard(name)) {
        run(vsg, &backend.drop_trigger(tracked, name)).await?;
    }
    run(vsg, &creations(backend.triggers(tracked))).await?;
    unguard(vsg, tracked).await
}

async fn unguard_once(vsg: &Vsg, tracked: &Tracked) -> Result<()> {
    let backend = vsg.backend();
    let installed = installed_triggers(vsg.db(), backend, tracked).await?;
    for name in installed.keys() {
        if !backend.is_guard(name) {
            continue;
        }
        run(vsg, &backend.drop_trigger(tracked, name)).await?;
    }
    Ok(())
}
