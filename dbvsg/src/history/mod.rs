//! Reading the past: states, changes, differences.

mod as_of;
mod blame;
mod changes;
mod compare;
mod diff;
mod line;
mod lineage;
mod position;
mod rewrite;
mod select;
mod state;
mod touched;

pub use as_of::AsOf;
pub(crate) use as_of::as_of;
pub use blame::Blame;
pub(crate) use blame::blame;
pub use changes::AuditFilter;
pub(crate) use changes::{changes, row_history, row_version};
pub(crate) use compare::row_of_version;
pub use compare::{Differences, Side};
pub(crate) use diff::diff;
pub use diff::{DiffCount, RowDiff};
pub use lineage::Lineage;
pub(crate) use lineage::lineage;
pub(crate) use position::{Position, expect_head, resolve};
pub use select::Selected;
pub(crate) use select::{expect_question, select};
pub(crate) use state::{count_at, fields, row_at, row_now, rows_at, state_of, stream};
pub(crate) use touched::touched;

/// Some of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The part asked for.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}
