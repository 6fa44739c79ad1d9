use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionOptions, TransactionTrait};

use crate::{Result, detached::detached};

/// Begins a transaction, in a task of its own: whoever is cut off while the server answers would otherwise leave a connection
/// in the pool that is inside one, for the next to stumble over. One that nobody waits for any more is undone.
pub(crate) async fn begin(db: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction> {
    let db = db.clone();
    detached(async move { Ok(db.begin_with_options(options).await?) }).await
}
