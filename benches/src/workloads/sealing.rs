use std::time::Duration;

use dbvsg::Vsg;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{Error, Result};

/// How often commits are sealed while they are written: as by a server.
const EVERY: Duration = Duration::from_millis(200);

/// Seals in the background, as [`Vsg::seal_in_background`], but fails where that would go on, and has ended when its end was
/// waited for, so that nothing runs beside what is measured next.
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
