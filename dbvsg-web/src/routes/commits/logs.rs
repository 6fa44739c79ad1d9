//! `/vsg/logs`

use dbvsg::LogFilter;

use crate::{
    call::Call,
    openapi::schema,
    operation::Operation,
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operation() -> Operation {
    Operation::get("/vsg/logs", "vsg.logs")
        .tag("commits")
        .summary("Lists commits, newest first")
        .parameters([
            Parameter::table(),
            Parameter::branch(),
            Parameter::text("actor", "who"),
            Parameter::text("operation", "the operation, in upper case"),
            Parameter::moment("since", "the first moment"),
            Parameter::moment("until", "the moment after the last"),
            Parameter::flag("all", "whether resets of a table are listed too"),
        ])
        .parameters(Parameter::page())
        .answers_list(schema::named("Commit"))
        .errors(&[404])
        .run(logs)
}

async fn logs(call: Call) -> Reply {
    let mut filter = LogFilter::default();
    filter.table = call.table_parameter().await?;
    filter.branch = call.text("branch").map(str::to_owned);
    filter.actor = call.text("actor").map(str::to_owned);
    filter.operation = call.text("operation").map(str::to_owned);
    filter.since = call.moment("since")?;
    filter.until = call.moment("until")?;
    filter.limit = call.limit()?;
    filter.offset = call.offset()?;
    filter.all = call.flag("all", false)?;
    let page = call.vsg().log(&filter).await?;
    reply::list(&page.items, page.total)
}
