//! `GET /users/{id}/blame`

use dbvsg::model::Key;

use super::{Rows, id, of, path, problem};
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::get(path(component, "/{id}/blame"), id(component, "blame"))
        .summary("Shows for each column of a row which commit last set it to what it is")
        .parameters([Parameter::branch()])
        .answers(200, "the columns", Some(Content::json(schema::array(schema::named("Blame")))))
        .errors(&[404])
        .run(of(component, blame))
}

async fn blame(component: Rows, call: Call) -> Reply {
    let shape = component.shape();
    let key = Key::parse(&call.vsg().tracked(&shape.table).await?.table, call.key("id"))?;
    reply::ok(&call.vsg().blame(&shape.table, &key).await.map_err(problem(shape))?)
}
