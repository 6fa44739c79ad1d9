//! One cell: the text form of a value. An empty one is NULL, or empty text where NULL is not allowed.

use serde_json::Value as Json;

use crate::component::{Field, Kind};

/// The cell of a value.
pub(super) fn write(field: &Field, value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) if field.kind != Kind::Json => text.clone(),
        other => other.to_string(),
    }
}

/// The value of a cell, as a JSON field. Whether it fits its column is told when it is written.
pub(super) fn read(field: &Field, cell: &str) -> Result<Json, String> {
    match (cell, field.kind) {
        ("", _) if field.nullable => Ok(Json::Null),
        ("", Kind::Text) => Ok("".into()),
        ("", _) => Err("a value is needed".into()),
        (cell, Kind::Json) => serde_json::from_str(cell).map_err(|_| "JSON is expected".into()),
        (cell, _) => Ok(cell.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: Kind, nullable: bool) -> Field {
        Field {
            name: "c".into(),
            kind,
            schema: json!({}),
            nullable,
            has_default: false,
            default: None,
            generated: false,
        }
    }

    #[test]
    fn a_cell_returns() {
        for (kind, value) in [
            (Kind::Text, json!("a \"b\", c\n")),
            (Kind::Text, json!("null")),
            (Kind::Json, json!("text")),
            (Kind::Json, json!({"a": [1, null]})),
            (Kind::Plain, Json::Null),
        ] {
            let field = field(kind, true);
            assert_eq!(read(&field, &write(&field, &value)), Ok(value));
        }
        assert_eq!(write(&field(Kind::Ordered, true), &json!(12)), "12");
    }

    #[test]
    fn an_empty_cell_is_null_or_empty_text_or_wrong() {
        assert_eq!(read(&field(Kind::Text, true), ""), Ok(Json::Null));
        assert_eq!(read(&field(Kind::Text, false), ""), Ok(json!("")));
        assert!(read(&field(Kind::Ordered, false), "").is_err());
        assert!(read(&field(Kind::Json, false), "{").is_err());
    }
}
