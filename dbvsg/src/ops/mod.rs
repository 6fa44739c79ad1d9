//! The operations on whole tables: rollback, checkout, restore, merge, revert, cherry-pick, and raw SQL as one commit.
//!
//! All but the last are one thing: rows that are there now (ours) become rows of another state (theirs), where they differ
//! from a third (base). A plan says for each row what is to become of it, in a temporary table that is made like the history;
//! a check finds what would violate a constraint, and applying it are a few statements a table, whatever its size. The
//! triggers capture them like any other writer's.

mod action;
mod answer;
mod apply;
mod check;
mod held;
mod marks;
mod order;
mod plan;
mod raw;
mod run;
mod scope;
mod settle;
mod shown;

pub(crate) use action::Action;
pub use action::{ApplyOptions, Tables};
pub use answer::{Applied, Cell, Conflict, ConflictKind, Preview, TableChanges};
pub(crate) use held::{HeldTables, finish, hold};
pub use raw::Executed;
pub(crate) use raw::execute;
pub(crate) use run::run;
