//! `GET /users/{id}`

use super::{Rows, id, of, path, schema_of, unknown_row};
use crate::{
    call::Call,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, "/{id}"), id(component, "get"))
        .summary("Shows one row")
        .parameters([Parameter::include_deleted()])
        .parameters(Parameter::time())
        .answers(200, "the row", Some(Content::json(schema_of(component, ""))))
        .errors(&[404])
        .run(of(component, get))
}

async fn get(component: Rows, call: Call) -> Reply {
    let include_deleted = call.flag("include_deleted", false)?;
    let found = component.get(call.key("id"), include_deleted, call.reference("as_of")?).await?;
    reply::ok(&found.ok_or_else(|| unknown_row(component.shape(), call.key("id")))?)
}
