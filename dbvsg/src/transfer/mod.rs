//! Whole copies of the database: out, and back in.

mod backup;

pub use backup::{RestoreOptions, Restored};
pub(crate) use backup::{backup, restore};
