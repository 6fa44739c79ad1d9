//! `/vsg/tables/{table}/revert`

use dbvsg::ApplyOptions;
use poem::http::Method;
use serde_json::json;

use super::{answer, call::Kind};
use crate::{
    call::Call,
    fields::Fields,
    openapi::schema,
    operation::{Content, Operation},
    reply::Reply,
};

pub(super) fn operation() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["to"],
        "additionalProperties": false,
        "properties": {"to": {"type": "string"}, "dry_run": {"type": "boolean", "default": true}},
    });
    Operation::writing(Method::POST, "/vsg/tables/{table}/revert", "vsg.table.revert")
        .tag("tables")
        .summary("Puts a table back to a state, or, by default, tells what that would do")
        .body(Content::json(body))
        .answers(200, "what would be done, or was", Some(Content::json(schema::named("Applied"))))
        .errors(&[404])
        .run(revert)
}

async fn revert(mut call: Call) -> Reply {
    let mut options = ApplyOptions::table(call.table(&call.segment("table")?).await?);
    let author = call.expecting_author()?;
    let fields = Fields::of(call.object().await?, &["to", "dry_run"])?;
    options.dry_run = fields.flag("dry_run")?.unwrap_or(true);
    let applied = call.vsg().rollback_to(author, fields.reference("to")?, &options).await?;
    answer::answer(&call, Kind::RollbackTo, &applied, &options).await
}
