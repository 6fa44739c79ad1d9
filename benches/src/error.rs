use std::{io, path::PathBuf};

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Settings(String),
    /// DBVSG refused.
    #[error("DBVSG failed")]
    Engine(#[from] dbvsg::Error),
    /// The database refused.
    #[error("the database failed")]
    Database(#[from] sea_orm::DbErr),
    /// DBVSG's server did not start.
    #[error("the server failed")]
    Server(#[from] dbvsg_web::Error),
    /// A file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A socket, a pipe or another process failed.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A file does not hold what it must, or what was measured cannot be written.
    #[error("this is no result of a run")]
    Json(#[from] serde_json::Error),
    /// The plot could not be drawn.
    #[error("the plot could not be drawn: {0}")]
    Plot(String),
    /// What was measured is not what was meant to be: its figure would be worth nothing.
    #[error("{0}")]
    Unexpected(String),
}

/// What a run returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A file that cannot be used.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }

    /// Something else outside that fails.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// The error with all its causes, in one line.
    pub fn chain(&self) -> String {
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}
