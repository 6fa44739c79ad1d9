//! `/db/health`

use serde_json::json;

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    reply::{self, Reply},
};

pub(super) fn operations() -> [Operation; 1] {
    [Operation::get("/db/health", "db.health")
        .tag("database")
        .summary("Tells whether the database answers")
        .answers(200, "it does", Some(Content::json(schema::named("Health"))))
        .run(health)]
}

async fn health(call: Call) -> Reply {
    let vsg = call.vsg();
    // Whatever is the matter, the database does not answer.
    let backlog = vsg.backlog().await.map_err(|error| match error {
        dbvsg::Error::Database(source) => dbvsg::Error::Unavailable(source),
        other => other,
    })?;
    reply::ok(&json!({
        "status": "ok",
        "backend": vsg.engine(),
        "tracked": vsg.all_tracked().len(),
        "unsealed": backlog.commits,
        "lag": backlog.lag.as_secs_f64(),
    }))
}
