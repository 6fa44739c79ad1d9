use sea_orm::{DbBackend, Statement};

use super::Sqlite;
use crate::{
    backend::{Backend, Placing},
    catalog::{MAIN, Tracked},
};

pub(super) fn place(placings: &[Placing]) -> Statement {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; placings.len()].join(", ");
    let sql = format!(
        "WITH placing(written_id, id, uuid, seq, committed_at, parent_id, operation, hash) AS (VALUES {rows}) \
         INSERT INTO dbvsg_commit (id, uuid, branch_id, seq, parent_id, actor, operation, query, message, meta, written_at, committed_at, hash) \
         SELECT p.id, p.uuid, {MAIN}, p.seq, p.parent_id, w.actor, p.operation, w.query, w.message, w.meta, w.written_at, p.committed_at, p.hash \
         FROM placing p CROSS JOIN dbvsg_pending w ON w.id = p.written_id"
    );
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, placings.iter().flat_map(Placing::values))
}

pub(super) fn supersede(backend: &Sqlite, tracked: &Tracked, (first, last): (i64, i64), seq: i64) -> Statement {
    let history = backend.quote_table(&tracked.history);
    let sql = format!(
        "UPDATE {history} SET vsg_end = x.seq FROM (\
         SELECT (SELECT max(p.vsg_id) FROM {history} p WHERE {} AND p.vsg_id < n.vsg_id) AS previous, c.seq \
         FROM {history} n JOIN dbvsg_commit c ON c.id = n.vsg_begin WHERE n.vsg_id BETWEEN ? AND ? AND c.seq > ?) x \
         WHERE {history}.vsg_id = x.previous",
        tracked.same_key(backend, "p", "n"),
    );
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, [first.into(), last.into(), seq.into()])
}
