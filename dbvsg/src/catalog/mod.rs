//! DBVSG's own tables: which tables are tracked, which commits there are.

mod columns;
mod load;
mod migration;
mod retained;
mod tracked;

pub(crate) use columns::{KnownColumn, write as write_columns};
pub use load::TableStatus;
pub(crate) use load::{Catalog, HalfDone, half_done, is_current, load, look, one, pending_ddl, statuses};
pub(crate) use migration::migrate;
pub(crate) use retained::Retained;
pub use tracked::Tracked;

/// The branch that capture from the live table writes.
pub(crate) const MAIN: i64 = 1;
/// Its name.
pub(crate) const MAIN_NAME: &str = "main";
