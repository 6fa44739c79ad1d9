//! Retention: what may be forgotten, taken away so that the proof of the rest holds, and that recorded.

mod disable;
mod doom;
mod prune;
mod report;
mod rule;
mod states;

pub(crate) use disable::{disable, finish};
pub(crate) use prune::prune;
pub use report::{Horizon, Pruned, PrunedTable};
pub use rule::{Period, Retention, Rule};
