//! Between JSON and the values of a model, by the type each field has.

use std::fmt::Display;

use base64::{Engine, prelude::BASE64_STANDARD};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn,
    TryIntoModel, Value as Bound,
    sea_query::{ArrayType, ValueTuple},
};
use serde_json::{Map, Value as Json};

use super::{Versioned, Writable, read::KeyOf};
use crate::{
    Error, Result, Row, Table,
    model::json::{
        self, parse_bool, parse_bytes, parse_date, parse_datetime, parse_decimal, parse_float, parse_string,
        parse_time, parse_timestamp, parse_uuid,
    },
};

/// Reads JSON as a value of this type; `null` is the NULL of the type.
///
/// # Errors
/// Says what was expected.
pub fn parse(kind: &ArrayType, json: &Json) -> Result<Bound, String> {
    if json.is_null() {
        return Ok(null(kind));
    }
    Ok(match kind {
        ArrayType::Bool => parse_bool(json)?.into(),
        ArrayType::TinyInt => whole::<i8>(json)?.into(),
        ArrayType::SmallInt => whole::<i16>(json)?.into(),
        ArrayType::Int => whole::<i32>(json)?.into(),
        ArrayType::BigInt => whole::<i64>(json)?.into(),
        ArrayType::TinyUnsigned => whole::<u8>(json)?.into(),
        ArrayType::SmallUnsigned => whole::<u16>(json)?.into(),
        ArrayType::Unsigned => whole::<u32>(json)?.into(),
        ArrayType::BigUnsigned => whole::<u64>(json)?.into(),
        ArrayType::Float => {
            let value = parse_float(json)?;
            let single = value as f32;
            if value.is_finite() && !single.is_finite() {
                return Err("a single-precision number is expected".into());
            }
            single.into()
        }
        ArrayType::Double => parse_float(json)?.into(),
        ArrayType::Char => {
            let mut letters = parse_string(json)?.chars();
            match (letters.next(), letters.next()) {
                (Some(only), None) => Bound::Char(Some(only)),
                _ => return Err("one character is expected".into()),
            }
        }
        ArrayType::Bytes => parse_bytes(json)?.into(),
        ArrayType::Json => Bound::Json(Some(Box::new(json.clone()))),
        ArrayType::ChronoDate => parse_date(json)?.into(),
        ArrayType::ChronoTime => parse_time(json)?.into(),
        ArrayType::ChronoDateTime => parse_datetime(json)?.into(),
        ArrayType::ChronoDateTimeUtc => parse_timestamp(json)?.into(),
        ArrayType::ChronoDateTimeLocal => parse_timestamp(json)?.with_timezone(&chrono::Local).into(),
        ArrayType::ChronoDateTimeWithTimeZone => parse_timestamp(json)?.fixed_offset().into(),
        ArrayType::Uuid => parse_uuid(json)?.into(),
        ArrayType::Decimal => parse_decimal(json)?.into(),
        _ => parse_string(json)?.into(),
    })
}

/// Reads text, as of a URL or a CSV cell, as a value of this type.
///
/// # Errors
/// Says what was expected.
pub fn parse_text(kind: &ArrayType, text: &str) -> Result<Bound, String> {
    match kind {
        ArrayType::Json => {
            let json = serde_json::from_str(text).map_err(|_| "JSON is expected".to_owned())?;
            Ok(Bound::Json(Some(Box::new(json))))
        }
        _ => parse(kind, &Json::String(text.to_owned())),
    }
}

/// A whole number of the type's size, or the text of one.
fn whole<T: TryFrom<i128> + Display + Bounded>(json: &Json) -> Result<T, String> {
    let read = match json {
        Json::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    let expected = || format!("a whole number between {} and {} is expected", T::LEAST, T::MOST);
    read.and_then(|value: i128| T::try_from(value).ok()).ok_or_else(expected)
}

/// A type with a least and a greatest value.
trait Bounded: Sized {
    const LEAST: Self;
    const MOST: Self;
}

macro_rules! bounded {
    ($($type:ty),+) => { $(impl Bounded for $type { const LEAST: Self = Self::MIN; const MOST: Self = Self::MAX; })+ };
}
bounded!(i8, i16, i32, i64, u8, u16, u32, u64);

fn null(kind: &ArrayType) -> Bound {
    match kind {
        ArrayType::Bool => Bound::Bool(None),
        ArrayType::TinyInt => Bound::TinyInt(None),
        ArrayType::SmallInt => Bound::SmallInt(None),
        ArrayType::Int => Bound::Int(None),
        ArrayType::BigInt => Bound::BigInt(None),
        ArrayType::TinyUnsigned => Bound::TinyUnsigned(None),
        ArrayType::SmallUnsigned => Bound::SmallUnsigned(None),
        ArrayType::Unsigned => Bound::Unsigned(None),
        ArrayType::BigUnsigned => Bound::BigUnsigned(None),
        ArrayType::Float => Bound::Float(None),
        ArrayType::Double => Bound::Double(None),
        ArrayType::Char => Bound::Char(None),
        ArrayType::Bytes => Bound::Bytes(None),
        ArrayType::Json => Bound::Json(None),
        ArrayType::ChronoDate => Bound::ChronoDate(None),
        ArrayType::ChronoTime => Bound::ChronoTime(None),
        ArrayType::ChronoDateTime => Bound::ChronoDateTime(None),
        ArrayType::ChronoDateTimeUtc => Bound::ChronoDateTimeUtc(None),
        ArrayType::ChronoDateTimeLocal => Bound::ChronoDateTimeLocal(None),
        ArrayType::ChronoDateTimeWithTimeZone => Bound::ChronoDateTimeWithTimeZone(None),
        ArrayType::Uuid => Bound::Uuid(None),
        ArrayType::Decimal => Bound::Decimal(None),
        _ => Bound::String(None),
    }
}

/// Whether a value is NULL, of whatever type.
pub(crate) fn is_null(value: &Bound) -> bool {
    show(value).is_null()
}

/// The JSON form of a model's value, the same that [`json::encode`] gives a stored one.
pub fn show(value: &Bound) -> Json {
    match value {
        Bound::Bool(value) => (*value).into(),
        Bound::TinyInt(value) => (*value).into(),
        Bound::SmallInt(value) => (*value).into(),
        Bound::Int(value) => (*value).into(),
        Bound::BigInt(value) => (*value).into(),
        Bound::TinyUnsigned(value) => (*value).into(),
        Bound::SmallUnsigned(value) => (*value).into(),
        Bound::Unsigned(value) => (*value).into(),
        Bound::BigUnsigned(value) => (*value).into(),
        Bound::Float(value) => value.map_or(Json::Null, |value| json::float(value.into())),
        Bound::Double(value) => value.map_or(Json::Null, json::float),
        Bound::String(value) => value.clone().into(),
        Bound::Char(value) => value.map(String::from).into(),
        Bound::Bytes(value) => value.as_ref().map(|bytes| BASE64_STANDARD.encode(bytes)).into(),
        Bound::Json(value) => value.as_ref().map_or(Json::Null, |value| (**value).clone()),
        Bound::ChronoDate(value) => value.map(|value| value.to_string()).into(),
        Bound::ChronoTime(value) => value.map(|value| value.to_string()).into(),
        Bound::ChronoDateTime(value) => value.map(json::datetime_text).into(),
        Bound::ChronoDateTimeUtc(value) => value.map(json::timestamp_text).into(),
        Bound::ChronoDateTimeLocal(value) => value.map(|value| json::timestamp_text(value.to_utc())).into(),
        Bound::ChronoDateTimeWithTimeZone(value) => value.map(|value| json::timestamp_text(value.to_utc())).into(),
        Bound::Uuid(value) => value.map(|value| value.to_string()).into(),
        Bound::Decimal(value) => value.map(|value| value.normalize().to_string()).into(),
        other => sea_orm::sea_query::Value::to_string(other).into(),
    }
}

/// The JSON object of a model.
pub fn show_model<E: Versioned>(model: &E::Model) -> Map<String, Json> {
    E::Column::iter().map(|column| (column.as_str().to_owned(), show(&model.get(column)))).collect()
}

/// Reads the fields of a JSON object into a model's values. Fields that are absent stay unset.
///
/// # Errors
/// [`Error::UnknownColumn`], [`Error::InvalidValue`].
pub fn active_model<E: Writable>(fields: &Map<String, Json>) -> Result<E::ActiveModel> {
    let mut active = <E::ActiveModel as ActiveModelBehavior>::new();
    for (name, value) in fields {
        let column = column_of::<E>(name).ok_or_else(|| Error::UnknownColumn {
            table: E::default().table_name().to_owned(),
            column: name.clone(),
        })?;
        set::<E>(&mut active, column, (!value.is_null()).then_some(value))?;
    }
    Ok(active)
}

/// The column of this name.
pub(super) fn column_of<E: Versioned>(name: &str) -> Option<E::Column> {
    E::Column::iter().find(|column| column.as_str() == name)
}

/// Sets a field to a value in its JSON form, or to NULL.
fn set<E: Writable>(active: &mut E::ActiveModel, column: E::Column, value: Option<&Json>) -> Result<()> {
    let invalid = |reason: String| Error::InvalidValue { column: column.as_str().to_owned(), reason };
    let kind = <E::Model as ModelTrait>::get_value_type(column);
    let value = match value {
        None if nullable::<E>(column) => null(&kind),
        None => return Err(invalid("it may not be null".into())),
        // The document `null` is a value.
        Some(json) if kind == ArrayType::Json => Bound::Json(Some(Box::new(json.clone()))),
        Some(json) => parse(&kind, json).map_err(invalid)?,
    };
    active.try_set(column, value).map_err(|_| invalid("it is none of the values this field knows".into()))
}

/// Whether a column may be NULL.
pub fn nullable<E: Versioned>(column: E::Column) -> bool {
    column.def().is_null()
}

/// The model of a stored row.
pub(super) fn model_of_row<E: Writable>(table: &Table, row: &Row) -> Result<E::Model> {
    let active = active_model_of_row::<E>(table, row, 0..table.columns.len())?;
    active.try_into_model().map_err(Error::from)
}

/// What the columns at these positions of a stored row hold. Columns that the model does not have are left out.
pub(super) fn active_model_of_row<E: Writable>(
    table: &Table,
    row: &Row,
    positions: impl IntoIterator<Item = usize>,
) -> Result<E::ActiveModel> {
    let mut active = <E::ActiveModel as ActiveModelBehavior>::new();
    for position in positions {
        let (stored, value) = (&table.columns[position], &row.values[position]);
        let Some(column) = column_of::<E>(&stored.name) else { continue };
        let json = json::encode(stored, value);
        set::<E>(&mut active, column, (!value.is_null()).then_some(&json))?;
    }
    Ok(active)
}

/// The text form of a key's values.
pub(super) fn values_text(values: &[Bound]) -> String {
    key_text_of(values.iter().map(show))
}

/// The text form of a key whose values have these JSON forms: joined by commas, each percent-encoded.
pub fn key_text_of(values: impl IntoIterator<Item = Json>) -> String {
    let texts = values.into_iter().map(|value| match value {
        Json::String(text) => crate::model::percent_encode(&text),
        other => other.to_string(),
    });
    texts.collect::<Vec<_>>().join(",")
}

/// Reads the text form of a key as the values of its columns, in key order.
///
/// # Errors
/// [`Error::InvalidKey`].
pub fn key_values<E: Versioned>(text: &str) -> Result<Vec<(E::Column, Bound)>> {
    let table = E::default().table_name().to_owned();
    let invalid = |reason: String| Error::InvalidKey { table: table.clone(), key: text.to_owned(), reason };
    let columns: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let parts: Vec<&str> = text.split(',').collect();
    if parts.len() != columns.len() {
        return Err(invalid(format!("it takes {} value(s), joined by commas", columns.len())));
    }
    let values = columns.into_iter().zip(parts).map(|(column, part)| {
        let decoded = crate::model::percent_decode(part).ok_or_else(|| invalid("bad percent-encoding".into()))?;
        let value = parse_text(&<E::Model as ModelTrait>::get_value_type(column), &decoded);
        Ok((column, value.map_err(|reason| invalid(format!("`{}`: {reason}", column.as_str())))?))
    });
    values.collect()
}

/// Reads the text form of a key, as [`crate::Accessor::get`] takes it.
///
/// # Errors
/// [`Error::InvalidKey`].
pub fn parse_key<E: Versioned>(text: &str) -> Result<KeyOf<E>> {
    let mut values: Vec<Bound> = key_values::<E>(text)?.into_iter().map(|(_, value)| value).collect();
    let tuple = match values.len() {
        1 => ValueTuple::One(values.remove(0)),
        2 => {
            let second = values.remove(1);
            ValueTuple::Two(values.remove(0), second)
        }
        3 => {
            let (third, second) = (values.remove(2), values.remove(1));
            ValueTuple::Three(values.remove(0), second, third)
        }
        _ => ValueTuple::Many(values),
    };
    Ok(sea_orm::sea_query::FromValueTuple::from_value_tuple(tuple))
}
