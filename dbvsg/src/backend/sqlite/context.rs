//! Whose transaction it is.
//!
//! `dbvsg_context` has a row 0 only inside a transaction of DBVSG, with its label. Row 1 stands for outside writers.
//! SQLite tells a trigger nothing about transactions, so statements of an outside writer share a commit while they come
//! from one connection (whose count of changes only grows), no more than a second apart, with no sealing and no DBVSG
//! transaction in between.

use sea_orm::{DbBackend, Statement, Value as Bound};

use super::NOW;
use crate::backend::Context;

/// A random UUID of version 4, in SQL.
const UUID: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || \
                    substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";

/// The commit that the running transaction writes to.
pub(super) const CURRENT_COMMIT: &str = "(SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1)";

/// The first step of every trigger that writes: makes sure that there is such a commit.
pub(super) fn open_commit() -> String {
    format!(
        "INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) \
         AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> {NOW})); "
    )
}

pub(super) fn support() -> Vec<String> {
    vec![
        "INSERT OR IGNORE INTO dbvsg_context (id) VALUES (1)".into(),
        "CREATE TABLE IF NOT EXISTS dbvsg_collision (table_id INTEGER, change_id INTEGER, PRIMARY KEY (table_id, change_id)) WITHOUT ROWID"
            .into(),
        "DROP VIEW IF EXISTS dbvsg_open".into(),
        "CREATE VIEW dbvsg_open AS SELECT 1 AS wanted".into(),
        open_trigger(),
        "DROP TRIGGER IF EXISTS dbvsg_context_closed".into(),
        // The end of a DBVSG transaction: note the time, and let outside writers begin a commit of their own.
        format!(
            "CREATE TRIGGER dbvsg_context_closed AFTER DELETE ON dbvsg_context WHEN OLD.commit_id IS NOT NULL BEGIN \
             UPDATE dbvsg_commit SET written_at = {NOW} WHERE id = OLD.commit_id; \
             UPDATE dbvsg_context SET commit_id = NULL WHERE id = 1 AND commit_id IS NOT NULL; END"
        ),
        "DROP VIEW IF EXISTS db_vsg".into(),
        view(),
    ]
}

/// Opens a commit where none is open or a new transaction of an outside writer has begun. After an outside writer's
/// commit, ids leave room for the transactions into which sealing may part it.
fn open_trigger() -> String {
    let current = "(SELECT min(id) FROM dbvsg_context)";
    let next = "(SELECT coalesce(max(id), 0) + coalesce(iif(seq IS NULL AND operation = 'EXTERNAL', 1048576, 1), 1) FROM dbvsg_commit)";
    format!(
        "CREATE TRIGGER dbvsg_open_commit INSTEAD OF INSERT ON dbvsg_open BEGIN \
         INSERT INTO dbvsg_commit (id, uuid, branch_id, actor, operation, message, query, meta, written_at) \
         SELECT {next}, coalesce(x.uuid, {UUID}), 1, coalesce(x.actor, 'external'), iif(x.uuid IS NULL, 'EXTERNAL', x.operation), \
         x.message, x.query, x.meta, {NOW} FROM dbvsg_context x WHERE x.id = {current} AND (x.commit_id IS NULL \
         OR NOT (total_changes() > x.last_changes AND {NOW} - x.last_moment BETWEEN 0 AND 1000000)); \
         UPDATE dbvsg_context SET commit_id = (SELECT max(id) FROM dbvsg_commit), last_changes = total_changes(), last_moment = {NOW} \
         WHERE id = {current}; END"
    )
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
         p.uuid AS parent_uuid FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id WHERE c.seq IS NOT NULL ORDER BY c.seq",
        moment("max(x.rollbacked_at)"),
        moment("c.committed_at"),
    )
}

pub(super) fn open(context: &Context) -> Statement {
    let values: [Bound; 6] = [
        context.uuid.as_str().into(),
        context.actor.as_str().into(),
        context.operation.clone().into(),
        context.message.clone().into(),
        context.query.clone().into(),
        context.meta.clone().into(),
    ];
    let sql =
        "INSERT INTO dbvsg_context (id, uuid, actor, operation, message, query, meta) VALUES (0, ?, ?, ?, ?, ?, ?)";
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}
