use sea_orm::DbErr;

use crate::{Error, Result};

/// Runs something to its end, even if whoever waits for it stops waiting. A statement that is given up while the server
/// answers can leave the driver's connection out of step with its server, and that goes back into the pool.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| Error::Database(DbErr::Custom(format!("a task did not end: {error}"))))?
}
