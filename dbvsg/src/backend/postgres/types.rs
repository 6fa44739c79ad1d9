//! How values of a column's type are bound, read and compared.

use crate::model::{Column, ColumnKind, Form};

/// The types of the system that know no order, nor what it is to be equal in every way.
const UNORDERED: [&str; 14] = [
    "xml",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "xid",
    "cid",
    "aclitem",
    "refcursor",
    "jsonpath",
    "pg_snapshot",
];

/// Whether values of a column are read and bound as they are, not as text.
pub(super) fn is_native(column: &Column) -> bool {
    column.form != Form::Text || column.kind == ColumnKind::Text
}

/// Whether rows can be sorted by a column.
pub(super) fn has_order(column: &Column) -> bool {
    let element = column.declared.trim_end_matches("[]");
    column.kind != ColumnKind::Json && !matches!(element, "json" | "jsonb") && !UNORDERED.contains(&element)
}

/// A bound value of a column. Its cast leaves the length to the column: a cast to `bit(3)` would cut off in silence what
/// does not fit.
pub(super) fn parameter(column: &Column, placeholder: &str) -> String {
    match column.declared.as_str() {
        // Bound with double precision, it would equal no stored value.
        "real" => format!("CAST({placeholder} AS real)"),
        // As other text it would be compared with the spaces at its end, which no stored value is.
        declared if declared == "character" || declared.starts_with("character(") => {
            format!("CAST({placeholder} AS pg_catalog.bpchar)")
        }
        _ if is_native(column) => placeholder.to_owned(),
        declared => format!("CAST({placeholder} AS {})", without_length(declared)),
    }
}

/// A type without what stands in parentheses, outside of quotes.
fn without_length(declared: &str) -> String {
    let (mut kept, mut quoted, mut inside) = (String::with_capacity(declared.len()), false, false);
    for letter in declared.chars() {
        quoted ^= letter == '"';
        match letter {
            '(' if !quoted => inside = true,
            ')' if inside => inside = false,
            letter if !inside => kept.push(letter),
            _ => {}
        }
    }
    // Without quotes it would be one bit.
    match kept.strip_prefix("bit") {
        Some(rest) if rest.is_empty() || rest.starts_with('[') => format!("pg_catalog.\"bit\"{rest}"),
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_does_not_cut() {
        for (declared, expected) in [
            ("numeric(12,2)", "numeric"),
            ("bit(3)", "pg_catalog.\"bit\""),
            ("bit(3)[]", "pg_catalog.\"bit\"[]"),
            ("bit varying(5)", "bit varying"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("character varying(3)[]", "character varying[]"),
            ("public.\"a(b\"", "public.\"a(b\""),
            ("inet", "inet"),
        ] {
            assert_eq!(without_length(declared), expected);
        }
    }
}
