//! Version control for the tables you already have.
//!
//! An application keeps its ordinary tables and its ordinary SeaORM code; DBVSG keeps every version of every row, gives
//! each transaction a commit, and reads any past state through any SeaORM select.
//!
//! ```
//! use dbvsg::{sea_orm::{ConnectionTrait, DbErr}, Vsg};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dbvsg::Result<()> {
//! let dir = tempfile::tempdir().map_err(dbvsg::Error::file("temporary folder"))?;
//! let vsg = Vsg::connect(&format!("sqlite://{}/pay.db?mode=rwc", dir.path().display())).await?;
//! let db = vsg.connection();
//! db.execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await?;
//! vsg.enable("pay").await?;
//!
//! let txn = vsg.begin("ann").await?;
//! txn.execute_unprepared("INSERT INTO pay VALUES (1, 100)").await?;
//! let first = txn.commit().await?.expect("a row was written");
//!
//! // A writer that has never heard of DBVSG is recorded all the same.
//! db.execute_unprepared("UPDATE pay SET amount = 200").await?;
//!
//! let then = vsg.as_of(first).await?;
//! let row = then.query_one_raw(dbvsg::sea_orm::Statement::from_string(
//!     dbvsg::sea_orm::DbBackend::Sqlite, "SELECT amount FROM pay")).await?.expect("one row");
//! assert_eq!(row.try_get::<i64>("", "amount")?, 100);
//! assert!(vsg.verify().await?.ok);
//! # Ok(())
//! # }
//! ```
//!
//! The layers, each using only what stands before it: [`model`] (plain values), `backend` (the only place that knows a
//! dialect), `catalog`, `capture`, `annotation`, `journal`, `schema`, `history`, `retention`, `accessor`, `gateway`, `transfer`.

mod accessor;
mod annotation;
mod backend;
mod capture;
mod catalog;
mod detached;
mod error;
mod gateway;
mod history;
mod journal;
pub mod model;
mod ops;
mod retention;
mod schema;
pub mod transfer;
mod vsg;

pub use accessor::{
    Accessor, AccessorAt, BoxFuture, Event, Find, HookError, HookResult, Hooks, Operation, Order, Saved, Scope,
    Versioned, WholeTable, Writable, codec,
};
pub use async_trait::async_trait;
pub use backend::{ConnectOptions, Synchronous};
pub use capture::{Policy, Txn, TxnConnection};
pub use catalog::{TableStatistics, TableStatus, Tracked};
pub use dbvsg_derive::Versioned;
pub use error::{Constraint, Error, ErrorKind, Result};
pub use gateway::{Compare, Fields, Gateway, GatewayAt, Query, Refused};
pub use history::{AsOf, AuditFilter, Blame, DiffCount, Differences, Lineage, Page, RowDiff, Selected, Side};
pub use journal::{Backlog, LogFilter, Problem, Verification};
pub use model::{
    Author, Change, Column, ColumnKind, Comment, Commit, CommitId, CommitTable, Form, Hash, Key, Op, Reference, Row,
    Table, TableName, Tag, Value, Version,
};
pub use ops::{Applied, ApplyOptions, Cell, Conflict, ConflictKind, Executed, Preview, TableChanges, Tables};
pub use retention::{Horizon, Period, Pruned, PrunedTable, Retention, Rule};
pub use schema::{FoundAtStart, Migrated, Refresh, Refreshed, ShapeChange};
pub use sea_orm;
pub use sea_orm_migration;
pub use transfer::{
    LiveTables, RestoreOptions, Restored,
    csv::{CsvImport, Import, ImportMode, Imported},
};
pub use vsg::Vsg;

/// The example of the front page runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
