//! The journal: commits in one order, sealed into one chain.

mod canonical;
mod drift;
mod log;
mod part;
mod seal;
mod stored;
mod verify;

pub(crate) use drift::{reconcile, repair_triggers};
pub use log::LogFilter;
pub(crate) use log::{between, find_commit, log};
pub(crate) use seal::{seal, seal_tables_within, seal_within};
pub(crate) use verify::verify;
pub use verify::{Problem, Verification};
