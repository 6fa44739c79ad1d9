//! `GET /users/{id}/lineage`

use dbvsg::model::Key;

use super::{Rows, id, of, path, unknown_row};
use crate::{
    call::Call,
    openapi::schema,
    operation::Operation,
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, "/{id}/lineage"), id(component, "lineage"))
        .summary("Lists the versions of a row with what each comes from, oldest first")
        .parameters([Parameter::branch()])
        .parameters(Parameter::page())
        .answers_list(schema::named("Lineage"))
        .errors(&[404])
        .run(of(component, lineage))
}

async fn lineage(component: Rows, call: Call) -> Reply {
    let shape = component.shape();
    let (limit, offset) = (call.limit()?, call.offset()?);
    let key = Key::parse(&call.vsg().tracked(&shape.table).await?.table, call.key("id"))?;
    let page = call.vsg().lineage(&shape.table, &key, limit, offset).await?;
    if page.total == 0 {
        return Err(unknown_row(shape, call.key("id")));
    }
    reply::list(&page.items, page.total)
}
