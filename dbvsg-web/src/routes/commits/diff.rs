//! `/vsg/diff`

use serde_json::json;

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
    routes::compared::Compared,
    stream,
};

pub(super) fn operation() -> Operation {
    let either = json!({"oneOf": [schema::named("Diff"), schema::named("DiffCount")]});
    Operation::get("/vsg/diff", "vsg.diff")
        .tag("commits")
        .summary("Shows which rows of a table differ between two commits")
        .parameters([Parameter::table().required()])
        .parameters(Parameter::range())
        .parameters([Parameter::flag("stat", "whether the rows are only counted")])
        .answers(200, "the rows, or how many they are", Some(Content::json(either)))
        .errors(&[404])
        .run(diff)
}

async fn diff(call: Call) -> Reply {
    let table = call.table(call.required("table")?).await?;
    let compared = Compared::of(&call, &table).await?;
    if call.flag("stat", false)? {
        return reply::ok(&compared.count().await?);
    }
    stream::answer("application/json", compared.written(["added", "removed", "changed"])).await
}
