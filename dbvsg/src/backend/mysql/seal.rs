use sea_orm::{DbBackend, Statement};

use super::MySql;
use crate::{
    backend::{Backend, Placing},
    catalog::{MAIN, Tracked},
};

/// It reads what is committed, so it does not wait for a writer.
pub(super) fn place(placings: &[Placing]) -> Statement {
    // MySQL takes a parameter without a context for text.
    let first = "SELECT CAST(? AS SIGNED) AS written_id, CAST(? AS SIGNED) AS id, ? AS uuid, CAST(? AS SIGNED) AS seq, \
                 CAST(? AS SIGNED) AS committed_at, CAST(? AS SIGNED) AS parent_id, ? AS operation, CAST(? AS BINARY) AS hash";
    let rows = vec![first; placings.len()].join(" UNION ALL ");
    let sql = format!(
        "INSERT INTO dbvsg_commit (id, uuid, branch_id, seq, parent_id, actor, operation, query, message, meta, written_at, committed_at, hash) \
         SELECT p.id, p.uuid, {MAIN}, p.seq, p.parent_id, w.actor, p.operation, w.query, w.message, w.meta, w.written_at, p.committed_at, p.hash \
         FROM ({rows}) p STRAIGHT_JOIN dbvsg_pending w ON w.id = p.written_id"
    );
    Statement::from_sql_and_values(DbBackend::MySql, sql, placings.iter().flat_map(Placing::values))
}

/// A session can go on with a commit of its own that was committed, as long as it is not sealed (see the routines); so they are
/// locked, one by one by their keys. They are found without a lock first: to lock what is looked through would be to wait for the rows of
/// transactions that are open.
pub(super) fn pending(condition: &str, limit: usize) -> String {
    format!(
        "SELECT p.* FROM (SELECT c.id FROM dbvsg_pending c WHERE {condition} ORDER BY c.id LIMIT {limit}) d \
         STRAIGHT_JOIN dbvsg_pending p FORCE INDEX (PRIMARY) ON p.id = d.id ORDER BY p.id FOR UPDATE"
    )
}

/// Row by row by its key. With a list of ids it would rather read the whole table, if that is small, and wait for the rows of
/// transactions that are open.
pub(super) fn take_pending(commits: &[i64]) -> String {
    let ids: Vec<String> = commits.iter().map(|id| format!("SELECT {id} AS id")).collect();
    format!(
        "DELETE p FROM ({}) d STRAIGHT_JOIN dbvsg_pending p FORCE INDEX (PRIMARY) ON p.id = d.id",
        ids.join(" UNION ALL ")
    )
}

/// Every row is there already, so this only updates. An UPDATE with a join would lock the rows that it reads, and wait for
/// their writers.
pub(super) fn supersede(backend: &MySql, tracked: &Tracked, (first, last): (i64, i64), seq: i64) -> Statement {
    let history = backend.quote_table(&tracked.history);
    let sql = format!(
        "INSERT INTO {history} (vsg_id, vsg_end) SELECT x.previous, x.seq FROM (\
         SELECT (SELECT MAX(p.vsg_id) FROM {history} p WHERE {} AND p.vsg_id < n.vsg_id) AS previous, c.seq \
         FROM {history} n JOIN dbvsg_commit c ON c.id = n.vsg_begin WHERE n.vsg_id BETWEEN ? AND ? AND c.seq > ?) x \
         WHERE x.previous IS NOT NULL ON DUPLICATE KEY UPDATE vsg_end = VALUES(vsg_end)",
        tracked.same_key(backend, "p", "n"),
    );
    Statement::from_sql_and_values(DbBackend::MySql, sql, [first.into(), last.into(), seq.into()])
}
