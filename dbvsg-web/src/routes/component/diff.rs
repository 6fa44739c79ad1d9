//! `GET /users/{id}/diff`

use dbvsg::{Side, model::Key};
use serde_json::{Map, Value as Json, json};

use super::{Rows, id, of, path, problem};
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
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
    let key = Key::parse(&call.vsg().tracked(&shape.table).await?.table, call.key("id"))?;
    let (from, to) = (call.required("from")?, call.required("to")?);
    let (a, b): (Side, Side) = (from.parse()?, to.parse()?);
    let found = call.vsg().row_diff(&shape.table, &key, &a, &b).await.map_err(problem(shape))?;
    let fields: Map<String, Json> =
        found.fields.into_iter().map(|(name, from, to)| (name, json!({"from": from, "to": to}))).collect();
    reply::ok(&json!({"from": from, "to": to, "summary": found.summary, "fields": fields}))
}
