//! `/vsg/commits/{ref}/state`

use dbvsg::model::json;
use futures_util::TryStreamExt;

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::Reply,
    stream,
};

pub(super) fn operation() -> Operation {
    Operation::get("/vsg/commits/{ref}/state", "vsg.commit.state")
        .tag("commits")
        .summary("Shows a whole table as it was at a commit, in key order")
        .parameters([Parameter::table().required()])
        .answers(200, "the rows", Some(Content::json(schema::array(schema::row()))))
        .errors(&[404])
        .run(state)
}

async fn state(call: Call) -> Reply {
    let name = call.table(call.required("table")?).await?;
    let tracked = call.vsg().tracked(&name).await?;
    let rows = call.vsg().rows_at(&name, &call.reference_segment("ref")?, None).await?;
    stream::answer("application/json", stream::array(rows.map_ok(move |row| json::encode_row(&tracked.table, &row))))
        .await
}
