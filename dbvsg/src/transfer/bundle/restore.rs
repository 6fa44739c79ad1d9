//! A bundle in place of the database. All of it is proven first, then one transaction does everything: it proves the chain
//! of what it has loaded before it ends.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction};

use super::{
    load::{load, settle},
    make::make,
    read::Bundle,
    stepwise,
    target::{Anew, Target, check},
};
use crate::{
    Author, Policy, RestoreOptions, Result, Vsg,
    backend::Backend,
    capture, catalog,
    catalog::Catalog,
    detached::detached,
    journal::{self, drift::drop_triggers},
    model::TableName,
    transfer::backup::{damaged, unsound},
};

/// For how long a restore is begun anew where others are in its way.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// Who enables tables that the bundle does not track.
pub(super) const SIGNATURE: &str = "dbvsg";

pub(crate) async fn restore(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<()> {
    let bundle = Bundle::open(path).await?;
    check(&bundle, vsg.backend(), options)?;
    let (vsg, options) = (vsg.clone(), options.clone());
    // Half of it would leave a stale catalog.
    detached(async move { perform(&vsg, &bundle, &options).await }).await
}

async fn perform(vsg: &Vsg, bundle: &Bundle, options: &RestoreOptions) -> Result<()> {
    let begun = Instant::now();
    loop {
        match once(vsg, bundle, options).await {
            Err(error) if error.is_busy() && begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
}

async fn once(vsg: &Vsg, bundle: &Bundle, options: &RestoreOptions) -> Result<()> {
    let backend = vsg.backend();
    let own = backend.restore_pool(vsg.db()).await?;
    let course = Course { vsg, backend, own: &own, bundle, options };
    // Nobody seals with a catalog that is about to change.
    let turn = vsg.sealing_turn().await;
    let done = match backend.transactional_ddl() {
        true => course.whole().await,
        false => stepwise::restore(&course).await,
    };
    // What it was set to goes with it.
    let closed = own.close().await;
    drop(turn);
    if done.is_err() && !options.dry_run && !backend.transactional_ddl() {
        // It may have failed after the rows were there.
        vsg.boundaries().begin_anew();
        if let Err(error) = vsg.reload().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the catalog is read again later");
        }
    }
    let left = done?;
    if options.dry_run {
        return Ok(closed?);
    }
    vsg.boundaries().begin_anew();
    vsg.reload().await?;
    for (table, policy) in left {
        vsg.enable_with(&table.to_string(), &policy).await?;
    }
    Ok(closed?)
}

/// What a restore goes by.
pub(super) struct Course<'a> {
    pub(super) vsg: &'a Vsg,
    pub(super) backend: &'static dyn Backend,
    /// The one connection that it writes over.
    pub(super) own: &'a DatabaseConnection,
    pub(super) bundle: &'a Bundle,
    pub(super) options: &'a RestoreOptions,
}

impl Course<'_> {
    /// Everything in one transaction. Returns the tables that are to be enabled afterwards.
    async fn whole(&self) -> Result<Vec<(TableName, Policy)>> {
        let (backend, bundle) = (self.backend, self.bundle);
        let txn = capture::begin_write(self.own, backend.latest()).await?;
        let db = DatabaseExecutor::Transaction(&txn);
        run(&txn, &backend.wholly()).await?;
        let (old, target) = self.locked(&txn).await?;
        let broken = self.broken(&db).await?;
        let (_, shapes) = catalog::shapes(&txn, backend).await?;
        for tracked in old.iter() {
            drop_triggers(&txn, backend, tracked).await?;
        }
        let mut release = Vec::new();
        for table in &target.known {
            let held = backend.own_triggers(&db, table).await?;
            run(&txn, &held.hold).await?;
            release.extend(held.release);
        }
        let known: Vec<&TableName> = target.known.iter().collect();
        let ties = backend.untie(&db, &known).await?;
        for history in &target.obsolete {
            txn.execute_unprepared(&format!("DROP TABLE IF EXISTS {}", backend.quote_table(history))).await?;
        }
        make(&txn, target.missing.iter().filter(|object| !object.kind.is_late()), |_| ()).await?;
        load(&txn, backend, bundle).await?;
        make(&txn, target.missing.iter().filter(|object| object.kind.is_late()), |_| ()).await?;
        run(&txn, &ties).await?;
        run(&txn, &release).await?;
        for counter in &bundle.manifest.counters {
            run(&txn, &backend.set_counter(counter)).await?;
        }
        if let Some(next) = self.changes_to_skip(&db).await? {
            run(&txn, &backend.skip_changes(next)).await?;
        }
        for tracked in settle(&txn, backend, shapes).await?.iter() {
            journal::repair_triggers(&txn, backend, tracked).await?;
        }
        let mut left = Vec::new();
        for Anew { table, policy, goes_on } in target.anew {
            match goes_on {
                true => left.push((table, Policy::default())),
                false => {
                    let author = Author::new(SIGNATURE);
                    _ = capture::enable_within(&txn, self.vsg, &author, &[&table.to_string()], &policy).await?;
                }
            }
        }
        self.prove(&txn, true).await?;
        self.expect_references(&db, &broken).await?;
        drop(db);
        match self.options.dry_run {
            true => txn.rollback().await?,
            false => txn.commit().await?,
        }
        Ok(left)
    }

    /// Keeps everybody off, and looks at what is there once they are.
    async fn locked(&self, txn: &DatabaseTransaction) -> Result<(Catalog, Target)> {
        let (backend, db) = (self.backend, DatabaseExecutor::Transaction(txn));
        let old = self.vsg.catalog_now(&db).await?;
        let target = Target::find(&db, backend, self.bundle, &old, true).await?;
        let sealing = TableName::new("dbvsg_sealing");
        let catalog = self.bundle.manifest.catalog.iter().map(|content| &content.table);
        let anew = target.anew.iter().map(|anew| &anew.table);
        let names: Vec<&TableName> = target.known.iter().chain(anew).chain(catalog).chain([&sealing]).collect();
        run(txn, &backend.lock_all(&names)).await?;
        let old = self.vsg.catalog_now(&db).await?;
        let target = Target::find(&db, backend, self.bundle, &old, true).await?;
        Ok((old, target))
    }

    /// What the counter of commits and changes has to give next, if it has not come so far.
    pub(super) async fn changes_to_skip(&self, db: &DatabaseExecutor<'_>) -> Result<Option<i64>> {
        let Some(next) = self.bundle.manifest.next_change else { return Ok(None) };
        let here = self.backend.next_change(db).await?;
        Ok(here.is_none_or(|here| here < next).then_some(next))
    }

    /// Proves what was loaded.
    pub(super) async fn prove(&self, txn: &DatabaseTransaction, captured: bool) -> Result<()> {
        let catalog = self.vsg.catalog_now(&DatabaseExecutor::Transaction(txn)).await?;
        let proof = journal::prove(txn, self.backend, &catalog, captured).await?;
        unsound(&proof).map_or(Ok(()), Err)
    }

    /// The foreign keys that are violated, if that is looked at.
    pub(super) async fn broken(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
        match self.options.integrity_check {
            true => self.backend.broken_references(db).await,
            false => Ok(Vec::new()),
        }
    }

    /// Refuses foreign keys that are violated and were not before.
    pub(super) async fn expect_references(&self, db: &DatabaseExecutor<'_>, before: &[String]) -> Result<()> {
        match self.broken(db).await?.into_iter().find(|reference| !before.contains(reference)) {
            Some(reference) => Err(damaged(format!("afterwards a row of {reference}, and finds no row there"))),
            None => Ok(()),
        }
    }
}

pub(super) async fn run<C: ConnectionTrait>(db: &C, statements: &[String]) -> Result<()> {
    for sql in statements {
        db.execute_unprepared(sql).await?;
    }
    Ok(())
}
