//! `GET /users/{id}/history`

use dbvsg::model::Key;

use super::{Rows, id, of, path, unknown_row};
use crate::{
    call::Call,
    openapi::schema,
    operation::Operation,
    parameter::Parameter,
    reply::{self, Reply},
    routes::shown,
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, "/{id}/history"), id(component, "history"))
        .summary("Lists the versions of a row, newest first")
        .parameters([Parameter::branch()])
        .parameters(Parameter::page())
        .answers_list(schema::named("Version"))
        .errors(&[404])
        .run(of(component, history))
}

async fn history(component: Rows, call: Call) -> Reply {
    let shape = component.shape();
    let (limit, offset) = (call.limit()?, call.offset()?);
    let table = &call.vsg().tracked(&shape.table).await?.table;
    let key = Key::parse(table, call.key("id"))?;
    let page = call.vsg().history(&shape.table, &key, limit, offset).await?;
    if page.total == 0 {
        return Err(unknown_row(shape, call.key("id")));
    }
    reply::page(page, |version| shown::version(table, &version))
}
