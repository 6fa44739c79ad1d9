use sea_orm::{DbBackend, Statement};

use super::Postgres;
use crate::{
    backend::{Backend, Placing},
    catalog::{MAIN, Tracked},
};

pub(super) fn place(placings: &[Placing]) -> Statement {
    let rows: Vec<String> = (0..placings.len())
        .map(|row| {
            let place = |column: usize| format!("${}", 8 * row + column);
            format!("({})", (1..=8).map(place).collect::<Vec<_>>().join(", "))
        })
        .collect();
    let sql = format!(
        "INSERT INTO dbvsg_commit (id, uuid, branch_id, seq, parent_id, actor, operation, query, message, meta, written_at, committed_at, hash) \
         SELECT p.id, p.uuid, {MAIN}, p.seq, p.parent_id, w.actor, p.operation, w.query, w.message, w.meta, w.written_at, p.committed_at, p.hash \
         FROM (VALUES {}) p(written_id, id, uuid, seq, committed_at, parent_id, operation, hash) \
         JOIN dbvsg_pending w ON w.id = p.written_id",
        rows.join(", "),
    );
    Statement::from_sql_and_values(DbBackend::Postgres, sql, placings.iter().flat_map(Placing::values))
}

pub(super) fn supersede(backend: &Postgres, tracked: &Tracked, (first, last): (i64, i64), seq: i64) -> Statement {
    let history = backend.quote_table(&tracked.history);
    let sql = format!(
        "UPDATE {history} o SET vsg_end = x.seq FROM (\
         SELECT c.seq, (SELECT p.vsg_id FROM {history} p WHERE {} AND p.vsg_id < n.vsg_id ORDER BY p.vsg_id DESC LIMIT 1) AS previous \
         FROM {history} n JOIN dbvsg_commit c ON c.id = n.vsg_begin WHERE n.vsg_id BETWEEN $1 AND $2 AND c.seq > $3) x \
         WHERE o.vsg_id = x.previous",
        tracked.same_key(backend, "p", "n"),
    );
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [first.into(), last.into(), seq.into()])
}
