//! The portable bundle: a database as a zip of lines of JSON, out and back in. `docs/format.md` specifies it.

mod line;
mod load;
mod make;
mod manifest;
mod read;
mod restore;
mod stepwise;
mod target;
mod write;

pub(crate) use restore::restore;
pub(crate) use write::bundle;
