//! What a component is to the routes: rows by key, as JSON.

mod filter;
mod kind;
mod shape;
mod typed;
mod untyped;

use dbvsg::{Import, Reference, Txn};
use futures_util::stream::BoxStream;
use serde_json::{Map, Value as Json};

pub(crate) use filter::{ListQuery, parameters, read};
pub(crate) use shape::{Field, Shape};
pub(crate) use typed::Typed;
pub(crate) use untyped::Untyped;

use crate::problem::Problem;

/// A row as JSON.
pub(crate) type Fields = Map<String, Json>;

/// Some rows of a list, and how many there are in all.
pub(crate) type Rows = dbvsg::Page<Fields>;

/// What is wrong with rows that were to be written, and with which, if that can be told.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The position of the row.
    pub(crate) row: Option<usize>,
    pub(crate) problem: Problem,
}

/// The rows of one table. Keys come in the text form of URLs, rows as JSON objects.
#[async_trait::async_trait]
pub(crate) trait Component: Send + Sync {
    /// Its name and columns.
    fn shape(&self) -> &Shape;

    /// The rows that a query asks for, now or at a commit.
    async fn list(&self, query: &ListQuery, at: Option<Reference>) -> Result<Rows, Problem>;

    /// One row, now or at a commit.
    async fn get(&self, key: &str, include_deleted: bool, at: Option<Reference>) -> Result<Option<Fields>, Problem>;

    /// All rows in key order, one by one.
    async fn stream(
        &self,
        include_deleted: bool,
        at: Option<Reference>,
    ) -> Result<BoxStream<'static, Result<Fields, Problem>>, Problem>;

    /// Inserts a row.
    async fn insert(&self, txn: &Txn, fields: Fields) -> Result<Fields, Problem>;

    /// Inserts rows that have the same fields, or different ones.
    async fn insert_many(&self, txn: &Txn, rows: Vec<Fields>) -> Result<Vec<Fields>, Refused>;

    /// Inserts the row, or sets the fields given where its key is there already. Returns it, and whether it is new.
    async fn save(&self, txn: &Txn, fields: Fields) -> Result<(Fields, bool), Problem>;

    /// Inserts the row, or puts it in the place of the one with its key. Returns it, and whether it is new.
    async fn replace(&self, txn: &Txn, fields: Fields) -> Result<(Fields, bool), Problem> {
        self.save(txn, fields).await
    }

    /// Sets the fields given.
    async fn update(&self, txn: &Txn, key: &str, fields: Fields) -> Result<Fields, Problem>;

    /// Deletes a row.
    async fn delete(&self, txn: &Txn, key: &str) -> Result<(), Problem>;

    /// Deletes those of the rows that are there.
    async fn delete_many(&self, txn: &Txn, keys: &[String]) -> Result<u64, Problem>;

    /// Takes the deletion mark from a row. Returns whether it was marked.
    async fn restore(&self, txn: &Txn, key: &str) -> Result<bool, Problem>;

    /// Gives a row the values that it had at a reference.
    async fn rollback(&self, txn: &Txn, key: &str, to: Reference) -> Result<Fields, Problem>;

    /// Where the rows of a file go.
    fn import(&self) -> &dyn Import;

    /// The fields of a key.
    async fn key_fields(&self, key: &str) -> Result<Fields, Problem>;
}
