//! The journal: commits in one order, sealed into one chain.

mod canonical;
mod chain;
pub(crate) mod drift;
mod entry;
mod kept;
mod log;
mod number;
mod part;
mod pending;
mod preserve;
mod pruned;
mod recompute;
mod seal;
mod stored;
mod verify;

pub(crate) use drift::{reconcile, repair_triggers};
pub(crate) use entry::{IS_RESET, LINE, note as note_entries};
pub(crate) use kept::{PRUNE, PruneNote, expect_sound, kept_digest, nothing_kept};
pub use log::LogFilter;
pub(crate) use log::{between, find_commit, log};
pub(crate) use pending::{Opened, open};
pub(crate) use preserve::preserve;
pub use seal::Backlog;
pub(crate) use seal::{View, lock as lock_sealing, newest, note_promise, promise, seal, seal_within};
pub use verify::{Problem, Verification};
pub(crate) use verify::{prove, verify};
