//! What the scenario tests share: a fresh database each, and a proof at the end of each.

pub mod models;
mod scene;

pub use scene::{Scene, outside};
