use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use sqlx::Executor;

use crate::Result;

/// How long to wait for transactions that have written to a table, in seconds. Whoever comes after waits behind us.
pub(super) const PATIENCE: u32 = 10;

/// Keeps writers off tables. The lock belongs to a connection that is closed when this is dropped, so it cannot outlive
/// whatever happens to its holder.
pub(super) async fn hold(
    db: &DatabaseConnection,
    quoted_tables: impl Iterator<Item = String>,
) -> Result<Option<Box<dyn Send + Sync>>> {
    let locks: Vec<String> = quoted_tables.map(|table| format!("{table} READ")).collect();
    let lock = format!("SET lock_wait_timeout = {PATIENCE}; LOCK TABLES {}", locks.join(", "));
    let held = async {
        let mut connection = db.get_mysql_connection_pool().acquire().await?;
        connection.close_on_drop();
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(lock))).await?;
        Ok(connection)
    };
    let connection =
        held.await.map_err(|error: sqlx::Error| DbErr::Exec(RuntimeErr::SqlxError(std::sync::Arc::new(error))))?;
    Ok(Some(Box::new(connection)))
}
