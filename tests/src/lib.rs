//! What the scenario tests share: a fresh database each on each engine, and a proof at the end of each.

mod database;
mod engine;
pub mod models;
mod proxy;
mod scene;
mod text;

pub use engine::{Engine, play};
pub use proxy::Proxy;
pub(crate) use scene::must;
pub use scene::{Scene, outside, try_outside};
