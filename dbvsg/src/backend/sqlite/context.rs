//! Whose transaction it is.
//!
//! The one row of `dbvsg_context` carries the label of the running DBVSG transaction, if there is one (`uuid`), and the
//! commit that is open. SQLite tells a trigger nothing about transactions, so statements of an outside writer share a
//! commit while they come from one connection (whose count of changes only grows), no more than a second apart, with no
//! sealing and no DBVSG transaction in between.

use std::sync::LazyLock;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value as Bound};

use super::NOW;
use crate::{Result, backend::Context};

/// The commit that a version belongs to; NULL where that has to be looked into: for the first version of a transaction,
/// and in an outside writer's whenever the clock has moved on or the count of changes is not one that has grown.
pub(super) static CURRENT_COMMIT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "(SELECT commit_id FROM dbvsg_context WHERE id = 1 AND (uuid IS NOT NULL \
         OR (last_moment = {NOW} AND total_changes() > last_changes)))"
    )
});

/// The id of a new commit. After an outside writer's, ids leave room for the transactions into which sealing may part it.
pub(super) const NEXT_COMMIT: &str = "coalesce((SELECT max(id) + iif(operation = 'EXTERNAL', 1048576, 1) FROM dbvsg_pending), \
                                      (SELECT max(id) + 1 FROM dbvsg_commit), 1)";

/// Opens a commit where none is open, or a new transaction of an outside writer has begun, and gives it to the version
/// NEW.
pub(super) fn begin_steps(history: &str) -> String {
    format!(
        "INSERT INTO dbvsg_pending (id, uuid, actor, operation, message, query, meta, written_at) \
         SELECT {NEXT_COMMIT}, x.uuid, coalesce(x.actor, 'external'), iif(x.uuid IS NULL, 'EXTERNAL', x.operation), \
         x.message, x.query, x.meta, {NOW} FROM dbvsg_context x WHERE x.id = 1 AND (x.commit_id IS NULL OR (x.uuid IS NULL \
         AND NOT (total_changes() > x.last_changes AND {NOW} - x.last_moment BETWEEN 0 AND 1000000))); \
         UPDATE dbvsg_context SET commit_id = (SELECT max(id) FROM dbvsg_pending), last_changes = total_changes(), last_moment = {NOW} \
         WHERE id = 1; \
         UPDATE {history} SET vsg_begin = (SELECT commit_id FROM dbvsg_context WHERE id = 1) WHERE vsg_id = NEW.vsg_id; "
    )
}

/// Opens the commit of a transaction of DBVSG's, unless it is open.
pub(super) fn open_commit() -> Vec<String> {
    vec![
        format!(
            "INSERT INTO dbvsg_pending (id, uuid, actor, operation, message, query, meta, written_at) \
             SELECT {NEXT_COMMIT}, x.uuid, x.actor, x.operation, x.message, x.query, \
             x.meta, {NOW} FROM dbvsg_context x WHERE x.id = 1 AND x.uuid IS NOT NULL AND x.commit_id IS NULL"
        ),
        "UPDATE dbvsg_context SET commit_id = (SELECT max(id) FROM dbvsg_pending) WHERE id = 1 AND commit_id IS NULL"
            .into(),
    ]
}

pub(super) fn support() -> Vec<String> {
    vec![
        "INSERT OR IGNORE INTO dbvsg_context (id) VALUES (1)".into(),
        "CREATE TABLE IF NOT EXISTS dbvsg_collision (table_id INTEGER, change_id INTEGER, PRIMARY KEY (table_id, change_id)) WITHOUT ROWID"
            .into(),
        // Who writes appends to a small table without an index; what a commit needs for good is given to it by sealing.
        "CREATE TABLE IF NOT EXISTS dbvsg_pending (id INTEGER PRIMARY KEY, uuid TEXT, actor TEXT NOT NULL, operation TEXT, query TEXT, \
         message TEXT, meta TEXT, written_at INTEGER NOT NULL)"
            .into(),
        // Those that left out the commits that waited, as long as they stood among the others.
        "DROP INDEX IF EXISTS dbvsg_commit_pending".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_uuid".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_seq".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_time".into(),
        "CREATE UNIQUE INDEX IF NOT EXISTS dbvsg_commit_by_uuid ON dbvsg_commit (uuid)".into(),
        "CREATE UNIQUE INDEX IF NOT EXISTS dbvsg_commit_by_seq ON dbvsg_commit (seq)".into(),
        "CREATE INDEX IF NOT EXISTS dbvsg_commit_by_time ON dbvsg_commit (committed_at)".into(),
        "DROP TRIGGER IF EXISTS dbvsg_context_closed".into(),
        // The end of a DBVSG transaction is the time of its commit.
        format!(
            "CREATE TRIGGER dbvsg_context_closed AFTER UPDATE OF uuid ON dbvsg_context \
             WHEN NEW.uuid IS NULL AND NEW.closed_id IS NOT NULL BEGIN \
             UPDATE dbvsg_pending SET written_at = {NOW} WHERE id = NEW.closed_id; END"
        ),
        "DROP VIEW IF EXISTS db_vsg".into(),
        view(),
    ]
}

/// The commits, for people with a plain SQL client.
fn view() -> String {
    let moment = |micros: &str| {
        format!(
            "strftime('%Y-%m-%dT%H:%M:%S', {micros} / 1000000, 'unixepoch') || printf('.%06dZ', {micros} % 1000000)"
        )
    };
    format!(
        "CREATE VIEW db_vsg AS SELECT c.uuid, c.operation, c.query, c.meta, lower(hex(c.hash)) AS hash, c.actor AS user_id, \
         EXISTS (SELECT 1 FROM dbvsg_table t WHERE t.head_id = c.id) AS is_current, \
         NOT EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.rollbacked_at IS NULL) AS rollbacked, \
         (SELECT {} FROM dbvsg_commit_table x WHERE x.commit_id = c.id) AS rollbacked_at, {} AS created_at, \
         p.uuid AS parent_uuid FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id ORDER BY c.seq",
        moment("max(x.rollbacked_at)"),
        moment("c.committed_at"),
    )
}

pub(super) async fn open(txn: &DatabaseTransaction, context: &Context) -> Result<()> {
    let values: [Bound; 6] = [
        context.uuid.as_str().into(),
        context.actor.as_str().into(),
        context.operation.clone().into(),
        context.message.clone().into(),
        context.query.clone().into(),
        context.meta.clone().into(),
    ];
    let sql = "UPDATE dbvsg_context SET commit_id = NULL, closed_id = NULL, uuid = ?, actor = ?, operation = ?, message = ?, query = ?, \
               meta = ? WHERE id = 1";
    txn.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await?;
    Ok(())
}

/// Closes the commit, and tells for `closed_id` whether there was one.
const CLOSE: &str = "UPDATE dbvsg_context SET closed_id = commit_id, commit_id = NULL, uuid = NULL, actor = NULL, operation = NULL, \
                     message = NULL, query = NULL, meta = NULL WHERE id = 1 RETURNING closed_id";

pub(super) async fn close(txn: &DatabaseTransaction) -> Result<bool> {
    end(txn, CLOSE.into()).await
}

/// The same, and commits, in one trip to the driver's thread. What the driver then takes for the transaction, and undoes when it is
/// dropped, is an empty one that is begun after it. It must be waited for: whatever it does not come to, the driver does not know of.
pub(super) async fn close_and_commit(txn: DatabaseTransaction) -> Result<bool> {
    end(&txn, format!("{CLOSE}; COMMIT; BEGIN")).await
}

async fn end(txn: &DatabaseTransaction, sql: String) -> Result<bool> {
    let row = txn.query_all_raw(super::statement(sql)).await?.pop();
    Ok(row.map(|row| row.try_get::<Option<i64>>("", "closed_id")).transpose()?.flatten().is_some())
}
