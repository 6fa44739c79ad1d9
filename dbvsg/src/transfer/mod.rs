//! Whole copies of the database: out, and back in.

mod backup;
mod live;

pub use backup::{RestoreOptions, Restored};
pub(crate) use backup::{backup, restore};
pub use live::LiveTables;
