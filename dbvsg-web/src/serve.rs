//! Serving on a socket.

use std::{future::Future, net::TcpListener, time::Duration};

use poem::{Server, listener::TcpAcceptor};

use crate::{Bootstrap, Error};

/// How often commits are sealed.
const SEALING: Duration = Duration::from_millis(200);

/// How long running calls have to finish at the end.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn bind(address: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).map_err(|source| Error::Serve { address: address.to_owned(), source })
}

pub(crate) async fn run(
    bootstrap: Bootstrap,
    listener: TcpListener,
    end: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let address = listener.local_addr().map_or_else(|_| "?".to_owned(), |address| address.to_string());
    let failed = |source| Error::Serve { address: address.clone(), source };
    listener.set_nonblocking(true).map_err(failed)?;
    let acceptor = TcpAcceptor::from_std(listener).map_err(failed)?;
    let vsg = bootstrap.vsg.clone();
    let api = bootstrap.build().await?;
    tracing::info!(%address, "serving; the document is at /docs");
    let sealing = vsg.seal_in_background(SEALING);
    let served = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(api, end, Some(GRACE)).await;
    sealing.abort();
    served.map_err(failed)?;
    vsg.seal().await.map_err(Error::Database)?;
    Ok(())
}

/// Comes when the process is told to end.
#[cfg(unix)]
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};

    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted => {}
            }
        }
        Err(_) => _ = interrupted.await,
    }
}

/// Comes when the process is told to end.
#[cfg(not(unix))]
pub(crate) async fn asked_to_end() {
    _ = tokio::signal::ctrl_c().await;
}
