//! The HTTP interface, over a socket.

#![allow(clippy::unwrap_used)]

mod audit;
mod client;
mod commits;
mod copies;
mod csv;
mod interface;
mod keys;
mod outage;
mod reading;
mod retention;
mod versions;
mod writing;
