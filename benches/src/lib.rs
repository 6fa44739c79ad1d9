//! What versioning costs. Every workload is measured on a tracked table and on the same table without versions, in turns;
//! the results are files of JSON, from which [`report`] renders the page of the documentation.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
pub mod child;
mod databases;
mod engine;
mod error;
mod figure;
mod machine;
mod measure;
mod naive;
mod person;
pub mod report;
mod results;
mod run;
mod settings;
mod side;
mod software;
mod tables;
mod workloads;

pub use arguments::main;
pub use engine::Engine;
pub use error::{Error, Result};
pub use figure::{Figure, Unit};
pub use machine::Machine;
pub use results::Results;
pub use run::run;
pub use settings::{Scale, Settings, Workload};
pub use software::Software;

pub(crate) use run::Run;
