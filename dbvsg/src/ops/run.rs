//! The course of an operation: who else writes is kept off, the plans are made and checked, and then applied or only told.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor};

use super::{
    Action, Applied, ApplyOptions, TableChanges, Tables,
    apply::apply,
    check::check,
    held, marks,
    plan::{Plan, plan},
    scope::{self, Scope},
    shown,
};
use crate::{
    Author, Error, Reference, Result, Txn, Vsg,
    backend::{Backend, Held, Writers},
    capture,
    catalog::Tracked,
    history, journal,
};

/// How often an operation is begun anew where others are in its way.
const ATTEMPTS: u32 = 5;

/// Carries out an operation, or tells what it would do. Beside what a plan and its application take: one transaction.
pub(crate) async fn run(vsg: &Vsg, author: Author, action: &Action, options: &ApplyOptions) -> Result<Applied> {
    author.check()?;
    vsg.seal().await?;
    if let Some(Reference::At(moment)) = action.reference() {
        journal::promise(vsg, moment.timestamp_micros()).await?;
    }
    if let Tables::Only(table) = &options.tables {
        vsg.tracked(table).await?;
    }
    let mut attempt = 1;
    loop {
        match once(vsg, &author, action, options).await {
            Err(error) if error.is_busy() && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(20) * attempt).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn once(vsg: &Vsg, author: &Author, action: &Action, options: &ApplyOptions) -> Result<Applied> {
    // A connection of its own, where one has to be set up in a way that no other may inherit.
    let own = vsg.backend().apply_pool(vsg.db()).await?;
    let db = own.as_ref().unwrap_or(vsg.db());
    let running = Running { vsg, backend: vsg.backend(), db, author, action, options };
    let done = if options.dry_run { running.rehearse().await } else { running.perform_held().await };
    if let Some(own) = own {
        // What it was set to goes with it.
        own.close().await?;
    }
    done
}

struct Running<'a> {
    vsg: &'a Vsg,
    backend: &'static dyn Backend,
    db: &'a DatabaseConnection,
    author: &'a Author,
    action: &'a Action,
    options: &'a ApplyOptions,
}

impl Running<'_> {
    /// Tells what would be done. Nobody waits for it.
    async fn rehearse(&self) -> Result<Applied> {
        let txn = capture::begin_read(self.db, self.backend).await?;
        let catalog = self.vsg.catalog_now(&DatabaseExecutor::Transaction(&txn)).await?;
        let scope = scope::resolve(&txn, self.backend, &catalog, self.action, &self.options.tables).await?;
        self.expect(&txn, &scope).await?;
        let plans = self.plans(&txn, &scope).await?;
        let mut told = self.tell(&txn, &scope, &plans).await?;
        if told.conflicts.is_empty() {
            check(&txn, &DatabaseExecutor::Transaction(&txn), self.backend, &plans, self.is_state()).await?;
        }
        if let Action::Restore(_) = self.action {
            told.commit = None;
        }
        self.clean(&txn, &plans).await?;
        txn.rollback().await?;
        Ok(told)
    }

    /// Carries it out, with the application's own triggers put away before where a transaction cannot take them away.
    async fn perform_held(&self) -> Result<Applied> {
        if self.backend.transactional_ddl() {
            return self.perform().await;
        }
        let (catalog, tables) = (self.vsg.catalog(), &self.options.tables);
        let scope = scope::resolve(self.vsg.db(), self.backend, &catalog, self.action, tables).await?;
        let tables: Vec<&Tracked> = scope.tables.iter().map(|scoped| &*scoped.tracked).collect();
        let held = held::hold(self.vsg, self.db, &tables, Held::default()).await?;
        let done = self.perform().await;
        if let Some(held) = held {
            held.release(self.vsg).await?;
        }
        done
    }

    async fn perform(&self) -> Result<Applied> {
        let mut author = self.author.clone().operation(self.action.label());
        author.expected_parent = None;
        let txn = capture::begin_on(self.vsg, self.db, self.backend.apply_isolation(), author).await?;
        let (scope, known) = self.hold(&txn).await?;
        self.expect(&txn, &scope).await?;
        let plans = self.plans(txn.inner(), &scope).await?;
        self.expect_unpruned(&scope).await?;
        let mut told = self.tell(&txn, &scope, &plans).await?;
        let moved = self.moved(&scope);
        if !told.conflicts.is_empty() || plans.iter().all(Plan::is_empty) && !moved {
            self.clean(&txn, &plans).await?;
            txn.rollback().await?;
            if told.conflicts.is_empty() && matches!(self.action, Action::Restore(_)) {
                told.commit = self.answered(&scope);
            }
            return Ok(told);
        }
        check(&txn, &DatabaseExecutor::Transaction(txn.inner()), self.backend, &plans, self.is_state()).await?;
        let held = self.hold_triggers(&txn, &known, &plans).await?;
        apply(&txn, self.backend, &plans).await?;
        for sql in held {
            txn.execute_unprepared(&sql).await?;
        }
        for (scoped, plan) in scope.tables.iter().zip(&plans) {
            if !plan.is_empty() {
                marks::mark(&txn, self.backend, self.action, scoped, &scope).await?;
            }
        }
        self.clean(&txn, &plans).await?;
        let id = txn.id();
        if let Action::Restore(_) = self.action {
            if plans.iter().all(Plan::is_empty) {
                for sql in self.backend.open_commit() {
                    txn.execute_unprepared(&sql).await?;
                }
            }
            marks::reset(&txn, self.backend, &scope).await?;
            told.commit = self.answered(&scope);
        } else {
            told.commit = Some(id);
        }
        txn.commit().await?;
        Ok(told)
    }

    /// Keeps other writers off the tables until the transaction ends, and finds out what the operation is about once they
    /// are: what they wrote before belongs to it.
    async fn hold(&self, txn: &Txn) -> Result<(Scope, Vec<Arc<Tracked>>)> {
        let expected = self.scope(txn).await?;
        for scoped in &expected.tables {
            if let Some(lock) = self.backend.lock_for_apply(&scoped.tracked.table.name) {
                txn.execute_unprepared(&lock).await?;
            }
        }
        match self.backend.writers() {
            Writers::One => journal::seal_within(txn.inner(), self.vsg, journal::View::Shared).await?,
            Writers::Many => drop(self.vsg.seal().await?),
        }
        let scope = self.scope(txn).await?;
        let is_held = |id: i64| expected.tables.iter().any(|scoped| scoped.tracked.id == id);
        if scope.tables.iter().all(|scoped| is_held(scoped.tracked.id)) {
            let known = scope.tables.iter().map(|scoped| scoped.tracked.clone()).collect();
            return Ok((scope, known));
        }
        // HEAD became another commit meanwhile, with other tables.
        Err(Error::Unavailable(sea_orm::DbErr::Custom("other writers were faster".into())))
    }

    /// Refuses plans from which versions are missing: where others go on, the past can have been pruned since it was found to
    /// be there.
    async fn expect_unpruned(&self, scope: &Scope) -> Result<()> {
        if self.backend.writers() == Writers::One {
            return Ok(());
        }
        let catalog = self.vsg.catalog_now(&DatabaseExecutor::Connection(self.vsg.db())).await?;
        let gone = |tracked: &Tracked| Error::NotTracked { table: tracked.name() };
        scope.tables.iter().try_for_each(|scoped| {
            let tracked = catalog.by_id(scoped.tracked.id).ok_or_else(|| gone(&scoped.tracked))?;
            scoped.target.check(tracked)
        })
    }

    /// Read where others are seen as well: a transaction that has read once goes on seeing that state on some engines.
    async fn scope(&self, txn: &Txn) -> Result<Scope> {
        let (backend, tables) = (self.backend, &self.options.tables);
        match backend.writers() {
            Writers::One => {
                let catalog = self.vsg.catalog_within(txn.inner()).await?;
                scope::resolve(txn, backend, &catalog, self.action, tables).await
            }
            Writers::Many => {
                let catalog = self.vsg.catalog_now(&DatabaseExecutor::Connection(self.vsg.db())).await?;
                scope::resolve(self.vsg.db(), backend, &catalog, self.action, tables).await
            }
        }
    }

    /// Refuses to go on unless the newest of the tables' commits is the one that is expected.
    async fn expect<C: ConnectionTrait>(&self, db: &C, scope: &Scope) -> Result<()> {
        let Some(expected) = &self.author.expected_parent else { return Ok(()) };
        let only = match &scope.tables[..] {
            [only] => Some(&*only.tracked),
            _ => None,
        };
        let wanted = history::resolve(db, self.backend, only, expected).await?;
        match scope.head() {
            Some(head) if head.seq == wanted.seq => Ok(()),
            head => Err(Error::StaleParent {
                expected: expected.to_string(),
                actual: head.map_or_else(|| "none".to_owned(), |head| head.uuid.to_string()),
            }),
        }
    }

    async fn plans<C: ConnectionTrait>(&self, db: &C, scope: &Scope) -> Result<Vec<Plan>> {
        let mut plans = Vec::with_capacity(scope.tables.len());
        for scoped in &scope.tables {
            plans.push(plan(db, self.backend, &scoped.tracked, &scoped.target, &scope.now).await?);
        }
        Ok(plans)
    }

    /// What the plans would do.
    async fn tell<C: ConnectionTrait>(&self, db: &C, scope: &Scope, plans: &[Plan]) -> Result<Applied> {
        let mut told = Applied {
            operation: self.action.label().into(),
            parent: scope.head().map(|head| head.uuid),
            notes: scope.notes.clone(),
            ..Applied::default()
        };
        for plan in plans.iter().filter(|plan| !plan.is_empty()) {
            told.notes.extend(plan.notes.iter().cloned());
            if plan.conflicts > 0 {
                told.conflicts.extend(shown::conflicts(db, self.backend, plan).await?);
            }
            if plan.versions() > 0 {
                told.changes.push(TableChanges {
                    table: plan.tracked.name(),
                    inserted: plan.inserted,
                    updated: plan.updated,
                    deleted: plan.deleted,
                });
                told.preview.push(shown::preview(db, self.backend, plan, self.options.preview).await?);
            }
        }
        Ok(told)
    }

    /// Holds the application's own triggers still. Returns what lets them act again.
    async fn hold_triggers(&self, txn: &Txn, known: &[Arc<Tracked>], plans: &[Plan]) -> Result<Vec<String>> {
        let executor = DatabaseExecutor::Transaction(txn.inner());
        let mut release = Vec::new();
        for (tracked, plan) in known.iter().zip(plans) {
            if !plan.is_empty() && self.backend.transactional_ddl() {
                let held = self.backend.own_triggers(&executor, &tracked.table.name).await?;
                for sql in held.hold {
                    txn.execute_unprepared(&sql).await?;
                }
                release.extend(held.release);
            }
        }
        Ok(release)
    }

    async fn clean<C: ConnectionTrait>(&self, db: &C, plans: &[Plan]) -> Result<()> {
        for plan in plans {
            for sql in self.backend.drop_plan(&plan.tracked) {
                db.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    /// Whether a reset puts a table at another commit, even if no row differs.
    fn moved(&self, scope: &Scope) -> bool {
        let is_elsewhere = |scoped: &scope::Scoped| {
            let at = scoped.head.as_ref().map(|head| head.seq);
            scoped.reset.as_ref().is_some_and(|reset| Some(reset.seq) != at)
        };
        scope.tables.iter().any(is_elsewhere)
    }

    /// The commit that is current again after a reset: of one table its own, of several the one that was named.
    fn answered(&self, scope: &Scope) -> Option<crate::CommitId> {
        match &scope.tables[..] {
            [only] => only.reset.as_ref().map(|reset| reset.uuid),
            _ => Some(scope.named.uuid),
        }
    }

    /// Whether the tables become a state that was there, as a whole.
    fn is_state(&self) -> bool {
        !matches!(self.action, Action::Merge(_) | Action::Revert(_) | Action::CherryPick(_))
    }
}
