//! A row as one line of JSON. Nothing of a value is lost.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};

use crate::model::{Stored, Value};

/// Appends a row and a line feed.
pub(super) fn write(line: &mut Vec<u8>, row: &[Stored]) -> serde_json::Result<()> {
    line.push(b'[');
    for (position, stored) in row.iter().enumerate() {
        if position > 0 {
            line.push(b',');
        }
        match stored {
            Stored::Value(Value::Text(text)) => serde_json::to_writer(&mut *line, text)?,
            other => serde_json::to_writer(&mut *line, &json(other))?,
        }
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

fn json(stored: &Stored) -> Json {
    match stored {
        Stored::Value(Value::Null) => Json::Null,
        Stored::Value(Value::Bool(value)) => (*value).into(),
        Stored::Value(Value::Integer(value)) => (*value).into(),
        Stored::Value(Value::Text(value)) => value.as_str().into(),
        Stored::Value(Value::Real(value)) => real(*value),
        Stored::Value(Value::Bytes(bytes)) => json!({"bytes": STANDARD.encode(bytes)}),
        Stored::Text(bytes) => json!({"text": STANDARD.encode(bytes)}),
    }
}

/// The shortest decimal number that means the same double. What is not a number has many forms, so its bits are written.
fn real(value: f64) -> Json {
    match value {
        value if value.is_nan() => json!({"bits": format!("{:016x}", value.to_bits())}),
        f64::INFINITY => json!({"real": "Infinity"}),
        f64::NEG_INFINITY => json!({"real": "-Infinity"}),
        value => json!({"real": format!("{value:?}")}),
    }
}

/// Reads a line. `columns`: how many values it must have.
pub(super) fn read(line: &[u8], columns: usize) -> Result<Vec<Stored>, String> {
    let values: Vec<Json> =
        serde_json::from_slice(line).map_err(|error| format!("it is no array of JSON ({error})"))?;
    if values.len() != columns {
        return Err(format!("it has {} values for {columns} columns", values.len()));
    }
    values.into_iter().map(|value| stored(value).ok_or_else(|| "it holds a value of no known form".into())).collect()
}

fn stored(value: Json) -> Option<Stored> {
    Some(Stored::Value(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(value) => Value::Integer(value.as_i64()?),
        Json::String(value) => Value::Text(value),
        Json::Array(_) => return None,
        Json::Object(tagged) => {
            let mut tagged = tagged.into_iter();
            let (Some((tag, Json::String(content))), None) = (tagged.next(), tagged.next()) else { return None };
            match tag.as_str() {
                "real" => Value::Real(content.parse().ok()?),
                "bits" => Value::Real(f64::from_bits(u64::from_str_radix(&content, 16).ok()?)),
                "bytes" => Value::Bytes(STANDARD.decode(content).ok()?),
                "text" => return Some(Stored::Text(STANDARD.decode(content).ok()?)),
                _ => return None,
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(value: Stored) -> (String, Stored) {
        let mut line = Vec::new();
        write(&mut line, &[value]).unwrap();
        let read = read(&line, 1).unwrap().remove(0);
        (String::from_utf8(line).unwrap(), read)
    }

    #[test]
    fn every_value_comes_back_to_the_bit() {
        for (value, expected) in [
            (Value::Null, "[null]\n"),
            (Value::Bool(true), "[true]\n"),
            (Value::Integer(i64::MIN), "[-9223372036854775808]\n"),
            (Value::Text("é\n\"\0😀".into()), "[\"é\\n\\\"\\u0000😀\"]\n"),
            (Value::Real(1.5), "[{\"real\":\"1.5\"}]\n"),
            (Value::Real(-0.0), "[{\"real\":\"-0.0\"}]\n"),
            (Value::Real(5e-324), "[{\"real\":\"5e-324\"}]\n"),
            (Value::Real(f64::MAX), "[{\"real\":\"1.7976931348623157e308\"}]\n"),
            (Value::Real(f64::NEG_INFINITY), "[{\"real\":\"-Infinity\"}]\n"),
            (Value::Real(f64::from_bits(0xfff8_0000_0000_0001)), "[{\"bits\":\"fff8000000000001\"}]\n"),
            (Value::Bytes(vec![0, 255]), "[{\"bytes\":\"AP8=\"}]\n"),
        ] {
            let (line, read) = there_and_back(Stored::Value(value.clone()));
            assert_eq!(line, expected);
            assert!(matches!(&read, Stored::Value(read) if read.same(&value)), "{read:?}");
        }
        let (line, read) = there_and_back(Stored::Text(vec![b'a', 0xff]));
        assert_eq!(line, "[{\"text\":\"Yf8=\"}]\n");
        assert!(matches!(read, Stored::Text(bytes) if bytes == [b'a', 0xff]));
    }

    #[test]
    fn what_is_no_row_is_refused() {
        for line in [
            "",
            "{}",
            "[1,2]",
            "[1.5]",
            "[[]]",
            "[{}]",
            "[{\"real\":\"x\"}]",
            "[{\"real\":\"1\",\"bytes\":\"\"}]",
            "[9223372036854775808]",
        ] {
            assert!(read(line.as_bytes(), 1).is_err(), "{line}");
        }
    }
}
