//! Whole copies of the database, and of tables: out, and back in.

mod archive;
mod backup;
mod bundle;
pub mod csv;
pub mod export;
mod file;
mod live;

pub use backup::{RestoreOptions, Restored};
pub(crate) use backup::{backup, restore};
pub(crate) use bundle::bundle;
pub use live::LiveTables;
