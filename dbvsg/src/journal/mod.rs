//! The journal: commits in one order, sealed into one chain.

mod canonical;
mod chain;
pub(crate) mod drift;
mod entry;
mod log;
mod part;
mod pending;
mod seal;
mod stored;
mod verify;

pub(crate) use drift::{reconcile, repair_triggers};
pub(crate) use entry::{IS_RESET, LINE, note as note_entries};
pub use log::LogFilter;
pub(crate) use log::{between, find_commit, log};
pub use seal::Backlog;
pub(crate) use seal::{View, newest, note_promise, promise, seal, seal_within};
pub(crate) use verify::verify;
pub use verify::{Problem, Verification};
