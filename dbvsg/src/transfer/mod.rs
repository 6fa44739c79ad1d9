//! Whole copies of the database: out, and back in.

mod archive;
mod backup;
mod bundle;
mod file;
mod live;

pub use archive::Archive;
pub use backup::{RestoreOptions, Restored};
pub(crate) use backup::{backup, restore};
pub(crate) use bundle::bundle;
pub use live::LiveTables;
