//! One cell: the text form of a value. An empty one is NULL, or empty text where NULL is not allowed.

use serde_json::Value as Json;

use crate::model::{Column, ColumnKind};

/// What a CSV file has to know of a column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CsvColumn {
    /// Its name, as in the header line.
    pub name: String,
    /// What its values mean: whether a cell is text, a JSON document, or something else.
    pub kind: ColumnKind,
    /// Whether an empty cell is NULL.
    pub nullable: bool,
    /// Whether its cells are for information only, because the database computes them.
    pub generated: bool,
    /// Whether its cells must be empty, because it marks deleted rows.
    pub mark: bool,
}

impl CsvColumn {
    /// A column that can be written.
    pub fn new(name: impl Into<String>, kind: ColumnKind, nullable: bool) -> Self {
        Self { name: name.into(), kind, nullable, generated: false, mark: false }
    }

    /// Whether the database computes it.
    #[must_use]
    pub fn generated(mut self, generated: bool) -> Self {
        self.generated = generated;
        self
    }

    /// Whether it marks deleted rows.
    #[must_use]
    pub fn mark(mut self, mark: bool) -> Self {
        self.mark = mark;
        self
    }

    /// The value of a cell, as a JSON field. Whether it fits its column is told when it is written.
    pub(super) fn read(&self, cell: &str) -> Result<Json, String> {
        match (cell, self.kind) {
            ("", _) if self.nullable => Ok(Json::Null),
            ("", ColumnKind::Text) => Ok("".into()),
            ("", _) => Err("a value is needed".into()),
            (cell, ColumnKind::Json) => serde_json::from_str(cell).map_err(|_| "JSON is expected".into()),
            (cell, _) => Ok(cell.into()),
        }
    }
}

impl From<&Column> for CsvColumn {
    fn from(column: &Column) -> Self {
        Self::new(&column.name, column.kind, column.nullable).generated(column.generated)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::json::cell;

    #[test]
    fn a_cell_returns() {
        for (kind, value) in [
            (ColumnKind::Text, json!("a \"b\", c\n")),
            (ColumnKind::Text, json!("null")),
            (ColumnKind::Json, json!("text")),
            (ColumnKind::Json, json!({"a": [1, null]})),
            (ColumnKind::Bool, Json::Null),
        ] {
            let column = CsvColumn::new("c", kind, true);
            assert_eq!(column.read(&cell(kind, &value)), Ok(value));
        }
        assert_eq!(cell(ColumnKind::Integer, &json!(12)), "12");
    }

    #[test]
    fn an_empty_cell_is_null_or_empty_text_or_wrong() {
        let column = |kind, nullable| CsvColumn::new("c", kind, nullable);
        assert_eq!(column(ColumnKind::Text, true).read(""), Ok(Json::Null));
        assert_eq!(column(ColumnKind::Text, false).read(""), Ok(json!("")));
        assert!(column(ColumnKind::Integer, false).read("").is_err());
        assert!(column(ColumnKind::Json, false).read("{").is_err());
    }
}
