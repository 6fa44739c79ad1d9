//! `/vsg/tables` and `/vsg/tables/{table}`

use serde_json::{Value as Json, json};

use super::named;
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/vsg/tables", "vsg.tables")
            .summary("Lists all tables, tracked or not")
            .parameters(Parameter::page())
            .answers_list(schema::named("TableStatus"))
            .run(list),
        Operation::get("/vsg/tables/{table}", "vsg.table")
            .summary("Tells what happened to a table since it was enabled")
            .answers(200, "its statistics", Some(Content::json(schema::named("TableStatistics"))))
            .errors(&[404])
            .run(one),
    ]
}

async fn list(call: Call) -> Reply {
    let (limit, offset) = (call.limit()? as usize, call.offset()?);
    let tables = call.vsg().tables().await?;
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let page: Vec<Json> = tables
        .iter()
        .skip(from)
        .take(limit)
        .map(|status| {
            json!({
                "table": status.table,
                "component": call.shared().mounted_as(&status.table),
                "tracked": status.tracked,
                "history_table": status.history_table,
                "rows": status.rows,
                "versions": status.versions,
                "reason": status.reason,
            })
        })
        .collect();
    reply::list(&page, tables.len() as u64)
}

async fn one(call: Call) -> Reply {
    reply::ok(&call.vsg().table_statistics(&named(&call).await?).await?)
}
