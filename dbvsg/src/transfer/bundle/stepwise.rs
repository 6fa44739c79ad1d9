//! The same where DDL ends the transaction it is in. What is missing is made first and taken away again if the rest fails; the
//! rows are one transaction. Capture goes on meanwhile, because no trigger could be put away in that transaction: what it
//! makes of the rows is replaced with the histories and the journal, so that nothing has to be put right if the program is
//! killed before its end.

use sea_orm::{ConnectionTrait, DatabaseExecutor};

use super::{
    load::{load, settle},
    make::make,
    restore::{Course, run},
    target::{Anew, Target},
};
use crate::{
    Error, Policy, Result,
    backend::{Held, Object},
    capture, catalog,
    catalog::{Catalog, Tracked},
    journal::{
        self,
        drift::{broken_triggers, drop_triggers},
    },
    model::TableName,
    ops, schema,
    transfer::backup::damaged,
};

/// What was done before the rows, and is undone if they do not come.
#[derive(Default)]
struct Prepared {
    made: Vec<Object>,
    /// Tables that are not captured yet, whose writers are kept off.
    guarded: Vec<Tracked>,
    /// What lets triggers of tables act again that nobody tracks.
    release: Vec<String>,
    held: Option<ops::HeldTables>,
}

/// Returns the tables that are to be enabled afterwards.
pub(super) async fn restore(course: &Course<'_>) -> Result<Vec<(TableName, Policy)>> {
    let (vsg, backend) = (course.vsg, course.backend);
    let db = DatabaseExecutor::Connection(vsg.db());
    let old = vsg.catalog_now(&db).await?;
    let target = Target::find(&db, backend, course.bundle, &old, false).await?;
    expect_numbers(course, &old)?;
    if let Some(next) = course.changes_to_skip(&db).await? {
        run(vsg.db(), &backend.skip_changes(next)).await?;
    }
    // Whoever took an id before has come to an end then.
    drop(backend.hold_writers(vsg.db(), &[&TableName::new("dbvsg_pending")]).await?);
    let mut prepared = Prepared::default();
    let done = async {
        prepare(course, &old, &target, &mut prepared).await?;
        rows(course, &old, &target, &prepared).await
    };
    match done.await {
        Ok(()) if !course.options.dry_run => finish(course, &old, target, prepared).await,
        done => {
            undo(course, prepared).await?;
            done.map(|()| Vec::new())
        }
    }
}

/// Triggers are named by the numbers of their tables, and could not be named otherwise while others write.
fn expect_numbers(course: &Course<'_>, old: &Catalog) -> Result<()> {
    for bundled in course.bundle.tracked.iter() {
        if let Some(other) = old.by_id(bundled.id).filter(|other| other.table.name != bundled.name) {
            return Err(damaged(format!(
                "the journal of this database counts the table `{}` as number {}, which is `{}` in the backup; restore into an empty \
                 database",
                other.name(),
                bundled.id,
                bundled.name,
            )));
        }
    }
    Ok(())
}

async fn prepare(course: &Course<'_>, old: &Catalog, target: &Target, prepared: &mut Prepared) -> Result<()> {
    let (vsg, backend) = (course.vsg, course.backend);
    let db = DatabaseExecutor::Connection(vsg.db());
    let tracked: Vec<&Tracked> =
        old.iter().map(|tracked| &**tracked).filter(|tracked| target.known.contains(&tracked.table.name)).collect();
    let mut beside = Held::default();
    for name in target.known.iter().filter(|name| old.of(name).is_none()) {
        let held = backend.own_triggers(&db, name).await?;
        beside.hold.extend(held.hold);
        beside.release.extend(held.release);
    }
    if tracked.is_empty() {
        prepared.release.clone_from(&beside.release);
        run(vsg.db(), &beside.hold).await?;
        beside = Held::default();
    }
    prepared.held = ops::hold(vsg, course.own, &tracked, beside).await?;
    let early = target.missing.iter().filter(|object| !object.kind.is_late());
    make(course.own, early, |object| prepared.made.push(object.clone())).await?;
    let exempt = backend.connection_id(course.own).await?;
    for bundled in course.bundle.tracked.iter().filter(|bundled| bundled.is_active) {
        let is_same = old.of(&bundled.name).is_some_and(|tracked| tracked.id == bundled.id);
        if is_same {
            continue;
        }
        let Some(table) = backend.describe(&db, &bundled.name).await? else { continue };
        let tracked = Tracked::bare(bundled.id, table, bundled.history.clone());
        prepared.guarded.push(tracked.clone());
        schema::guard(vsg, &tracked, exempt).await?;
    }
    Ok(())
}

/// The rows, in one transaction.
async fn rows(course: &Course<'_>, old: &Catalog, target: &Target, prepared: &Prepared) -> Result<()> {
    let (vsg, backend) = (course.vsg, course.backend);
    let txn = capture::begin_write(course.own, backend.apply_isolation()).await?;
    let db = DatabaseExecutor::Transaction(&txn);
    journal::lock_sealing(&txn, backend).await?;
    let tables: Vec<&TableName> = target.known.iter().collect();
    run(&txn, &backend.lock_all(&tables)).await?;
    if !catalog::is_current(&db, backend, old).await? {
        return Err(Error::Unavailable(sea_orm::DbErr::Custom("a table was enabled or changed meanwhile".into())));
    }
    let broken = course.broken(&db).await?;
    let (_, shapes) = catalog::shapes(&txn, backend).await?;
    load(&txn, backend, course.bundle).await?;
    settle(&txn, backend, shapes).await?;
    if let Some(held) = &prepared.held {
        held.keep_noted(vsg, &txn).await?;
    }
    course.prove(&txn, false).await?;
    course.expect_references(&db, &broken).await?;
    drop(db);
    match course.options.dry_run {
        true => txn.rollback().await?,
        false => txn.commit().await?,
    }
    Ok(())
}

/// Brings capture to what the restored catalog says. What is left half-way is finished by whoever connects next.
async fn finish(
    course: &Course<'_>,
    old: &Catalog,
    target: Target,
    prepared: Prepared,
) -> Result<Vec<(TableName, Policy)>> {
    let (vsg, backend) = (course.vsg, course.backend);
    let db = DatabaseExecutor::Connection(vsg.db());
    let new = vsg.catalog_now(&db).await?;
    for tracked in old.iter() {
        if new.of(&tracked.table.name).is_none_or(|other| other.id != tracked.id) {
            drop_triggers(vsg.db(), backend, tracked).await?;
        }
    }
    for tracked in new.iter() {
        let is_held = prepared.held.as_ref().is_some_and(|held| held.holds(tracked.id));
        let broken = broken_triggers(vsg.db(), backend, tracked).await?;
        // The guards of a table that is held are taken away when it is let go.
        if broken.iter().any(|name| !is_held || !backend.is_guard(name)) {
            schema::capture_anew(vsg, tracked).await?;
        }
    }
    for history in &target.obsolete {
        vsg.db().execute_unprepared(&format!("DROP TABLE IF EXISTS {}", backend.quote_table(history))).await?;
    }
    make(course.own, target.missing.iter().filter(|object| object.kind.is_late()), |_| ()).await?;
    for counter in &course.bundle.manifest.counters {
        if let Err(error) = run(vsg.db(), &backend.set_counter(counter)).await {
            // It only goes on further ahead.
            tracing::warn!(error = &error as &dyn std::error::Error, "a counter could not be set back");
        }
    }
    run(vsg.db(), &prepared.release).await?;
    if let Some(held) = prepared.held {
        held.release(vsg).await?;
    }
    let left = target.anew.into_iter().map(|Anew { table, policy, goes_on }| match goes_on {
        true => (table, Policy::default()),
        false => (table, policy),
    });
    Ok(left.collect())
}

/// Puts everything back as it was.
async fn undo(course: &Course<'_>, prepared: Prepared) -> Result<()> {
    let (vsg, backend) = (course.vsg, course.backend);
    for tracked in &prepared.guarded {
        schema::unguard(vsg, tracked).await?;
    }
    for object in prepared.made.iter().rev() {
        run(course.own, &backend.unmake(object)).await?;
    }
    run(vsg.db(), &prepared.release).await?;
    match prepared.held {
        Some(held) => held.release(vsg).await,
        None => Ok(()),
    }
}
