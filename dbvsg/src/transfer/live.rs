//! The live tables, all as they are at one moment.

use futures_util::{Stream, TryStreamExt};
use sea_orm::{DatabaseExecutor, DatabaseTransaction, QueryResult, Statement, StreamTrait};

use crate::{
    Result, Vsg,
    backend::{Backend, Sql},
    capture,
    model::{Row, Table},
};

/// All user tables, tracked or not, in one read transaction: nothing that is written meanwhile is seen.
///
/// It holds a connection of the pool until it is dropped.
pub struct LiveTables {
    txn: DatabaseTransaction,
    backend: &'static dyn Backend,
    tables: Vec<Table>,
}

impl std::fmt::Debug for LiveTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveTables").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl Vsg {
    /// Opens all user tables for reading, as they are now. Some six queries a table.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if there is no free connection.
    pub async fn live_tables(&self) -> Result<LiveTables> {
        let backend = self.backend();
        let txn = capture::begin_read(self.db(), backend).await?;
        let db = DatabaseExecutor::Transaction(&txn);
        let mut tables = Vec::new();
        for name in backend.tables(&db).await? {
            tables.extend(backend.describe(&db, &name).await?.filter(|table| !table.columns.is_empty()));
        }
        drop(db);
        Ok(LiveTables { txn, backend, tables })
    }
}

impl LiveTables {
    /// The tables, in name order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The rows of one of them, in key order, read while the stream is. One query.
    pub fn rows<'a>(&'a self, table: &'a Table) -> impl Stream<Item = Result<Row>> + Send + 'a {
        async_stream::try_stream! {
            let mut rows = self.txn.stream_raw(select(self.backend, table)).await?;
            while let Some(row) = rows.try_next().await? {
                yield read(self.backend, &row, table.columns.len())?;
            }
        }
    }
}

/// All rows of a table, in key order if it has a key.
pub(super) fn select(backend: &'static dyn Backend, table: &Table) -> Statement {
    let columns = table.columns.iter().map(|column| backend.project(column, &backend.quote(&column.name)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let mut sql = Sql::new(backend, format!("SELECT {columns} FROM {}", backend.quote_table(&table.name)));
    let key: Vec<String> = table.key_columns().map(|column| backend.quote(&column.name)).collect();
    if !key.is_empty() {
        sql.push(" ORDER BY ").push(&key.join(", "));
    }
    sql.statement()
}

/// Reads one of them, which has so many columns.
pub(super) fn read(backend: &dyn Backend, row: &QueryResult, columns: usize) -> Result<Row> {
    Ok(Row::new((0..columns).map(|index| backend.decode(row, index)).collect::<Result<_>>()?))
}
