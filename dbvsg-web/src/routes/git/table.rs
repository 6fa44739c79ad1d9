//! `/vsg/tables/{t}/revert`

use dbvsg::{ApplyOptions, Reference};
use poem::http::Method;
use serde_json::{Value as Json, json};

use super::{
    answer,
    call::{Kind, author},
};
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operation() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["to"],
        "additionalProperties": false,
        "properties": {"to": {"type": "string"}, "dry_run": {"type": "boolean", "default": true}},
    });
    Operation::writing(Method::POST, "/vsg/tables/{t}/revert", "vsg.tables.revert")
        .tag("tables")
        .summary("Puts a table back to a state, or, by default, tells what that would do")
        .body(Content::json(body))
        .answers(200, "what would be done, or was", Some(Content::json(schema::named("Applied"))))
        .errors(&[404])
        .run(revert)
}

async fn revert(mut call: Call) -> Reply {
    let mut options = ApplyOptions::table(call.table(&call.segment("t")?).await?);
    let author = author(&call)?;
    let fields = call.object().await?;
    if let Some(other) = fields.keys().find(|name| !["to", "dry_run"].contains(&name.as_str())) {
        return Err(Problem::invalid(format!("there is no field `{other}`")).field(other));
    }
    let to = fields.get("to").and_then(Json::as_str);
    let to = to.ok_or_else(|| Problem::invalid("`to` is needed: a reference").field("to"))?;
    options.dry_run = match fields.get("dry_run") {
        None => true,
        Some(Json::Bool(dry_run)) => *dry_run,
        Some(_) => return Err(Problem::invalid("`dry_run`: true or false is expected").field("dry_run")),
    };
    let reference: Reference = to.parse().map_err(|error| Problem::from(error).field("to"))?;
    let applied = call.vsg().rollback_to(author, reference, &options).await?;
    answer::answer(&call, Kind::RollbackTo, &applied, &options).await
}
