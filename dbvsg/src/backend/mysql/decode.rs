//! Reads a value by the type that the server says it has.

use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{Decode, MySql, Row, Type, TypeInfo, ValueRef, mysql::MySqlValueRef};

use crate::{Error, Result, model::Value};

pub(super) fn decode(row: &QueryResult, index: usize) -> Result<Value> {
    let row =
        row.try_as_mysql_row().ok_or_else(|| Error::Corrupted { detail: "a row of another engine was read".into() })?;
    let value = row.try_get_raw(index).map_err(failed)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let info = value.type_info().into_owned();
    let text = <String as Type<MySql>>::compatible(&info);
    match info.name() {
        name if name.ends_with("UNSIGNED") => unsigned(value),
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => of(value, Value::Integer),
        "BIT" | "YEAR" => unsigned(value),
        "FLOAT" => of::<f32>(value, |value| Value::Real(value.into())),
        "DOUBLE" => of(value, Value::Real),
        // The last four only in answers to queries that were sent as text; others are projected.
        "DECIMAL" | "JSON" | "DATE" | "TIME" | "DATETIME" | "TIMESTAMP" => of(value, Value::Text),
        _ if text => of(value, Value::Text),
        _ => of(value, Value::Bytes),
    }
}

/// An integer that 64 bits with a sign cannot hold is text.
fn unsigned(value: MySqlValueRef<'_>) -> Result<Value> {
    of::<u64>(value, |value| i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Integer))
}

fn of<'r, T: Decode<'r, MySql>>(value: MySqlValueRef<'r>, wrap: fn(T) -> Value) -> Result<Value> {
    T::decode(value).map(wrap).map_err(|source| failed(sqlx::Error::Decode(source)))
}

fn failed(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error))))
}
