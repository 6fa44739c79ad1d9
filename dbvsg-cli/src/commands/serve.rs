use clap::Args;
use dbvsg_web::Bootstrap;

use crate::{
    failure::{Exit, Failure},
    session::Session,
};

/// Serve the REST interface, with a component for every tracked table. Its document is at /docs.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg serve --listen 127.0.0.1:8000")]
pub(crate) struct Serve {
    /// The address. Whoever reaches it is trusted, so keep it local or behind something that asks who is there.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: String,
}

impl Serve {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        Bootstrap::new(session.vsg.clone()).mount_tracked().serve(&self.listen).await?;
        Ok(Exit::Fine)
    }
}
