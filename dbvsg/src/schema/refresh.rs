//! All of it in one transaction: either history has followed every table, or everything is as before.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};

use super::{
    Refresh, Refreshed, ShapeChange,
    follow::{Plan, plan, write},
    place, stepwise,
};
use crate::{
    Author, Error, Result, Vsg, capture,
    catalog::{self, Catalog, Tracked},
    journal::{self, View, drift},
    model::TableName,
};

/// Which tables are followed.
pub(crate) enum Scope {
    /// All that are tracked, and those that were dropped and are there again.
    All,
    /// The one of this id in the catalog.
    One(i64),
    /// The one of this name, before or after it was renamed.
    Named(String),
    /// The one of this name that was dropped or disabled, to be tracked again: what was disabled is in no other scope.
    Gone(String),
}

/// Who signs what nobody in particular wrote.
pub(super) const SIGNATURE: &str = "dbvsg";

/// Lets history follow, and the program know. Returns the tables about which something had changed.
pub(crate) async fn refresh(vsg: &Vsg, scope: Scope, hints: &Refresh, message: &str) -> Result<Vec<Refreshed>> {
    if !vsg.backend().transactional_ddl() {
        return stepwise::refresh(vsg, &scope, hints, message).await;
    }
    let txn = capture::begin_write(vsg.db(), vsg.backend().latest()).await?;
    let refreshed = within(&txn, vsg, &scope, hints, message, false).await?;
    let catalog = vsg.catalog_now(&DatabaseExecutor::Transaction(&txn)).await?;
    txn.commit().await?;
    vsg.set_catalog(catalog);
    Ok(refreshed)
}

/// Lets a table go on that was dropped or disabled, if it is there.
pub(crate) async fn revive(vsg: &Vsg, table: &str) -> Result<Vec<Refreshed>> {
    let message = "the table is tracked again";
    refresh(vsg, Scope::Gone(table.to_owned()), &Refresh::default(), message).await
}

/// The same inside a transaction. `paused`: all triggers were put out of the way.
pub(super) async fn within(
    txn: &DatabaseTransaction,
    vsg: &Vsg,
    scope: &Scope,
    hints: &Refresh,
    message: &str,
    paused: bool,
) -> Result<Vec<Refreshed>> {
    let backend = vsg.backend();
    let db = DatabaseExecutor::Transaction(txn);
    let catalog = vsg.catalog_now(&db).await?;
    let mut places = Vec::new();
    for tracked in select(&db, vsg, &catalog, scope).await? {
        let home = place::find(&db, backend, &catalog, &tracked).await?;
        lock(txn, vsg, home.as_ref()).await?;
        places.push((tracked, home));
    }
    place::check_hints(&db, backend, &places, hints).await?;
    // What was written before is sealed before.
    journal::seal_within(txn, vsg, View::Own).await?;
    let mut followed = Vec::new();
    for (tracked, home) in places {
        // Writers are off now, but the table may have changed again until they were.
        let tracked = catalog::one(&db, backend, tracked.id).await?;
        if let Some(plan) = plan(txn, backend, &tracked, (home, hints), paused).await? {
            followed.push(carry_out(txn, vsg, plan).await?);
        }
    }
    record(txn, vsg, &followed, message).await
}

async fn carry_out(txn: &DatabaseTransaction, vsg: &Vsg, plan: Plan) -> Result<Followed> {
    let backend = vsg.backend();
    for sql in plan.drops.iter().chain(&plan.statements) {
        txn.execute_unprepared(sql).await?;
    }
    write(txn, backend, &plan.followed, plan.is_there, &[]).await?;
    if plan.is_there {
        let whole = catalog::one(&DatabaseExecutor::Transaction(txn), backend, plan.followed.id).await?;
        for sql in backend.triggers(&whole).iter().flat_map(|trigger| &trigger.sql) {
            txn.execute_unprepared(sql).await?;
        }
    }
    Ok(plan.into())
}

/// What was done for a table.
pub(super) struct Followed {
    id: i64,
    table: TableName,
    changes: Vec<ShapeChange>,
    is_there: bool,
}

impl From<Plan> for Followed {
    fn from(Plan { followed, changes, is_there, .. }: Plan) -> Self {
        Self { id: followed.id, table: followed.table.name, changes, is_there }
    }
}

/// The tables that are in the scope.
pub(super) async fn select(
    db: &DatabaseExecutor<'_>,
    vsg: &Vsg,
    catalog: &Catalog,
    scope: &Scope,
) -> Result<Vec<Tracked>> {
    let awake = || catalog.all().filter(|tracked| !tracked.disabled);
    let copy = |tracked: &Arc<Tracked>| (**tracked).clone();
    let name = match scope {
        Scope::All => return Ok(awake().map(copy).collect()),
        Scope::One(id) => return Ok(awake().filter(|tracked| tracked.id == *id).map(copy).collect()),
        Scope::Gone(name) => return Ok(catalog.gone(name).map(copy).into_iter().collect()),
        Scope::Named(name) => name,
    };
    if let Some(tracked) = catalog.iter().chain(awake()).find(|tracked| tracked.name() == *name) {
        return Ok(vec![copy(tracked)]);
    }
    for tracked in awake() {
        let home = place::find(db, vsg.backend(), catalog, tracked).await?;
        if home.is_some_and(|home| home.to_string() == *name) {
            return Ok(vec![copy(tracked)]);
        }
    }
    Err(Error::NotTracked { table: name.clone() })
}

/// Keeps writers off a table until the transaction ends.
pub(super) async fn lock(txn: &DatabaseTransaction, vsg: &Vsg, table: Option<&TableName>) -> Result<()> {
    if let Some(sql) = table.and_then(|table| vsg.backend().lock_table(table)) {
        txn.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Records the rows that are not as history knew them, as one commit.
pub(super) async fn record(
    txn: &DatabaseTransaction,
    vsg: &Vsg,
    followed: &[Followed],
    message: &str,
) -> Result<Vec<Refreshed>> {
    if followed.is_empty() {
        return Ok(Vec::new());
    }
    let backend = vsg.backend();
    let author = Author::new(SIGNATURE).because(message);
    let commit = journal::open(txn, backend, author, "MIGRATE").await?;
    let mut refreshed = Vec::with_capacity(followed.len());
    for Followed { id, table, changes, is_there } in followed {
        let mut written = 0;
        if *is_there {
            let tracked = catalog::one(&DatabaseExecutor::Transaction(txn), backend, *id).await?;
            written = drift::record(txn, backend, &tracked, commit).await?;
        }
        refreshed.push(Refreshed {
            table: table.to_string(),
            changes: changes.clone(),
            commit: (written > 0).then_some(commit.uuid),
        });
    }
    // Without a row the commit is empty, and sealing forgets it.
    journal::seal_within(txn, vsg, View::Own).await?;
    refreshed.retain(|refreshed| !refreshed.changes.is_empty() || refreshed.commit.is_some());
    Ok(refreshed)
}
