//! Reads any stored value by its storage class, not by the column's declared type: SQLite lets every row differ.

use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::{Error, Result, model::Value};

pub(super) fn decode(row: &QueryResult, index: usize) -> Result<Value> {
    let row = row
        .try_as_sqlite_row()
        .ok_or_else(|| Error::Corrupted { detail: "a row of another engine was read".into() })?;
    let value = row.try_get_raw(index).map_err(failed)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let class = value.type_info().name().to_owned();
    match class.as_str() {
        "INTEGER" | "BOOLEAN" => <i64 as Decode<Sqlite>>::decode(value).map(Value::Integer),
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Value::Real),
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Value::Bytes),
        _ => match <String as Decode<Sqlite>>::decode(value) {
            Ok(text) => Ok(Value::Text(text)),
            // Text that is no UTF-8 can be stored by other programs; its bytes are kept rather than lost.
            Err(_) => <Vec<u8> as Decode<Sqlite>>::decode(row.try_get_raw(index).map_err(failed)?).map(Value::Bytes),
        },
    }
    .map_err(|source| failed(sqlx::Error::Decode(source)))
}

fn failed(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error))))
}
