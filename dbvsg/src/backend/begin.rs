use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionOptions, TransactionTrait};

use crate::Result;

/// Begins a transaction, in a task of its own: whoever is cut off while the server answers would otherwise leave a connection
/// in the pool that is inside one, for the next to stumble over. One that nobody waits for any more is undone.
pub(crate) async fn begin(db: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction> {
    let db = db.clone();
    let begun = tokio::spawn(async move { db.begin_with_options(options).await }).await;
    Ok(begun.map_err(|error| DbErr::Custom(format!("a transaction could not be begun: {error}")))??)
}
