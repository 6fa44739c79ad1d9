//! `GET /users`

use super::{Rows, id, of, path, schema_of};
use crate::{
    call::Call,
    component::{parameters, read},
    operation::Operation,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, ""), id(component, "list"))
        .summary("Lists rows, in key order unless told otherwise")
        .parameters(parameters(component.shape()))
        .answers_list(schema_of(component, ""))
        .errors(&[404])
        .run(of(component, list))
}

async fn list(component: Rows, call: Call) -> Reply {
    let query = read(&call, component.shape())?;
    let page = component.list(&query, call.reference("as_of")?).await?;
    reply::list(&page.items, page.total)
}
