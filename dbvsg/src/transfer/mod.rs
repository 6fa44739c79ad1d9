//! Whole copies of the database, and of tables: out, and back in.

mod backup;
pub mod csv;
pub mod export;
mod live;

pub use backup::{RestoreOptions, Restored};
pub(crate) use backup::{backup, restore};
pub use live::LiveTables;
