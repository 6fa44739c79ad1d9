//! An application's own migrations, with capture kept right around them.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, SqliteTransactionMode};
use sea_orm::{TransactionOptions, TransactionTrait};
use sea_orm_migration::MigratorTrait;

use super::{
    Refresh, Refreshed, Scope,
    follow::is_due,
    place,
    refresh::{lock, within},
    stepwise,
};
use crate::{Error, Result, Vsg, journal::drift::installed_triggers};

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
    let pending = M::get_pending_migrations_read_only(vsg.db()).await?;
    if pending.is_empty() {
        return Ok(Migrated::default());
    }
    let applied: Vec<String> = pending.iter().map(|migration| migration.name().to_owned()).collect();
    let own = vsg.backend().migration_pool(vsg.db()).await?;
    let db = own.as_ref().unwrap_or(vsg.db());
    let message = format!("migrated: {}", applied.join(", "));
    let result = match vsg.backend().transactional_ddl() {
        true => on::<M>(vsg, db, hints, &message).await,
        false => stepwise::migrate::<M>(vsg, db, hints, &message).await,
    };
    if let Some(own) = own {
        own.close().await?;
    }
    let refreshed = result?;
    vsg.reload().await?;
    Ok(Migrated { applied, refreshed })
}

async fn on<M: MigratorTrait>(
    vsg: &Vsg,
    db: &DatabaseConnection,
    hints: &Refresh,
    message: &str,
) -> Result<Vec<Refreshed>> {
    let backend = vsg.backend();
    let options = TransactionOptions {
        isolation_level: backend.latest(),
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let txn = db.begin_with_options(options).await?;
    let broken = backend.broken_references(&DatabaseExecutor::Transaction(&txn)).await?;
    catch_up(&txn, vsg).await?;
    pause(&txn, vsg).await?;
    M::up(&txn, None).await?;
    let refreshed = within(&txn, vsg, &Scope::All, hints, message, true).await?;
    let left = backend.broken_references(&DatabaseExecutor::Transaction(&txn)).await?;
    if let Some(reference) = left.into_iter().find(|reference| !broken.contains(reference)) {
        let detail = format!("after the migration, a row of {reference} and finds no row there");
        return Err(Error::Violation { constraint: crate::Constraint::ForeignKey, detail });
    }
    txn.commit().await?;
    Ok(refreshed)
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
