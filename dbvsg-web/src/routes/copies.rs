//! The database as a whole: `/db/diagram.svg`

use poem::{Response, http::header};
use serde_json::json;

use crate::{
    call::Call,
    diagram,
    operation::{Content, Operation},
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    let svg = Content { media: "image/svg+xml", schema: json!({"type": "string"}) };
    vec![
        Operation::get("/db/diagram.svg", "db.diagram")
            .tag("database")
            .summary("Draws the tables and their foreign keys")
            .answers(200, "the picture", Some(svg))
            .run(diagram),
    ]
}

async fn diagram(call: Call) -> Reply {
    let mut tables = Vec::new();
    for status in call.vsg().tables().await? {
        // A table may be dropped in between.
        tables.extend(call.vsg().describe(&status.table).await?);
    }
    Ok(Response::builder().header(header::CONTENT_TYPE, "image/svg+xml").body(diagram::svg(&tables)))
}
