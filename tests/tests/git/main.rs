//! The Git of tables: rollback, checkout, restore, merge, revert, cherry-pick.

mod constraints;
mod model;
mod races;
mod shape;
mod states;
mod three_way;
