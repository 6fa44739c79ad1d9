use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, TransactionOptions, TransactionTrait};

use crate::{Result, detached::unbroken};

/// Begins a transaction; on servers to the end, whoever stops waiting: who is cut off while one answers would otherwise leave a
/// connection in the pool that is inside a transaction, for the next to stumble over. The driver of SQLite undoes what nobody waits
/// for any more.
pub(crate) async fn begin(db: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction> {
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(db.begin_with_options(options).await?);
    }
    let db = db.clone();
    unbroken(async move { Ok(db.begin_with_options(options).await?) }).await
}
