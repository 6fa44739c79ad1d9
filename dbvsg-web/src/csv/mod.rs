//! CSV files, out and in.

mod cell;
mod lines;
mod records;

pub(crate) use lines::Lines;
pub(crate) use records::{Record, Records};
