//! `/vsg/verify`

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    reply::{self, Reply},
};

pub(super) fn operation() -> Operation {
    Operation::get("/vsg/verify", "vsg.verify")
        .tag("commits")
        .summary("Proves the history: reads all of it once")
        .answers(200, "what was found", Some(Content::json(schema::named("Verification"))))
        .run(verify)
}

async fn verify(call: Call) -> Reply {
    reply::ok(&call.vsg().verify().await?)
}
