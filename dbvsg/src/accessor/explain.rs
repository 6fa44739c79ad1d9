//! Which columns a violated constraint is about, where the engine names only the key, or the column without its table.

use sea_orm::ConnectionTrait;

use crate::{Constraint, Error, Result, Table, Txn};

/// What a write to a table came to, with the columns of the constraint it violated. One query, only after a violation.
pub(crate) async fn explained<T, F: Into<Error>>(txn: &Txn, table: &str, done: Result<T, F>) -> Result<T> {
    match done.map_err(Into::into) {
        Err(Error::Violation { constraint, detail }) => {
            // If that fails too, what is known already has to do.
            let columns = columns_of(txn, table, constraint, &detail).await.unwrap_or_default();
            let named = columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>();
            let detail = if named.is_empty() { detail } else { named.join(", ") };
            Err(Error::Violation { constraint, detail })
        }
        other => other,
    }
}

async fn columns_of(txn: &Txn, table: &str, constraint: Constraint, name: &str) -> Result<Vec<String>> {
    let table: &Table = &txn.vsg().tracked(table).await?.table;
    match constraint {
        Constraint::NotNull => Ok(table.column(name).map(|column| column.name.clone()).into_iter().collect()),
        Constraint::Unique => {
            let Some(query) = txn.vsg().backend().unique_key(&table.name, name) else { return Ok(Vec::new()) };
            txn.query_all_raw(query).await?.iter().map(|row| Ok(row.try_get("", "name")?)).collect()
        }
        _ => Ok(Vec::new()),
    }
}
