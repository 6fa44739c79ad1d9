//! The REST server of [dbvsg](https://docs.rs/dbvsg): components, commits, audit and whole copies over HTTP, with an
//! OpenAPI document at `/openapi.json` and Swagger UI at `/docs`.
//!
//! [`Bootstrap`] puts a server together. A component is an entity's [`Accessor`](dbvsg::Accessor); its routes, their
//! parameters and their schemas come from its columns when the server is built, so a model needs no derive for them.
//!
//! Inside, every call is an entry in one table of operations: the router, the check of query parameters and the OpenAPI
//! document are made from it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backup;
mod body;
mod bootstrap;
mod call;
mod component;
mod diagram;
mod error;
mod fields;
mod openapi;
mod operation;
mod parameter;
mod problem;
mod reply;
mod router;
mod routes;
mod serve;
mod server;
mod stream;

pub use bootstrap::Bootstrap;
pub use error::Error;
pub use server::Api;
