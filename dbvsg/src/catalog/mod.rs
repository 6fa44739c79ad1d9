//! DBVSG's own tables: which tables are tracked, which commits there are.

mod columns;
mod load;
mod migration;
mod retained;
mod status;
mod tracked;

pub(crate) use columns::{KnownColumn, write as write_columns};
pub(crate) use load::{Catalog, HalfDone, half_done, is_current, load, look, one, outgrow, pending_ddl, shapes};
pub(crate) use migration::{let_wait, migrate, migrations};
pub(crate) use retained::Retained;
pub use status::{TableStatistics, TableStatus};
pub(crate) use status::{statistics, statuses};
pub use tracked::Tracked;

/// The branch that capture from the live table writes.
pub(crate) const MAIN: i64 = 1;
/// Its name.
pub(crate) const MAIN_NAME: &str = "main";
