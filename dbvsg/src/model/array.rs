//! Arrays between JSON and the text in which PostgreSQL writes them: `{1,NULL,"a b"}`.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value as Json;

use super::{ColumnKind, Value, json};

/// The JSON form of an array of elements of this kind; none if the text has no such form, as with bounds of its own.
pub(super) fn encode(element: ColumnKind, text: &str) -> Option<Json> {
    let mut rest = text.strip_prefix('{')?;
    let items = items(element, &mut rest)?;
    rest.is_empty().then_some(items)
}

/// Reads what follows the brace that opens an array, and the one that closes it.
fn items(element: ColumnKind, rest: &mut &str) -> Option<Json> {
    let mut items = Vec::new();
    if take(rest, '}') {
        return Some(items.into());
    }
    loop {
        items.push(if take(rest, '{') {
            self::items(element, rest)?
        } else if take(rest, '"') {
            shown(element, &quoted(rest)?)
        } else {
            let end = rest.find([',', '}'])?;
            let (bare, after) = rest.split_at(end);
            *rest = after;
            if bare == "NULL" { Json::Null } else { shown(element, bare) }
        });
        if take(rest, '}') {
            return Some(items.into());
        }
        if !take(rest, ',') {
            return None;
        }
    }
}

fn take(rest: &mut &str, sign: char) -> bool {
    let after = rest.strip_prefix(sign);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// What stands before the quote that closes it.
fn quoted(rest: &mut &str) -> Option<String> {
    let (mut text, mut letters) = (String::new(), rest.char_indices());
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => {
                *rest = &rest[place + 1..];
                return Some(text);
            }
            '\\' => text.push(letters.next()?.1),
            letter => text.push(letter),
        }
    }
    None
}

fn shown(element: ColumnKind, text: &str) -> Json {
    let hex = |text: &str| -> Option<Vec<u8>> {
        let digits = text.strip_prefix("\\x").filter(|digits| digits.is_ascii())?;
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
    };
    let known = match element {
        ColumnKind::Bool => Some((text == "t").into()),
        ColumnKind::Integer => text.parse::<i64>().ok().map(Json::from),
        ColumnKind::Float => json::parse_float(&text.into()).ok().map(json::float),
        ColumnKind::Bytes => hex(text).map(|bytes| BASE64_STANDARD.encode(bytes).into()),
        _ => None,
    };
    known.unwrap_or_else(|| json::encode_as(element, &Value::Text(text.to_owned())))
}

/// The text of an array of elements of this kind.
pub(super) fn parse(element: ColumnKind, items: &[Json]) -> Result<String, String> {
    let items = items.iter().enumerate().map(|(position, item)| match item {
        Json::Null => Ok("NULL".to_owned()),
        Json::Array(items) if element != ColumnKind::Json => parse(element, items),
        item => {
            let text = stored(element, item).map_err(|reason| format!("item {}: {reason}", position + 1))?;
            Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
        }
    });
    Ok(format!("{{{}}}", items.collect::<Result<Vec<_>, String>>()?.join(",")))
}

fn stored(element: ColumnKind, item: &Json) -> Result<String, String> {
    Ok(match element {
        ColumnKind::Bool => json::parse_bool(item)?.to_string(),
        ColumnKind::Integer => json::parse_integer(item)?.to_string(),
        ColumnKind::Float => match json::float(json::parse_float(item)?) {
            Json::String(special) => special,
            number => number.to_string(),
        },
        ColumnKind::Bytes => {
            let bytes = json::parse_bytes(item)?;
            bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
        element => match json::parse_as(element, super::Form::Text, item)? {
            Value::Text(text) => text,
            _ => return Err("a string is expected".into()),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_return() {
        for (element, text, items) in [
            (ColumnKind::Integer, "{}", json!([])),
            (ColumnKind::Integer, r#"{"1",NULL,"-3"}"#, json!([1, null, -3])),
            (ColumnKind::Integer, r#"{{"1","2"},{"3",NULL}}"#, json!([[1, 2], [3, null]])),
            (ColumnKind::Text, r#"{"a","b \"c\" \\,{}","NULL",""}"#, json!(["a", "b \"c\" \\,{}", "NULL", ""])),
            (ColumnKind::Float, r#"{"0.5","NaN"}"#, json!([0.5, "NaN"])),
            (ColumnKind::Decimal, r#"{"1.50"}"#, json!(["1.50"])),
            (ColumnKind::Bytes, r#"{"\\x00ff"}"#, json!(["AP8="])),
            (ColumnKind::Json, r#"{"{\"a\":1}"}"#, json!([{"a": 1}])),
            (ColumnKind::Any, r#"{"10.0.0.1"}"#, json!(["10.0.0.1"])),
        ] {
            assert_eq!(parse(element, items.as_array().unwrap()).as_deref(), Ok(text));
            assert_eq!(encode(element, text), Some(items), "{text}");
        }
        assert_eq!(encode(ColumnKind::Bool, "{t,f,NULL}"), Some(json!([true, false, null])));
        assert_eq!(encode(ColumnKind::Text, "{a b,NULL,c}"), Some(json!(["a b", null, "c"])));
        for text in ["", "{", "{1", "{1,", "[2:3]={1,2}", "{1}x", "{\"a}"] {
            assert_eq!(encode(ColumnKind::Integer, text), None, "{text}");
        }
        assert!(parse(ColumnKind::Integer, &[json!("x")]).unwrap_err().starts_with("item 1"));
    }
}
