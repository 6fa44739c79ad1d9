//! What the scenario tests share: a fresh database each on each engine, and a proof at the end of each.

mod database;
mod engine;
pub mod models;
mod scene;
mod text;

pub use engine::{Engine, play};
pub(crate) use scene::must;
pub use scene::{Scene, outside};
