//! Rows of a bundle into tables, many to a statement.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, Value as Bound};

use super::{
    manifest::{Content, PENDING},
    read::{Batch, Bundle},
};
use crate::{
    Result,
    backend::{Backend, Sql, bound},
    catalog::{self, Catalog},
    model::{Column, Stored, Table, TableName},
    transfer::backup::damaged,
};

/// How many values are bound to a statement at most: SQLite takes the fewest.
const VALUES: usize = 30_000;
/// How many rows are written by a statement at most.
const ROWS: usize = 500;

/// Puts the rows of the bundle in place of those of its tables, histories and catalog, in this order: where capture cannot be
/// put out of the way, what it makes of the first is gone with the rest.
pub(super) async fn load(txn: &DatabaseTransaction, backend: &'static dyn Backend, bundle: &Bundle) -> Result<()> {
    let pending = TableName::new(PENDING);
    for content in bundle.manifest.contents() {
        let table = backend.describe(&DatabaseExecutor::Transaction(txn), &content.table).await?;
        let table = table.ok_or_else(|| damaged(format!("its schema does not make the table `{}`", content.table)))?;
        if content.table == pending {
            // What transactions that are open have written there is theirs.
            backend.forget_running(txn).await?;
        } else {
            txn.execute_unprepared(&format!("DELETE FROM {}", backend.only(&table))).await?;
        }
        fill(txn, backend, bundle, content, &table).await?;
    }
    if !bundle.manifest.contents().any(|content| content.table == pending) {
        // It is from before they had a table of their own.
        backend.forget_running(txn).await?;
        catalog::let_wait(txn).await?;
    }
    let mut sql = Sql::new(backend, "UPDATE dbvsg_sealing SET watermark = ");
    sql.bind(bundle.manifest.watermark).push(" WHERE id = 1");
    sql.execute(txn).await?;
    Ok(())
}

async fn fill(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    bundle: &Bundle,
    content: &Content,
    table: &Table,
) -> Result<()> {
    let columns: Option<Vec<&Column>> = content.stored().map(|name| table.column(name)).collect();
    let columns =
        columns.ok_or_else(|| damaged(format!("its schema makes the table `{}` otherwise", content.table)))?;
    let names: Vec<String> = columns.iter().map(|column| backend.quote(&column.name)).collect();
    let (quoted, names) = (backend.quote_table(&table.name), names.join(", "));
    let into = match columns.is_empty() {
        true => format!("INSERT INTO {quoted} DEFAULT VALUES"),
        false => format!("INSERT INTO {quoted} ({names}){} VALUES ", backend.inserting()),
    };
    let most = (VALUES / columns.len().max(1)).clamp(1, ROWS);
    let mut batches = bundle.rows(content, most);
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        if columns.is_empty() {
            for _ in batch {
                txn.execute_unprepared(&into).await?;
            }
            continue;
        }
        insert(backend, &into, &columns, batch).execute(txn).await?;
    }
    Ok(())
}

fn insert(backend: &'static dyn Backend, into: &str, columns: &[&Column], batch: Batch) -> Sql {
    let mut sql = Sql::new(backend, into);
    for (position, row) in batch.into_iter().enumerate() {
        sql.push(if position > 0 { ", (" } else { "(" });
        for (place, (column, value)) in columns.iter().zip(row).enumerate() {
            sql.push(if place > 0 { ", " } else { "" });
            let bound = match &value {
                Stored::Value(value) => bound(column, value),
                Stored::Text(bytes) => Bound::Bytes(Some(bytes.clone())),
            };
            sql.bind_as(|placeholder| backend.storing(column, &value, placeholder), bound);
        }
        sql.push(")");
    }
    sql
}

/// Brings the catalog of the bundle to what the engine calls the columns of the tables by here, and lets every program
/// notice. `before`: the sum of the shapes in the catalog that was there.
pub(super) async fn settle(txn: &DatabaseTransaction, backend: &'static dyn Backend, before: i64) -> Result<Catalog> {
    let db = DatabaseExecutor::Transaction(txn);
    let catalog = catalog::load(&db, backend).await?;
    for tracked in catalog.iter() {
        let ids = backend.column_ids(&db, &tracked.table.name).await?;
        if ids.is_empty() {
            continue;
        }
        let mut known = tracked.known.clone();
        for known in &mut known {
            known.engine_id = known.live.as_ref().and_then(|name| ids.get(name).cloned());
        }
        catalog::write_columns(txn, backend, tracked.id, &known).await?;
    }
    catalog::outgrow(txn, backend, before).await?;
    catalog::load(&db, backend).await
}
