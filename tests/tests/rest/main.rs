//! The HTTP interface, over a socket.

#![allow(clippy::unwrap_used)]

mod audit;
mod client;
mod commits;
mod csv;
mod interface;
mod keys;
mod reading;
mod versions;
mod writing;
