//! An application's own migrations, with capture kept right around them.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction};
use sea_orm_migration::MigratorTrait;

use super::{
    Refresh, Refreshed, Scope,
    follow::is_due,
    place,
    refresh::{lock, within},
    stepwise,
};
use crate::{Error, Result, Vsg, capture, journal::drift::installed_triggers};

/// What [`Vsg::migrate`] did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Migrated {
    /// The migrations that were applied, in order.
    pub applied: Vec<String>,
    /// The tracked tables that changed.
    pub refreshed: Vec<Refreshed>,
}

/// Applies what is pending. One query or two if nothing is.
pub(crate) async fn migrate<M: MigratorTrait>(vsg: &Vsg, hints: &Refresh) -> Result<Migrated> {
    if pending::<M, _>(vsg.db()).await?.is_empty() {
        return Ok(Migrated::default());
    }
    let own = vsg.backend().migration_pool(vsg.db()).await?;
    let db = own.as_ref().unwrap_or(vsg.db());
    let result = match vsg.backend().transactional_ddl() {
        true => on::<M>(vsg, db, hints).await,
        false => stepwise::migrate::<M>(vsg, db, hints).await,
    };
    if let Some(own) = own {
        own.close().await?;
    }
    let migrated = result?;
    vsg.reload().await?;
    Ok(migrated)
}

/// The names of the migrations that are not applied yet. Another program can have applied them by the time that writers
/// are off, so they are asked for again then.
pub(super) async fn pending<M: MigratorTrait, C: ConnectionTrait>(db: &C) -> Result<Vec<String>> {
    let pending = M::get_pending_migrations_read_only(db).await?;
    Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
}

/// What the commit of a migration says.
pub(super) fn message(applied: &[String]) -> String {
    format!("migrated: {}", applied.join(", "))
}

async fn on<M: MigratorTrait>(vsg: &Vsg, db: &DatabaseConnection, hints: &Refresh) -> Result<Migrated> {
    let backend = vsg.backend();
    let txn = capture::begin_write(db, backend.latest()).await?;
    let broken = backend.broken_references(&DatabaseExecutor::Transaction(&txn)).await?;
    catch_up(&txn, vsg).await?;
    let applied = pending::<M, _>(&txn).await?;
    if applied.is_empty() {
        txn.commit().await?;
        return Ok(Migrated::default());
    }
    pause(&txn, vsg).await?;
    M::up(&txn, None).await?;
    let refreshed = within(&txn, vsg, &Scope::All, hints, &message(&applied), true).await?;
    let left = backend.broken_references(&DatabaseExecutor::Transaction(&txn)).await?;
    if let Some(reference) = left.into_iter().find(|reference| !broken.contains(reference)) {
        let detail = format!("after the migration, a row of {reference} and finds no row there");
        return Err(Error::Violation { constraint: crate::Constraint::ForeignKey, detail });
    }
    txn.commit().await?;
    Ok(Migrated { applied, refreshed })
}

/// Keeps writers off, and lets history follow what had changed before: hints speak of the migration.
async fn catch_up(txn: &DatabaseTransaction, vsg: &Vsg) -> Result<()> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Transaction(txn));
    let catalog = vsg.catalog_now(&db).await?;
    for tracked in catalog.all() {
        lock(txn, vsg, place::find(&db, backend, &catalog, tracked).await?.as_ref()).await?;
    }
    let mut is_any_due = false;
    for tracked in catalog.iter() {
        is_any_due |= is_due(&db, backend, tracked).await?;
    }
    if is_any_due {
        let message = "the table had changed when a migration began";
        within(txn, vsg, &Scope::All, &Refresh::default(), message, false).await?;
    }
    Ok(())
}

/// Puts the triggers out of the way of the migration. What they would have captured is found afterwards by comparing.
async fn pause(txn: &DatabaseTransaction, vsg: &Vsg) -> Result<()> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Transaction(txn));
    for tracked in vsg.catalog_now(&db).await?.iter() {
        let triggers: Vec<String> = installed_triggers(txn, backend, tracked).await?.into_keys().collect();
        for sql in backend.pause(tracked, &triggers) {
            txn.execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}
