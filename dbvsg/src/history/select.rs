//! The rows of a query that somebody typed: of any columns, of any types.

use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use sea_orm::{DatabaseConnection, QueryResult};

use super::rewrite::Scanned;
use crate::{
    Error, Result,
    backend::Backend,
    model::{Row, Value},
};

/// The answer to a query: its columns, and its rows while they are read.
pub struct Selected {
    /// The names of the columns. Empty where there is no row, because the rows tell them.
    pub columns: Vec<String>,
    /// The rows, with a value for each column.
    pub rows: BoxStream<'static, Result<Row>>,
}

impl std::fmt::Debug for Selected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selected").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Reads a query. One statement.
pub(crate) async fn select(db: &DatabaseConnection, backend: &'static dyn Backend, sql: String) -> Result<Selected> {
    let mut rest = backend.fetch(db, sql);
    let first = rest.try_next().await?;
    let columns = first.as_ref().map(QueryResult::column_names).unwrap_or_default();
    let width = columns.len();
    let read = move |row: Result<QueryResult>| {
        let row = row?;
        let values: Vec<Value> = (0..width).map(|index| backend.decode(&row, index)).collect::<Result<_>>()?;
        Ok(Row::new(values))
    };
    Ok(Selected { columns, rows: stream::iter(first.map(Ok)).chain(rest).map(read).boxed() })
}

/// Refuses what is no question: statements that write, and several at once.
pub(crate) fn expect_question(sql: &str) -> Result<()> {
    match Scanned::new(sql).statement_refusal() {
        Some(reason) => Err(Error::ReadOnly { reason }),
        None => Ok(()),
    }
}
