use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value as Bound};

use super::NOW;
use crate::{Result, backend::Context};

/// Signs the commit that the triggers opened, if they did. A setting that is local to the transaction names it: it goes
/// with the transaction, and with a savepoint that is rolled back.
pub(super) async fn close(txn: &DatabaseTransaction, context: &Context) -> Result<bool> {
    let values: [Bound; 6] = [
        context.uuid.as_str().into(),
        context.actor.as_str().into(),
        context.operation.clone().into(),
        context.message.clone().into(),
        context.query.clone().into(),
        context.meta.clone().into(),
    ];
    let sql = format!(
        "UPDATE dbvsg_pending SET uuid = $1, actor = $2, operation = $3, message = $4, query = $5, meta = $6, written_at = {NOW} \
         WHERE id = nullif(current_setting('dbvsg.commit', true), '')::bigint"
    );
    let signed = txn.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(signed.rows_affected() > 0)
}
