//! Reads the few types that are not projected as text.

use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{Postgres, Row, TypeInfo, ValueRef};

use crate::{Error, Result, model::Value};

pub(super) fn decode(row: &QueryResult, index: usize) -> Result<Value> {
    let row =
        row.try_as_pg_row().ok_or_else(|| Error::Corrupted { detail: "a row of another engine was read".into() })?;
    let value = row.try_get_raw(index).map_err(failed)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    fn of<'r, T: sqlx::Decode<'r, Postgres>>(
        value: sqlx::postgres::PgValueRef<'r>,
        wrap: fn(T) -> Value,
    ) -> Result<Value> {
        T::decode(value).map(wrap).map_err(|source| failed(sqlx::Error::Decode(source)))
    }
    match value.type_info().name() {
        "BOOL" => of(value, Value::Bool),
        "INT2" => of::<i16>(value, |value| Value::Integer(value.into())),
        "INT4" => of::<i32>(value, |value| Value::Integer(value.into())),
        "INT8" => of(value, Value::Integer),
        "FLOAT4" => of::<f32>(value, |value| Value::Real(value.into())),
        "FLOAT8" => of(value, Value::Real),
        "BYTEA" => of(value, Value::Bytes),
        _ => of(value, Value::Text),
    }
}

fn failed(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error))))
}
