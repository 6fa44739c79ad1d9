//! Drift: what the live table holds and its history does not know, because no trigger saw it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction};

use super::{Opened, View};
use crate::{
    Author, CommitId, Result, Vsg,
    backend::{Backend, Sql},
    capture,
    catalog::{MAIN, Tracked},
    journal,
    model::Key,
};

/// How many drifted rows of a table are named.
const NAMED: usize = 10;

/// The SQL texts that compare a live table with the newest versions of its history.
struct Comparison {
    live: String,
    history: String,
    columns: Vec<String>,
    /// The newest version `h` of the key of `l`.
    newest: String,
    /// Whether `l` and `h` differ in a watched column.
    differs: String,
    /// Whether `l` has the key of `h`.
    same_key: String,
    /// Whether no later version of the key of `h` exists.
    is_newest: String,
}

impl Comparison {
    fn new(backend: &dyn Backend, tracked: &Tracked) -> Self {
        let same = |a: &str, b: &str| tracked.same_key(backend, a, b);
        let history = backend.quote_table(&tracked.history);
        // No max(): MariaDB would read all versions of a key for it.
        let newest = |of: &str| {
            let same = same("x", of);
            format!("h.vsg_id = (SELECT x.vsg_id FROM {history} x WHERE {same} ORDER BY x.vsg_id DESC LIMIT 1)")
        };
        let differs: Vec<String> = tracked
            .watched_columns()
            .map(|column| {
                let name = backend.quote(&column.name);
                backend.differs(column, &format!("l.{name}"), &format!("h.{name}"))
            })
            .collect();
        Self {
            live: backend.quote_table(&tracked.table.name),
            columns: tracked.captured_columns().map(|column| backend.quote(&column.name)).collect(),
            newest: newest("l"),
            is_newest: newest("h"),
            differs: differs.join(" OR "),
            same_key: same("l", "h"),
            history,
        }
    }

    fn columns(&self, alias: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| format!("{alias}.{name}")).collect();
        columns.join(", ")
    }

    /// Live rows that history does not know as they are.
    fn unknown(&self, select: &str) -> String {
        format!(
            "SELECT {select} FROM {} l LEFT JOIN {} h ON {} WHERE h.vsg_id IS NULL OR h.vsg_op = 'delete' OR {}",
            self.live, self.history, self.newest, self.differs,
        )
    }

    /// Rows that history believes to be alive.
    fn lost(&self, select: &str) -> String {
        format!(
            "SELECT {select} FROM {} h WHERE h.vsg_op <> 'delete' AND {} AND NOT EXISTS (SELECT 1 FROM {} l WHERE {})",
            self.history, self.is_newest, self.live, self.same_key,
        )
    }
}

/// The first drifted rows of a table, in words.
pub(super) async fn find<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<Vec<String>> {
    let comparison = Comparison::new(backend, tracked);
    let mut found = Vec::new();
    for (sql, what) in [
        (comparison.unknown(&tracked.live_projection(backend, "l")), "is not in the history as it is in the table"),
        (comparison.lost(&tracked.projection(backend, "h")), "is in the history but gone from the table"),
    ] {
        let rows = Sql::new(backend, format!("{sql} LIMIT {NAMED}")).all(db).await?;
        for row in rows {
            let key = Key::of(&tracked.table, &tracked.read(backend, &row, 0)?).to_text(&tracked.table);
            found.push(format!("row {key} {what}; reconcile records it"));
        }
    }
    Ok(found)
}

/// The triggers of DBVSG that a table has, by name.
pub(crate) async fn installed_triggers<C: ConnectionTrait>(
    db: &C,
    backend: &dyn Backend,
    tracked: &Tracked,
) -> Result<HashMap<String, String>> {
    let rows = db.query_all_raw(backend.installed_triggers(tracked)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "body")?))).collect()
}

/// Takes all triggers of DBVSG off a table.
pub(crate) async fn drop_triggers<C: ConnectionTrait>(db: &C, backend: &dyn Backend, tracked: &Tracked) -> Result<()> {
    for name in installed_triggers(db, backend, tracked).await?.keys() {
        for sql in backend.drop_trigger(tracked, name) {
            db.execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}

/// Puts the triggers of a table back as they should be, those of another version included.
pub(crate) async fn repair_triggers<C: ConnectionTrait>(
    db: &C,
    backend: &dyn Backend,
    tracked: &Tracked,
) -> Result<()> {
    if broken_triggers(db, backend, tracked).await?.is_empty() {
        return Ok(());
    }
    drop_triggers(db, backend, tracked).await?;
    for sql in backend.triggers(tracked).iter().flat_map(|trigger| &trigger.sql) {
        db.execute_unprepared(sql).await?;
    }
    Ok(())
}

/// The names of the triggers that are missing, not as they should be, or should not be there.
pub(crate) async fn broken_triggers<C: ConnectionTrait>(
    db: &C,
    backend: &dyn Backend,
    tracked: &Tracked,
) -> Result<Vec<String>> {
    let mut installed = installed_triggers(db, backend, tracked).await?;
    let mut broken = Vec::new();
    for trigger in backend.triggers(tracked) {
        if installed.remove(&trigger.name) != Some(trigger.installed) {
            broken.push(trigger.name);
        }
    }
    broken.extend(installed.into_keys());
    broken.sort();
    Ok(broken)
}

/// Records drift as a RECONCILE commit and puts the triggers back. Returns the commit, or none if there was no drift.
pub(crate) async fn reconcile(vsg: &Vsg, author: Author) -> Result<Option<CommitId>> {
    author.check()?;
    let backend = vsg.backend();
    if !backend.transactional_ddl() {
        // Each CREATE ends the transaction it is in. So these come first: what still slips through before is recorded below.
        vsg.reload().await?;
        for tracked in vsg.catalog().iter() {
            repair_triggers(vsg.db(), backend, tracked).await?;
        }
    }
    let txn = capture::begin_write(vsg.db(), backend.latest()).await?;
    let catalog = vsg.catalog_now(&DatabaseExecutor::Transaction(&txn)).await?;
    // Writers are kept off, so that nothing they are about to commit looks like drift.
    for tracked in catalog.iter() {
        if let Some(lock) = backend.lock_table(&tracked.table.name) {
            txn.execute_unprepared(&lock).await?;
        }
    }
    journal::seal_within(&txn, vsg, View::Own).await?;
    let commit = journal::open(&txn, backend, author, "RECONCILE").await?;
    let mut written = 0;
    for tracked in catalog.iter() {
        written += record(&txn, backend, tracked, commit).await?;
        if backend.transactional_ddl() {
            repair_triggers(&txn, backend, tracked).await?;
        }
    }
    // Without a row the commit is empty, and sealing forgets it.
    journal::seal_within(&txn, vsg, View::Own).await?;
    txn.commit().await?;
    Ok((written > 0).then_some(commit.uuid))
}

/// Records what the table holds and its history does not know, as changes of a commit. Returns how many there were.
pub(crate) async fn record(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    commit: Opened,
) -> Result<u64> {
    let comparison = Comparison::new(backend, tracked);
    let (column, fresh) = backend.fresh_id();
    let rest = |op: &str| format!("{fresh}{MAIN}, {}, {op}", commit.id);
    let unknown = comparison.unknown(&format!(
        "{}, {}",
        comparison.columns("l"),
        rest("CASE WHEN h.vsg_id IS NULL OR h.vsg_op = 'delete' THEN 'insert' ELSE 'update' END"),
    ));
    let lost = comparison.lost(&format!("{}, {}", comparison.columns("h"), rest("'delete'")));
    let mut written = 0;
    for source in [unknown, lost] {
        let sql = format!(
            "INSERT INTO {} ({}, {column}vsg_branch, vsg_begin, vsg_op) {source}",
            comparison.history,
            comparison.columns.join(", "),
        );
        written += txn.execute_unprepared(&backend.copying(sql)).await?.rows_affected();
    }
    Ok(written)
}
