//! How a command ends.

use std::{fmt, io, process::ExitCode};

use dbvsg::{Error, ErrorKind};

/// How a command ended that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// Something is wrong or missing, or was declined.
    Problems = 1,
    /// The command makes no sense.
    Usage = 2,
    /// What is there forbids it.
    Conflict = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not come to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine says so.
    Engine(Error),
    /// The server says so.
    Server(dbvsg_web::Error),
    /// A call of the REST interface was refused.
    Refused { detail: String, exit: Exit },
    /// The command makes no sense as it was given.
    Usage(String),
    /// Nobody agreed.
    Declined(String),
    /// The answer could not be written.
    Output(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Engine(error) => of(error),
            Self::Server(dbvsg_web::Error::Mount { source, .. }) => of(source),
            Self::Refused { exit, .. } => *exit,
            Self::Usage(_) => Exit::Usage,
            _ if self.is_closed_pipe() => Exit::Fine,
            Self::Server(_) | Self::Declined(_) | Self::Output(_) => Exit::Problems,
        }
    }

    /// Whether only the reader of our output has gone, as `head` does.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn of(error: &Error) -> Exit {
    match (error, error.kind()) {
        (Error::UnsupportedDatabase { .. }, _) => Exit::Problems,
        (_, ErrorKind::Malformed) => Exit::Usage,
        (_, ErrorKind::Conflict) => Exit::Conflict,
        _ => Exit::Problems,
    }
}

/// One line, whatever the database has to say.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Engine(error @ Error::Unavailable(_)) => {
                format!("{}; look at the URL, and whether the server runs", chain(error))
            }
            Self::Engine(error) => chain(error),
            Self::Server(error) => chain(error),
            Self::Refused { detail, .. } => detail.clone(),
            Self::Usage(reason) | Self::Declined(reason) => reason.clone(),
            Self::Output(error) => format!("the answer could not be written: {error}"),
        };
        f.write_str(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// An error and its first cause: what stands between them only says how it was passed on.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    match causes.last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<dbvsg_web::Error> for Failure {
    fn from(error: dbvsg_web::Error) -> Self {
        Self::Server(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
