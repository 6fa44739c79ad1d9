//! What is measured, one file each. The names of figures are said here, so that the report finds what a run measured.

mod bulk;
mod bytes;
mod clients;
mod diffs;
mod histories;
mod memory;
pub(crate) mod names;
mod proof;
mod reads;
mod rest;
mod rollbacks;
mod sealing;
mod throughput;
mod writes;

pub(crate) use bulk::bulk;
pub(crate) use bytes::bytes;
pub(crate) use diffs::diffs;
pub(crate) use histories::histories;
pub(crate) use memory::memory;
pub(crate) use proof::proof;
pub(crate) use reads::reads;
pub(crate) use rest::rest;
pub(crate) use rollbacks::rollbacks;
pub(crate) use throughput::throughput;
pub(crate) use writes::writes;

/// The numbers that choose rows begin here in every run.
pub(crate) const SEED: u64 = 7;
