use std::time::Duration;

use dbvsg::Vsg;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{Error, Result};

/// How often commits are sealed while they are written: as by a server.
const EVERY: Duration = Duration::from_millis(200);

/// Seals in the background, as [`Vsg::seal_in_background`], but comes to its end between two sealings, so that the next
/// thing that is measured finds no statement that was cut off.
pub(super) struct Sealing {
    task: JoinHandle<Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Sealing {
    pub(super) fn start(vsg: &Vsg) -> Self {
        let (vsg, (stop, mut stopped)) = (vsg.clone(), oneshot::channel());
        let task = tokio::spawn(async move {
            loop {
                vsg.seal().await?;
                if timeout(EVERY, &mut stopped).await.is_ok() {
                    return Ok(());
                }
            }
        });
        Self { task, stop }
    }

    /// Ends it, and seals what is left.
    pub(super) async fn end(self, vsg: &Vsg) -> Result<()> {
        drop(self.stop);
        self.task.await.map_err(|_| Error::Unexpected("sealing panicked".to_owned()))??;
        vsg.seal().await?;
        Ok(())
    }
}
