//! Two states of one row, compared for programs and for people.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::Value as Json;

use super::{
    changes::{of_row, op, unknown_version},
    fields,
};
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{CommitId, Key, Op, Reference, Row, Table},
};

/// One side of the comparison of a row with itself: `v3`, or a reference.
///
/// ```
/// use dbvsg::Side;
/// assert_eq!("v3".parse::<Side>()?, Side::Version(3));
/// assert!(matches!("HEAD~2".parse()?, Side::At(_)));
/// # Ok::<(), dbvsg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Side {
    /// The version of this number.
    Version(u64),
    /// The row at a commit.
    At(Reference),
}

impl FromStr for Side {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.strip_prefix('v').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(Self::Version(number)),
            None => Ok(Self::At(text.parse()?)),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(number) => write!(f, "v{number}"),
            Self::At(reference) => reference.fmt(f),
        }
    }
}

impl TryFrom<&str> for Side {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<&String> for Side {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self> {
        text.parse()
    }
}

macro_rules! from_reference {
    ($($kind:ty),+) => { $(impl From<$kind> for Side {
        fn from(reference: $kind) -> Self {
            Self::At(reference.into())
        }
    })+ };
}
from_reference!(Reference, &Reference, CommitId, DateTime<Utc>);

/// How one state of a row differs from another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Differences {
    /// The columns that differ, with their values on either side. Where the row is absent, all are NULL.
    pub fields: Vec<(String, Json, Json)>,
    /// The same in a sentence for people.
    pub summary: String,
}

impl Differences {
    pub(crate) fn new(table: &Table, from: Option<&Row>, to: Option<&Row>) -> Self {
        let fields = fields(table, from, to);
        let summary = match (from, to) {
            (None, Some(_)) => "The row was created.".into(),
            (Some(_), None) => "The row was deleted.".into(),
            _ => changed(&fields),
        };
        Self { fields, summary }
    }
}

fn changed(fields: &[(String, Json, Json)]) -> String {
    let changes: Vec<String> =
        fields.iter().map(|(name, from, to)| format!("{name} from {} to {}", short(from), short(to))).collect();
    match changes.len() {
        0 => "Nothing changed.".into(),
        1 => format!("Changed {}.", changes[0]),
        several => format!("Changed {several} fields: {}.", changes.join(", ")),
    }
}

/// A value that is short enough for a sentence.
fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The row as the version of this number has it; none if that version is a deletion. One query.
pub(crate) async fn row_of_version<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
    number: u64,
) -> Result<Option<Row>> {
    let mut found = None;
    if let Some(before) = number.checked_sub(1).and_then(|before| i64::try_from(before).ok()) {
        let (columns, history) = (tracked.projection(backend, "h"), backend.quote_table(&tracked.history));
        let from = format!("{history} h JOIN dbvsg_commit c ON c.id = h.vsg_begin");
        let mut sql = Sql::new(backend, format!("SELECT h.vsg_id, h.vsg_op, {columns} FROM {from}"));
        of_row(&mut sql, tracked, key);
        sql.push(" ORDER BY h.vsg_id LIMIT 1 OFFSET ").bind(before);
        found = sql.one(db).await?;
    }
    let Some(version) = found else {
        return Err(unknown_version(db, backend, tracked, key, number).await?);
    };
    match op(tracked, &version)? {
        Op::Delete => Ok(None),
        _ => tracked.read(backend, &version, 2).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_side_is_a_version_or_a_reference() {
        let read = |text: &str| text.parse::<Side>();
        assert_eq!(read("v3").unwrap(), Side::Version(3));
        assert_eq!(read("HEAD").unwrap(), Side::At(Reference::Head { back: 0 }));
        assert_eq!(read("v3.1").unwrap(), Side::At(Reference::Name("v3.1".into())));
        assert_eq!(read("v").unwrap(), Side::At(Reference::Name("v".into())));
        assert!(read("HEAD~").is_err());
        for text in ["v3", "HEAD~2"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn long_values_are_cut_between_letters() {
        assert_eq!(short(&json!("ab")), "\"ab\"");
        assert_eq!(short(&json!("é".repeat(100))).chars().count(), 63);
    }
}
