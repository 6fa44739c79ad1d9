//! What comes to its end, even if whoever waits for it stops waiting. A transaction that is given up while MariaDB answers one of its
//! statements takes its connection with it: the driver waits for ever for the answer to its rollback.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use sea_orm::DbErr;
use tokio::runtime::Handle;
use tracing::Instrument;

use crate::{Error, Result, accessor::BoxFuture};

/// Runs something long to its end, in a task of its own: it goes on while whoever waits for it does something else first, which may be
/// to ask for what it holds.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.map_err(|error| Error::Database(DbErr::Custom(format!("a task did not end: {error}"))))?
}

/// Runs something short to its end, where it is waited for, and in a task of its own only once nobody waits any more. A task from the
/// start would cost two changes of thread, which is more than a statement takes SQLite.
pub(crate) async fn unbroken<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    Unbroken { work: Some(Box::pin(work)), runtime: Handle::current() }.await
}

struct Unbroken<T: Send + 'static> {
    /// None once it has come to its end.
    work: Option<BoxFuture<'static, Result<T>>>,
    runtime: Handle,
}

impl<T: Send + 'static> Future for Unbroken<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        // It is not there while it runs, so that one that panics is not taken up again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Unbroken<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work.in_current_span());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_goes_on() {
        let (started, go_on, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let work = {
            let (started, go_on, done) = (started.clone(), go_on.clone(), done.clone());
            unbroken(async move {
                started.notify_one();
                go_on.notified().await;
                done.notify_one();
                Ok(())
            })
        };
        tokio::select! {
            biased;
            _ = work => unreachable!("nobody let it go on"),
            () = started.notified() => {}
        }
        go_on.notify_one();
        done.notified().await;
    }

    #[tokio::test]
    async fn what_was_never_begun_is_not() {
        let begun = Arc::new(Notify::new());
        let also = begun.clone();
        drop(unbroken(async move {
            also.notify_one();
            Ok(())
        }));
        let nothing = tokio::time::timeout(std::time::Duration::from_millis(20), begun.notified());
        assert!(nothing.await.is_err());
    }
}
