//! `POST /users/{id}/restore`

use poem::http::Method;
use serde_json::json;

use super::{Rows, id, of, path};
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    let done = schema::object(json!({"status": {"type": "string", "enum": ["ok"]}, "restored": {"type": "boolean"}}));
    Operation::writing(Method::POST, path(component, "/{id}/restore"), id(component, "restore"))
        .summary("Takes the deletion mark from a row")
        .parameters([Parameter::branch()])
        .answers(200, "whether it was deleted", Some(Content::json(done)))
        .errors(&[404, 422])
        .run(of(component, restore))
}

async fn restore(component: Rows, call: Call) -> Reply {
    let txn = call.begin(call.author()?, &component.shape().table).await?;
    let restored = component.restore(&txn, call.key("id")).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::ok(&json!({"status": "ok", "restored": restored}))?, commit))
}
