use sea_orm::Value as Bound;

/// One stored value, in the form the database returns it: lossless, and independent of any model.
///
/// What it *means* (a decimal, a moment, JSON) is told by the [`ColumnKind`](super::ColumnKind) of its column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A boolean, where the engine has them.
    Bool(bool),
    /// A signed integer.
    Integer(i64),
    /// A double-precision number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether both are the same to the bit: the same storage class and content; NaN equals NaN.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Real(a), Self::Real(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}

impl From<Value> for Bound {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Bound::String(None),
            Value::Bool(value) => value.into(),
            Value::Integer(value) => value.into(),
            Value::Real(value) => value.into(),
            Value::Text(value) => value.into(),
            Value::Bytes(value) => value.into(),
        }
    }
}

/// One stored value with what [`Value`] leaves out, so that it can be stored again just as it is.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// A value like any other.
    Value(Value),
    /// Text that is not UTF-8.
    Text(Vec<u8>),
}

impl Stored {
    /// How many bytes it takes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Value(Value::Text(text)) => text.len(),
            Self::Value(Value::Bytes(bytes)) | Self::Text(bytes) => bytes.len(),
            Self::Value(_) => 8,
        }
    }
}
