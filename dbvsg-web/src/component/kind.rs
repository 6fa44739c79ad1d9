//! What the values of a column look like in JSON.

use dbvsg::{ColumnKind, sea_orm::sea_query::ArrayType};
use serde_json::{Value as Json, json};

/// How a column's values are compared, and what an empty CSV cell of it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text: can be searched, and empty.
    Text,
    /// Has an order.
    Ordered,
    /// Can only be equal or not.
    Plain,
    /// A JSON document.
    Json,
}

impl Kind {
    /// The kind of a stored column.
    pub(crate) fn stored(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text => Self::Text,
            ColumnKind::Json => Self::Json,
            ColumnKind::Bool | ColumnKind::Bytes | ColumnKind::Uuid | ColumnKind::Array(_) | ColumnKind::Any => {
                Self::Plain
            }
            _ => Self::Ordered,
        }
    }

    /// The kind of a type.
    pub(crate) fn of(kind: &ArrayType) -> Self {
        match kind {
            ArrayType::String => Self::Text,
            ArrayType::Bool | ArrayType::Bytes | ArrayType::Uuid => Self::Plain,
            ArrayType::Json => Self::Json,
            _ => Self::Ordered,
        }
    }
}

/// The schema of a stored column. What other programs store in a column without a strict type may be anything.
pub(crate) fn stored_schema(kind: ColumnKind) -> Json {
    match kind {
        ColumnKind::Bool => json!({"type": "boolean"}),
        ColumnKind::Integer => json!({"type": "integer"}),
        ColumnKind::Float => json!({"type": "number", "format": "double"}),
        ColumnKind::Decimal => json!({"type": "string", "format": "decimal", "example": "19.99"}),
        ColumnKind::Bytes => json!({"type": "string", "format": "byte"}),
        ColumnKind::Date => json!({"type": "string", "format": "date"}),
        ColumnKind::Time => json!({"type": "string", "format": "time"}),
        ColumnKind::Duration => json!({"type": "string", "example": "10:30:00"}),
        ColumnKind::DateTime => json!({"type": "string", "example": "2024-01-15T10:30:00.000000"}),
        ColumnKind::Timestamp => json!({"type": "string", "format": "date-time"}),
        ColumnKind::Uuid => json!({"type": "string", "format": "uuid"}),
        ColumnKind::Text => json!({"type": "string"}),
        _ => json!({}),
    }
}

/// The schema of a type.
pub(crate) fn schema(kind: &ArrayType) -> Json {
    match kind {
        ArrayType::Bool => json!({"type": "boolean"}),
        ArrayType::TinyInt => json!({"type": "integer", "format": "int32", "minimum": i8::MIN, "maximum": i8::MAX}),
        ArrayType::SmallInt => json!({"type": "integer", "format": "int32", "minimum": i16::MIN, "maximum": i16::MAX}),
        ArrayType::Int => json!({"type": "integer", "format": "int32"}),
        ArrayType::BigInt => json!({"type": "integer", "format": "int64"}),
        ArrayType::TinyUnsigned => json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": u8::MAX}),
        ArrayType::SmallUnsigned => json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": u16::MAX}),
        ArrayType::Unsigned => json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX}),
        ArrayType::BigUnsigned => json!({"type": "integer", "format": "int64", "minimum": 0}),
        ArrayType::Float => json!({"type": "number", "format": "float"}),
        ArrayType::Double => json!({"type": "number", "format": "double"}),
        ArrayType::Decimal => json!({"type": "string", "format": "decimal", "example": "19.99"}),
        ArrayType::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        ArrayType::Bytes => json!({"type": "string", "format": "byte"}),
        ArrayType::ChronoDate => json!({"type": "string", "format": "date"}),
        ArrayType::ChronoTime => json!({"type": "string", "format": "time"}),
        ArrayType::ChronoDateTime => json!({"type": "string", "example": "2024-01-15T10:30:00.000000"}),
        ArrayType::ChronoDateTimeUtc | ArrayType::ChronoDateTimeLocal | ArrayType::ChronoDateTimeWithTimeZone => {
            json!({"type": "string", "format": "date-time"})
        }
        ArrayType::Uuid => json!({"type": "string", "format": "uuid"}),
        ArrayType::Json => json!({}),
        _ => json!({"type": "string"}),
    }
}
