use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{AssertSqlSafe, Database, Executor, Pool};

use crate::Result;

/// Runs a query as text, not as a prepared statement: servers then send every value as text, so that one of a type which no
/// driver knows can be read as well.
pub(super) fn fetch<D>(pool: Pool<D>, sql: String) -> BoxStream<'static, Result<QueryResult>>
where
    D: Database,
    D::Row: Into<QueryResult>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let rows = async_stream::try_stream! {
        let mut connection = pool.acquire().await.map_err(failed)?;
        let mut rows = connection.fetch(sqlx::raw_sql(AssertSqlSafe(sql)));
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            yield row.into();
        }
    };
    rows.boxed()
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error)))
}
