//! Asking before something is done that cannot be taken back.

use std::io::{IsTerminal, stderr, stdin};

use clap::Args;

use crate::{failure::Failure, output, session::Session};

/// Whether to ask.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// Do it without asking.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Whether it is to be done at all, and whether to ask.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Caution {
    /// Only tell what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

impl Asking {
    /// Asks, unless the answer was given. Without somebody to ask, the answer is no; who wants JSON is a program.
    pub(crate) async fn confirm(self, session: &Session, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if session.json || !stdin().is_terminal() || !stderr().is_terminal() {
            return Err(Failure::Declined("nothing was changed, as there is nobody to ask; --yes agrees".into()));
        }
        output::ask(format_args!("{question} [y/N] "));
        // Elsewhere, so that Ctrl-C is heard while the question stands.
        let read = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            stdin().read_line(&mut answer).map(|_| answer)
        });
        match read.await {
            Ok(Ok(answer)) if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") => Ok(()),
            _ => Err(Failure::Declined("nothing was changed".into())),
        }
    }
}
