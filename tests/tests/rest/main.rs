//! The HTTP interface, over a socket.

#![allow(clippy::unwrap_used)]

mod audit;
mod client;
mod commits;
mod copies;
mod csv;
mod git;
mod interface;
mod keys;
mod outage;
mod reading;
mod retention;
mod rows;
mod tables;
mod tags;
mod untyped;
mod versions;
mod writing;
