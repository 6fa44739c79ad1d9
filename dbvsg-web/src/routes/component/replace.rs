//! `PUT /users/{id}`

use poem::http::Method;

use super::{Rows, create::created, id, of, path, schema_of};
use crate::{
    call::Call,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    let row = || Some(Content::json(schema_of(component, "")));
    Operation::writing(Method::PUT, path(component, "/{id}"), id(component, "replace"))
        .summary("Replaces a row, or creates it with this key; fields left out become NULL or their default")
        .parameters([Parameter::branch()])
        .body(Content::json(schema_of(component, ".replace")))
        .answers(200, "the row, replaced", row())
        .answers_with(201, "the row, created", row(), &[("Location", "where the row is")])
        .errors(&[404])
        .run(of(component, replace))
}

async fn replace(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?;
    let shape = component.shape();
    let key = component.key_fields(call.key("id")).await?;
    let mut fields = call.object().await?;
    // The path says which row it is; what the body says about that is ignored.
    fields.retain(|name, _| !shape.is_key(name));
    shape.check(&fields)?;
    let mut fields = shape.replacement(fields)?;
    fields.extend(key);
    let txn = call.begin(author, &shape.table).await?;
    let (row, is_new) = component.replace(&txn, fields).await?;
    let commit = txn.commit().await?;
    let answer = if is_new { created(&call, shape, &row)? } else { reply::ok(&row)? };
    Ok(reply::committed(answer, commit))
}
