//! The HTTP interface, over a socket.

mod audit;
mod client;
mod commits;
mod csv;
mod interface;
mod keys;
mod reading;
mod versions;
mod writing;
