//! `PATCH /users/{id}`

use poem::http::Method;

use super::{Rows, id, of, path, schema_of};
use crate::{
    call::Call,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    Operation::writing(Method::PATCH, path(component, "/{id}"), id(component, "update"))
        .summary("Changes the fields given")
        .parameters([Parameter::branch()])
        .body(Content::json(schema_of(component, ".update")))
        .answers(200, "the row", Some(Content::json(schema_of(component, ""))))
        .errors(&[404])
        .run(of(component, update))
}

async fn update(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?;
    let fields = call.object().await?;
    component.shape().check(&fields)?;
    let txn = call.begin(author, &component.shape().table).await?;
    let row = component.update(&txn, call.key("id"), fields).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::ok(&row)?, commit))
}
