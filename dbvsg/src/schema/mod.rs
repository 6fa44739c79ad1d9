//! Changes of shape: history follows its table, whatever is added, dropped, renamed or retyped.

mod alter;
mod follow;
mod migrate;
mod pair;
mod place;
mod refresh;
mod report;
mod start;
mod stepwise;

pub use migrate::Migrated;
pub(crate) use migrate::migrate;
pub(crate) use refresh::{Scope, refresh, revive};
pub use report::{Refresh, Refreshed, ShapeChange};
pub use start::FoundAtStart;
pub(crate) use start::follow_at_start;
pub(crate) use stepwise::{capture_anew, finish, guard, unguard};
