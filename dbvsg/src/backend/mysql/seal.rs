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
///
/// Of the versions of one key only the first has to be looked up, from the newest of the key downwards: the server knows no bound for it
/// that comes from another row, and a key can have more versions than all others together.
pub(super) fn supersede(backend: &MySql, tracked: &Tracked, (first, last): (i64, i64), seq: i64) -> Statement {
    let history = backend.quote_table(&tracked.history);
    let key: Vec<String> = tracked.quoted_key(backend).into_iter().map(|name| format!("h.{name}")).collect();
    let sql = format!(
        "INSERT INTO {history} (vsg_id, vsg_end) SELECT COALESCE(n.vsg_prior, (\
         SELECT p.vsg_id FROM {history} p WHERE {} AND p.vsg_id < n.vsg_id ORDER BY p.vsg_id DESC LIMIT 1)) AS vsg_previous, \
         n.vsg_seq FROM (\
         SELECT {key}, h.vsg_id, c.seq AS vsg_seq, LAG(h.vsg_id) OVER (PARTITION BY {key} ORDER BY h.vsg_id) AS vsg_prior \
         FROM {history} h JOIN dbvsg_commit c ON c.id = h.vsg_begin WHERE h.vsg_id BETWEEN ? AND ?) n \
         WHERE n.vsg_seq > ? HAVING vsg_previous IS NOT NULL ON DUPLICATE KEY UPDATE vsg_end = VALUES(vsg_end)",
        tracked.same_key(backend, "p", "n"),
        key = key.join(", "),
    );
    Statement::from_sql_and_values(DbBackend::MySql, sql, [first.into(), last.into(), seq.into()])
}
