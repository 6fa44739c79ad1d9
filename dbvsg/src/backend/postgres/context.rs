use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value as Bound};

use super::NOW;
use crate::{Result, backend::Context};

/// Signs the commit that the triggers opened, if they did. A setting that is local to the transaction names it: it goes
/// with the transaction, and with a savepoint that is rolled back.
///
/// It is there, so the insert becomes an update. That finds it by the index whatever the planner thinks: of a table that is
/// mostly empty, and then vacuumed, it thinks that it is best read from end to end, and keeps to that while it fills. If it is not there,
/// which the time of zero tells, somebody else has set the setting, and the transaction must not go on.
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
        "INSERT INTO dbvsg_pending (id, uuid, actor, operation, message, query, meta, written_at) \
         SELECT c.id, $1, $2, $3, $4, $5, $6, 0 \
         FROM (SELECT nullif(current_setting('dbvsg.commit', true), '')::bigint AS id) c WHERE c.id IS NOT NULL \
         ON CONFLICT (id) DO UPDATE SET uuid = excluded.uuid, actor = excluded.actor, operation = excluded.operation, \
         message = excluded.message, query = excluded.query, meta = excluded.meta, written_at = {NOW} RETURNING written_at"
    );
    let signed = txn.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    match signed.map(|row| row.try_get::<i64>("", "written_at")).transpose()? {
        Some(0) => {
            Err(DbErr::Custom("`dbvsg.commit` names a commit that this transaction did not open; do not set it".into())
                .into())
        }
        signed => Ok(signed.is_some()),
    }
}
