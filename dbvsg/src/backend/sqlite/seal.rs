use sea_orm::{DbBackend, Statement};

use super::Sqlite;
use crate::{
    backend::{Backend, Placing},
    catalog::Tracked,
};

pub(super) fn place(placings: &[Placing]) -> Statement {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; placings.len()].join(", ");
    let sql = format!(
        "WITH placing(written_id, id, uuid, seq, committed_at, parent_id, operation, hash) AS (VALUES {rows}) \
         UPDATE dbvsg_commit SET uuid = placing.uuid, seq = placing.seq, committed_at = placing.committed_at, parent_id = placing.parent_id, \
         operation = placing.operation, hash = placing.hash FROM placing WHERE dbvsg_commit.id = placing.written_id"
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
