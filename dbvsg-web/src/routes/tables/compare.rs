//! `/vsg/tables/{table}/compare`

use super::tracked;
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::Reply,
    routes::compared::Compared,
    stream,
};

pub(super) fn operation() -> Operation {
    Operation::get("/vsg/tables/{table}/compare", "vsg.table.compare")
        .summary("Shows which rows of a table differ between two commits")
        .parameters(Parameter::range())
        .answers(200, "the rows", Some(Content::json(schema::named("Comparison"))))
        .errors(&[404])
        .run(compare)
}

async fn compare(call: Call) -> Reply {
    let compared = Compared::of(&call, &tracked(&call).await?).await?;
    stream::answer("application/json", compared.written(["added_rows", "deleted_rows", "modified_rows"])).await
}
