//! What an operation leaves in the journal beside its changes.

use super::{
    action::Action,
    scope::{Scope, Scoped},
};
use crate::{
    Result, Txn,
    backend::{Backend, Sql},
    journal::{self, LINE},
};

/// Marks the commits that were undone in a table. Marks are a record: no later operation takes one away. One statement.
pub(super) async fn mark(
    txn: &Txn,
    backend: &'static dyn Backend,
    action: &Action,
    scoped: &Scoped,
    scope: &Scope,
) -> Result<()> {
    let (first, last) = match (action, &scoped.head) {
        (Action::Rollback, Some(head)) => (head.id, head.id),
        (Action::RollbackTo(_), _) => (scope.named.id + 1, scope.now.id),
        _ => return Ok(()),
    };
    let mut sql = Sql::new(backend, "UPDATE dbvsg_commit_table SET rollbacked_at = ");
    sql.bind(chrono::Utc::now().timestamp_micros()).push(" WHERE rollbacked_at IS NULL AND table_id = ");
    sql.bind(scoped.tracked.id).push(" AND commit_id BETWEEN ").bind(first).push(" AND ").bind(last);
    sql.push(
        " AND commit_id NOT IN (SELECT c.id FROM dbvsg_commit c JOIN dbvsg_entry e ON e.commit_uuid = c.uuid \
         WHERE e.table_id = 0)",
    );
    sql.execute(txn).await?;
    Ok(())
}

/// Notes which commit each table is at from then on, for a reset. One statement.
pub(super) async fn reset(txn: &Txn, backend: &'static dyn Backend, scope: &Scope) -> Result<()> {
    let tables = scope.tables.iter().filter_map(|scoped| Some((scoped.tracked.id, Some(scoped.reset.as_ref()?.id))));
    let entries: Vec<(i64, Option<i64>)> = tables.chain([(LINE, Some(scope.named.id))]).collect();
    journal::note_entries(txn, backend, txn.id(), &entries).await
}
