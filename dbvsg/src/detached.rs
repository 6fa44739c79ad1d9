use sea_orm::DbErr;
use tracing::Instrument;

use crate::{Error, Result};

/// Runs something to its end, even if whoever waits for it stops waiting. A transaction that is given up while MariaDB answers one
/// of its statements takes its connection with it: the driver waits for ever for the answer to its rollback.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.map_err(|error| Error::Database(DbErr::Custom(format!("a task did not end: {error}"))))?
}
