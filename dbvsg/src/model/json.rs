//! The JSON and text forms of stored values: nothing is lost on the way out, and what comes in must fit its column.
//!
//! Integers are numbers, decimals strings, bytes base64, moments RFC 3339 in UTC with microseconds, JSON columns JSON.
//! A stored value that does not fit the declared kind of its column (SQLite allows it) is shown as what it is.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Timelike};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value as Json};
use uuid::Uuid;

use super::{Column, ColumnKind, Form, Row, Table, Value, array, time};

/// The JSON form of a stored value.
pub fn encode(column: &Column, value: &Value) -> Json {
    encode_as(column.kind, value)
}

pub(super) fn encode_as(kind: ColumnKind, value: &Value) -> Json {
    match (kind, value) {
        (ColumnKind::Bool, Value::Integer(0 | 1)) => (*value == Value::Integer(1)).into(),
        (ColumnKind::Decimal, Value::Integer(value)) => value.to_string().into(),
        (ColumnKind::Decimal, Value::Real(value)) => decimal(*value).into(),
        (ColumnKind::DateTime, Value::Text(text)) => shown_datetime(text).unwrap_or_else(|| text.clone()).into(),
        (ColumnKind::Timestamp, Value::Text(text)) => shown_timestamp(text).unwrap_or_else(|| text.clone()).into(),
        (ColumnKind::Json, Value::Text(text)) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
        (ColumnKind::Integer, Value::Text(text)) => {
            text.parse::<u64>().map_or_else(|_| text.clone().into(), Json::from)
        }
        (ColumnKind::Array(element), Value::Text(text)) => {
            array::encode(*element, text).unwrap_or_else(|| text.clone().into())
        }
        (ColumnKind::Uuid, Value::Bytes(bytes)) => {
            Uuid::from_slice(bytes).map_or_else(|_| encode_untyped(value), |uuid| uuid.to_string().into())
        }
        _ => encode_untyped(value),
    }
}

/// The JSON form of a value whose column is not known, as that of an expression: bytes are base64.
pub fn encode_untyped(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Real(value) => float(*value),
        Value::Text(text) => text.clone().into(),
        Value::Bytes(bytes) => BASE64_STANDARD.encode(bytes).into(),
    }
}

/// The JSON object of a row.
pub fn encode_row(table: &Table, row: &Row) -> Map<String, Json> {
    table.columns.iter().zip(&row.values).map(|(column, value)| (column.name.clone(), encode(column, value))).collect()
}

/// The JSON form of a key: the value itself, or an array of them for a composite key.
pub fn encode_key(table: &Table, key: &super::Key) -> Json {
    let mut parts: Vec<Json> = table.key_columns().zip(&key.0).map(|(column, value)| encode(column, value)).collect();
    if parts.len() == 1 { parts.remove(0) } else { parts.into() }
}

/// The text form of a stored value, as in a CSV cell or a key; NULL is empty.
pub fn to_text(column: &Column, value: &Value) -> String {
    match value {
        // What is stored as a document and is none stays as it is.
        Value::Text(text) if column.kind == ColumnKind::Json && serde_json::from_str::<Json>(text).is_err() => {
            text.clone()
        }
        Value::Null => String::new(),
        value => cell(column.kind, &encode(column, value)),
    }
}

/// The text form of a value of this kind in its JSON form, which [`parse_text`] reads again. NULL is empty.
pub fn cell(kind: ColumnKind, json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) if kind != ColumnKind::Json => text.clone(),
        other => other.to_string(),
    }
}

/// Reads the JSON form of a value for this column, as it is to be stored.
///
/// # Errors
/// Says what was expected.
pub fn parse(column: &Column, json: &Json) -> Result<Value, String> {
    if json.is_null() {
        return if column.nullable { Ok(Value::Null) } else { Err("it may not be null".into()) };
    }
    parse_as(column.kind, column.form, json)
}

pub(super) fn parse_as(kind: ColumnKind, form: Form, json: &Json) -> Result<Value, String> {
    Ok(match kind {
        ColumnKind::Bool => stored_bool(form, parse_bool(json)?),
        ColumnKind::Integer => stored_integer(form, json)?,
        ColumnKind::Float => Value::Real(parse_float(json)?),
        ColumnKind::Decimal => stored_decimal(form, json)?,
        ColumnKind::Text => Value::Text(parse_string(json)?.to_owned()),
        ColumnKind::Bytes => Value::Bytes(parse_bytes(json)?),
        ColumnKind::Date => Value::Text(parse_date(json)?.to_string()),
        ColumnKind::Time => Value::Text(parse_time(json)?.to_string()),
        ColumnKind::Duration => Value::Text(parse_duration(json)?.to_owned()),
        ColumnKind::DateTime => Value::Text(stored_datetime(parse_datetime(json)?)),
        ColumnKind::Timestamp => Value::Text(parse_timestamp(json)?.to_rfc3339_opts(SecondsFormat::AutoSi, false)),
        ColumnKind::Uuid => stored_uuid(form, parse_uuid(json)?),
        ColumnKind::Json => Value::Text(json.to_string()),
        ColumnKind::Array(element) => match json {
            Json::Array(items) => Value::Text(array::parse(*element, items)?),
            Json::String(text) => match serde_json::from_str(text) {
                Ok(Json::Array(items)) => Value::Text(array::parse(*element, &items)?),
                // Perhaps the engine's own form, as it stands for arrays that have no other.
                _ => Value::Text(parse_string(json)?.to_owned()),
            },
            _ => return Err("an array is expected".into()),
        },
        ColumnKind::Any if form == Form::Bytes => Value::Bytes(parse_bytes(json)?),
        ColumnKind::Any => match (form, parse_any(json)) {
            (Form::Text, Value::Integer(_) | Value::Real(_)) => Value::Text(json.to_string()),
            (_, value) => value,
        },
    })
}

/// Reads the text form of a value for this column, as it is to be stored.
///
/// # Errors
/// Says what was expected.
pub fn parse_text(column: &Column, text: &str) -> Result<Value, String> {
    match column.kind {
        ColumnKind::Json => match serde_json::from_str::<Json>(text) {
            Ok(_) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err("JSON is expected".into()),
        },
        _ => parse(column, &Json::String(text.to_owned())),
    }
}

/// A boolean, or the text of one.
pub fn parse_bool(json: &Json) -> Result<bool, String> {
    match json {
        Json::Bool(value) => Ok(*value),
        Json::String(text) if text == "true" || text == "1" => Ok(true),
        Json::String(text) if text == "false" || text == "0" => Ok(false),
        Json::Number(number) if number.as_i64() == Some(1) => Ok(true),
        Json::Number(number) if number.as_i64() == Some(0) => Ok(false),
        _ => Err("true or false is expected".into()),
    }
}

/// A whole number of 64 bits, or the text of one.
pub fn parse_integer(json: &Json) -> Result<i64, String> {
    let read = match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| "a whole number between -9223372036854775808 and 9223372036854775807 is expected".into())
}

/// A number, the text of one, or one of `NaN`, `Infinity`, `-Infinity`.
pub fn parse_float(json: &Json) -> Result<f64, String> {
    let read = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E')) => {
                text.parse().ok().filter(|value: &f64| value.is_finite())
            }
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| "a number is expected".into())
}

/// An exact decimal: a string, or a number.
pub fn parse_decimal(json: &Json) -> Result<Decimal, String> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        _ => String::new(),
    };
    let read = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    read.map_err(|_| "a decimal number of at most 28 digits is expected".into())
}

/// A string.
pub fn parse_string(json: &Json) -> Result<&str, String> {
    match json {
        Json::String(text) if text.contains('\0') => Err("text may not hold the character NUL".into()),
        Json::String(text) => Ok(text),
        _ => Err("a string is expected".into()),
    }
}

/// Bytes in base64.
pub fn parse_bytes(json: &Json) -> Result<Vec<u8>, String> {
    let expected = || "base64 is expected".to_owned();
    BASE64_STANDARD.decode(json.as_str().ok_or_else(expected)?).map_err(|_| expected())
}

/// `2024-01-15`.
pub fn parse_date(json: &Json) -> Result<NaiveDate, String> {
    json.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| "a date as 2024-01-15 is expected".into())
}

/// `10:30:00`, with a fraction if there is one.
pub fn parse_time(json: &Json) -> Result<NaiveTime, String> {
    json.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| "a time as 10:30:00 is expected".into())
}

/// Hours, minutes and seconds, with a fraction if there is one: `-25:30:00.5`.
fn parse_duration(json: &Json) -> Result<&str, String> {
    let text = json.as_str().unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.strip_prefix('-').unwrap_or(whole).split(':').collect();
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_sixtieth = |text: &str| digits(text, 2..=2) && *text < *"60";
    let is_duration = match parts[..] {
        [hours, minutes, seconds] => digits(hours, 1..=3) && is_sixtieth(minutes) && is_sixtieth(seconds),
        _ => false,
    };
    if is_duration && digits(fraction, 1..=9) {
        return Ok(text);
    }
    Err("hours, minutes and seconds as 10:30:00 or -25:30:00.5 are expected".into())
}

/// A moment without zone: `2024-01-15T10:30:00`; one with zone is turned to UTC.
pub fn parse_datetime(json: &Json) -> Result<NaiveDateTime, String> {
    let text = json.as_str().unwrap_or_default();
    let read = read_datetime(text).or_else(|| time::parse(text).map(|moment| moment.naive_utc()));
    read.ok_or_else(|| "a moment as 2024-01-15T10:30:00 is expected".into())
}

/// RFC 3339 with any offset.
pub fn parse_timestamp(json: &Json) -> Result<DateTime<chrono::Utc>, String> {
    let read = json.as_str().and_then(time::parse);
    read.ok_or_else(|| "a timestamp with offset as 2024-01-15T10:30:00Z is expected".into())
}

/// A UUID.
pub fn parse_uuid(json: &Json) -> Result<Uuid, String> {
    json.as_str().and_then(|text| Uuid::parse_str(text).ok()).ok_or_else(|| "a UUID is expected".into())
}

fn parse_any(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Integer((*value).into()),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Integer(value),
            None => Value::Real(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}

fn stored_bool(form: Form, value: bool) -> Value {
    if form == Form::Bool { Value::Bool(value) } else { Value::Integer(value.into()) }
}

/// An integer that comes as text is one that 64 bits with a sign cannot hold.
fn stored_integer(form: Form, json: &Json) -> Result<Value, String> {
    if form != Form::Text {
        return Ok(Value::Integer(parse_integer(json)?));
    }
    let read = match json {
        Json::Number(number) => number.as_u64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    let value: u64 = read.ok_or("a whole number between 0 and 18446744073709551615 is expected")?;
    Ok(Value::Text(value.to_string()))
}

fn stored_uuid(form: Form, uuid: Uuid) -> Value {
    if form == Form::Text { Value::Text(uuid.to_string()) } else { Value::Bytes(uuid.as_bytes().to_vec()) }
}

/// Where the engine has exact decimals, it also judges those that are too long for one of ours. Where it has none, one that a
/// double cannot hold is refused rather than rounded in silence.
fn stored_decimal(form: Form, json: &Json) -> Result<Value, String> {
    let decimal = parse_decimal(json);
    if form == Form::Text {
        return match json {
            Json::String(text) if decimal.is_err() && is_decimal(text) => Ok(Value::Text(text.clone())),
            _ => Ok(Value::Text(decimal?.to_string())),
        };
    }
    let text = decimal?.normalize().to_string();
    if let Ok(value) = text.parse::<i64>() {
        return Ok(Value::Integer(value));
    }
    let value: f64 = text.parse().map_err(|_| "a decimal number is expected".to_owned())?;
    let exact = format!("{value}") == text;
    if exact { Ok(Value::Real(value)) } else { Err("this database keeps at most 15 digits of a decimal number".into()) }
}

/// Whether a text is a decimal number, however long, or one of the special ones.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, behind) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number =
        [whole, behind].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_number || matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn decimal(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { special(value).into() }
}

/// The JSON form of a double.
pub fn float(value: f64) -> Json {
    Number::from_f64(value).map_or_else(|| special(value).into(), Json::Number)
}

fn special(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

fn read_datetime(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

fn stored_datetime(moment: NaiveDateTime) -> String {
    moment.format("%F %T%.f").to_string()
}

fn shown_datetime(text: &str) -> Option<String> {
    let moment = read_datetime(text)?;
    Some(datetime_text(moment))
}

/// The JSON form of a moment without zone: microseconds, and more digits only where there are more.
pub fn datetime_text(moment: NaiveDateTime) -> String {
    let form = if moment.nanosecond().is_multiple_of(1000) { "%Y-%m-%dT%H:%M:%S%.6f" } else { "%Y-%m-%dT%H:%M:%S%.9f" };
    moment.format(form).to_string()
}

/// The JSON form of a moment with zone: UTC, microseconds, and more digits only where there are more.
pub fn timestamp_text(moment: DateTime<chrono::Utc>) -> String {
    let digits = if moment.nanosecond().is_multiple_of(1000) { SecondsFormat::Micros } else { SecondsFormat::Nanos };
    moment.to_rfc3339_opts(digits, true)
}

fn shown_timestamp(text: &str) -> Option<String> {
    // SQLite's own CURRENT_TIMESTAMP writes UTC without saying so.
    // PostgreSQL writes offsets of whole hours without minutes.
    let short = || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok().map(|moment| moment.to_utc());
    let moment = time::parse(text).or_else(short).or_else(|| read_datetime(text).map(|moment| moment.and_utc()))?;
    Some(timestamp_text(moment))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(kind: ColumnKind) -> Column {
        let name = "c".to_owned();
        Column {
            name,
            declared: String::new(),
            kind,
            form: Form::Any,
            nullable: false,
            has_default: false,
            generated: false,
            collation: None,
        }
    }

    #[test]
    fn what_comes_in_goes_out() {
        let cases = [
            (ColumnKind::Bool, json!(true)),
            (ColumnKind::Integer, json!(i64::MIN)),
            (ColumnKind::Integer, json!(i64::MAX)),
            (ColumnKind::Float, json!(0.1)),
            (ColumnKind::Float, json!("NaN")),
            (ColumnKind::Float, json!("-Infinity")),
            (ColumnKind::Decimal, json!("19.99")),
            (ColumnKind::Decimal, json!("-20")),
            (ColumnKind::Text, json!("é'\"😀")),
            (ColumnKind::Bytes, json!("AAEC/w==")),
            (ColumnKind::Date, json!("2024-02-29")),
            (ColumnKind::Time, json!("10:30:00.123456")),
            (ColumnKind::DateTime, json!("2024-01-15T10:30:00.120000")),
            (ColumnKind::Timestamp, json!("2024-01-15T10:30:00.000001Z")),
            (ColumnKind::Uuid, json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
            (ColumnKind::Json, json!({"b": [1, null], "a": "x"})),
            (ColumnKind::Any, json!(12)),
            (ColumnKind::Duration, json!("-838:59:59.000001")),
        ];
        for (kind, value) in cases {
            let column = column(kind);
            let stored = parse(&column, &value).unwrap();
            assert_eq!(encode(&column, &stored), value, "{kind:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cases = [
            (ColumnKind::Bool, json!("yes")),
            (ColumnKind::Integer, json!(1.5)),
            (ColumnKind::Integer, json!("9223372036854775808")),
            (ColumnKind::Float, json!("1e999")),
            (ColumnKind::Decimal, json!("0.1234567890123456789")),
            (ColumnKind::Text, json!(1)),
            (ColumnKind::Text, json!("a\0b")),
            (ColumnKind::Bytes, json!("?")),
            (ColumnKind::Date, json!("2024-02-30")),
            (ColumnKind::Timestamp, json!("2024-01-15T10:30:00")),
            (ColumnKind::Uuid, json!("x")),
            (ColumnKind::Duration, json!("1:60:00")),
            (ColumnKind::Duration, json!("1:00")),
            (ColumnKind::Duration, json!("1:00:00.")),
            (ColumnKind::Text, json!(null)),
        ];
        for (kind, value) in cases {
            assert!(parse(&column(kind), &value).is_err(), "{kind:?} {value}");
        }
    }
}
