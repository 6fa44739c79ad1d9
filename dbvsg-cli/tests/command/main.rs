//! The `dbvsg` command as people use it: the real program, on every engine.

#![allow(clippy::unwrap_used)]

mod copies;
mod exits;
mod going_back;
mod interrupted;
mod json;
mod newcomer;
mod reading;
mod schema;
mod shell;
mod tracking;
