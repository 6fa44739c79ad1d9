use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value as Bound};

use super::{NOW, flavour::Flavour};
use crate::{Result, backend::Context};

/// Opens the commit of a transaction of DBVSG's, with nothing captured yet, and tells the triggers of the session.
pub(super) async fn open(flavour: Flavour, txn: &DatabaseTransaction, context: &Context) -> Result<()> {
    let values: [Bound; 6] = [
        context.uuid.as_str().into(),
        context.actor.as_str().into(),
        context.operation.clone().into(),
        context.message.clone().into(),
        context.query.clone().into(),
        context.meta.clone().into(),
    ];
    let sql = format!(
        "INSERT INTO dbvsg_pending (id, uuid, actor, operation, message, query, meta, captured, written_at) \
         VALUES (@dbvsg_own := {}, ?, ?, ?, ?, ?, ?, 0, {NOW})",
        flavour.next_change(),
    );
    txn.execute_raw(Statement::from_sql_and_values(DbBackend::MySql, sql, values)).await?;
    Ok(())
}

pub(super) async fn close(txn: &DatabaseTransaction) -> Result<bool> {
    let row = txn.query_one_raw(super::statement("CALL dbvsg_close()")).await?;
    Ok(row.map(|row| row.try_get::<Option<i64>>("", "captured")).transpose()?.flatten() == Some(1))
}
