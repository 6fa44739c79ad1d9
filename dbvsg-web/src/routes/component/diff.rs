//! `GET /users/{id}/diff`

use dbvsg::{Reference, Row, Table, Vsg, model::Key};
use serde_json::{Value as Json, json};

use super::{Rows, id, of, path, unknown_row};
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    routes::shown,
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, "/{id}/diff"), id(component, "diff"))
        .summary("Shows what differs in a row between two commits or two of its versions")
        .parameters([
            Parameter::text("from", "a reference, or `v3` for a version").required(),
            Parameter::text("to", "a reference, or `v3` for a version").required(),
            Parameter::branch(),
        ])
        .answers(200, "the columns that differ", Some(Content::json(schema::named("RowDiff"))))
        .errors(&[404])
        .run(of(component, diff))
}

async fn diff(component: Rows, call: Call) -> Reply {
    let shape = component.shape();
    let tracked = call.vsg().tracked(&shape.table).await?;
    let table = &tracked.table;
    let key = Key::parse(table, call.key("id"))?;
    let (from, to) = (call.required("from")?, call.required("to")?);
    let a = Side::read(from)?.row(call.vsg(), &shape.table, &key).await?;
    let b = Side::read(to)?.row(call.vsg(), &shape.table, &key).await?;
    if a.is_none() && b.is_none() {
        return Err(unknown_row(shape, call.key("id")));
    }
    let fields = shown::fields(table, a.as_ref(), b.as_ref());
    reply::ok(&json!({
        "from": from,
        "to": to,
        "summary": summary(table, a.as_ref(), b.as_ref()),
        "fields": fields,
    }))
}

/// One side of the comparison.
#[derive(Debug, PartialEq)]
enum Side {
    /// The version of this number.
    Version(u64),
    /// The row at this reference.
    At(Reference),
}

impl Side {
    fn read(text: &str) -> Result<Self, Problem> {
        let digits = text.strip_prefix('v').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(Self::Version(number)),
            None => Ok(Self::At(text.parse()?)),
        }
    }

    async fn row(&self, vsg: &Vsg, table: &str, key: &Key) -> Result<Option<Row>, Problem> {
        Ok(match self {
            Self::At(reference) => vsg.row_at(table, key, reference).await?,
            Self::Version(number) => vsg.version(table, key, *number).await?.change.after,
        })
    }
}

/// The difference in a sentence for people.
fn summary(table: &Table, from: Option<&Row>, to: Option<&Row>) -> String {
    match (from, to) {
        (None, Some(_)) => return "The row was created.".into(),
        (Some(_), None) => return "The row was deleted.".into(),
        _ => {}
    }
    let changes: Vec<String> = shown::differing(table, from, to)
        .map(|(name, from, to)| format!("{name} from {} to {}", short(&from), short(&to)))
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_version_or_a_reference() {
        assert_eq!(Side::read("v3").unwrap(), Side::Version(3));
        assert_eq!(Side::read("HEAD").unwrap(), Side::At(Reference::Head { back: 0 }));
        assert_eq!(Side::read("v3.1").unwrap(), Side::At(Reference::Name("v3.1".into())));
        assert_eq!(Side::read("v").unwrap(), Side::At(Reference::Name("v".into())));
        assert!(Side::read("HEAD~").is_err());
    }

    #[test]
    fn long_values_are_cut_between_letters() {
        assert_eq!(short(&json!("ab")), "\"ab\"");
        assert_eq!(short(&json!("é".repeat(100))).chars().count(), 63);
    }
}
