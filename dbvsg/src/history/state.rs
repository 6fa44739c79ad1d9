use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, StreamTrait};

use super::Position;
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{Key, Row, Table, Value, json},
};

/// Runs a statement and hands out its rows one by one, each turned into a value. The stream owns its connection.
pub(crate) fn stream<T, F>(
    db: DatabaseConnection,
    statement: Statement,
    read: F,
) -> impl Stream<Item = Result<T>> + Send + 'static
where
    T: Send + 'static,
    F: Fn(&QueryResult) -> Result<T> + Send + 'static,
{
    async_stream::try_stream! {
        let mut rows = db.stream_raw(statement).await?;
        while let Some(row) = rows.try_next().await? {
            yield read(&row)?;
        }
    }
}

/// A table as it was at a commit, as a query for its columns by their names. Columns that history does not hold are NULL.
pub(crate) fn state_of(backend: &dyn Backend, tracked: &Tracked, position: &Position) -> String {
    let columns = tracked.table.columns.iter().zip(&tracked.captured).map(|(column, captured)| {
        let value = if *captured { tracked.past(backend, column, "h") } else { backend.null(column) };
        format!("{value} AS {}", backend.quote(&column.name))
    });
    let (columns, history) = (columns.collect::<Vec<_>>().join(", "), backend.quote_table(&tracked.history));
    format!("SELECT {columns} FROM {history} h WHERE {}", position.valid(backend, "h"))
}

/// The rows of a table at a commit, in key order.
pub(crate) fn rows_at(
    db: DatabaseConnection,
    backend: &'static dyn Backend,
    tracked: Arc<Tracked>,
    position: Position,
    page: Option<(u64, u64)>,
) -> impl Stream<Item = Result<Row>> + Send + 'static {
    let key: Vec<String> = tracked.quoted_key(backend).into_iter().map(|name| format!("h.{name}")).collect();
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT {} FROM {} h WHERE {} ORDER BY {}",
            tracked.projection(backend, "h"),
            backend.quote_table(&tracked.history),
            position.valid(backend, "h"),
            key.join(", "),
        ),
    );
    if let Some((limit, offset)) = page {
        sql.push(" LIMIT ").bind(limit as i64).push(" OFFSET ").bind(offset as i64);
    }
    stream(db, sql.statement(), move |row| tracked.read(backend, row, 0))
}

/// How many rows a table had at a commit. One query, for sealing counts them.
pub(crate) async fn count_at<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    position: &Position,
) -> Result<u64> {
    let mut sql = Sql::new(backend, "SELECT x.live_rows FROM dbvsg_commit_table x WHERE x.table_id = ");
    sql.bind(tracked.id).push(" AND x.commit_id <= ").bind(position.id).push(" ORDER BY x.commit_id DESC LIMIT 1");
    let rows = sql.one(db).await?.map(|row| row.try_get::<i64>("", "live_rows")).transpose()?;
    Ok(rows.unwrap_or_default() as u64)
}

/// One row at a commit. One query.
pub(crate) async fn row_at<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    position: &Position,
) -> Result<Option<Row>> {
    let columns = tracked.projection(backend, "h");
    let history = backend.quote_table(&tracked.history);
    let mut sql =
        Sql::new(backend, format!("SELECT {columns} FROM {history} h WHERE {} AND ", position.valid(backend, "h")));
    sql.has_key(tracked, "h", key);
    sql.one(db).await?.map(|row| tracked.read(backend, &row, 0)).transpose()
}

/// One row as the table holds it now, which nobody else changes until the transaction ends. One query.
pub(crate) async fn row_now<C: ConnectionTrait>(
    txn: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
) -> Result<Option<Row>> {
    let (columns, table) = (tracked.live_projection(backend, "t"), backend.quote_table(&tracked.table.name));
    let mut sql = Sql::new(backend, format!("SELECT {columns} FROM {table} t WHERE "));
    sql.has_key(tracked, "t", key).push(backend.for_update());
    sql.one(txn).await?.map(|row| tracked.read(backend, &row, 0)).transpose()
}

/// The columns in which two states of a row differ: name, value in the first, value in the second.
pub(crate) fn fields(
    table: &Table,
    from: Option<&Row>,
    to: Option<&Row>,
) -> Vec<(String, serde_json::Value, serde_json::Value)> {
    let mut differing = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        let [a, b] = [from, to].map(|row| row.map_or(&Value::Null, |row| &row.values[position]));
        if !a.same(b) {
            differing.push((column.name.clone(), json::encode(column, a), json::encode(column, b)));
        }
    }
    differing
}
