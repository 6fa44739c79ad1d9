//! `/db/audit` and `/audit/{table}`

use dbvsg::{AuditFilter, Op, model::Key};

use super::shown;
use crate::{
    call::Call,
    openapi::schema,
    operation::Operation,
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
};

/// The operations that changes are filtered by.
pub(super) const OPERATIONS: [Op; 5] = [Op::Insert, Op::Update, Op::Delete, Op::SoftDelete, Op::Restore];

pub(super) fn operations() -> [Operation; 2] {
    let filters = || {
        [
            Parameter::text("record_id", "the key of a row"),
            Parameter::text("actor", "who"),
            Parameter::choice("operation", &OPERATIONS.map(Op::shown), "what happened"),
            Parameter::moment("since", "the first moment"),
            Parameter::moment("until", "the moment after the last"),
        ]
    };
    let component = Parameter::text("component", "a component or a table");
    [
        Operation::get("/db/audit", "db.audit")
            .tag("database")
            .summary("Lists changes of all tables, newest first")
            .parameters([component])
            .parameters(filters())
            .parameters(Parameter::page())
            .answers_list(schema::named("Change"))
            .errors(&[404])
            .run(of_all),
        Operation::get("/audit/{table}", "audit")
            .tag("database")
            .summary("Lists changes of one table, newest first")
            .parameters(filters())
            .parameters(Parameter::page())
            .answers_list(schema::named("Change"))
            .errors(&[404])
            .run(of_table),
    ]
}

async fn of_all(call: Call) -> Reply {
    let table = match call.text("component") {
        Some(name) => Some(call.table(name).await?),
        None => None,
    };
    changes(&call, table).await
}

async fn of_table(call: Call) -> Reply {
    let table = call.table(&call.segment("table")?).await?;
    changes(&call, Some(table)).await
}

async fn changes(call: &Call, table: Option<String>) -> Reply {
    let mut filter = AuditFilter::default();
    filter.key = match (call.text("record_id"), &table) {
        (Some(key), Some(table)) => Some(Key::parse(&call.vsg().tracked(table).await?.table, key)?),
        (Some(_), None) => return Err(Problem::query("record_id", "say of which component")),
        (None, _) => None,
    };
    filter.table = table;
    filter.actor = call.text("actor").map(str::to_owned);
    filter.op = call.choice("operation", &OPERATIONS.map(Op::shown))?.and_then(Op::from_shown);
    filter.since = call.moment("since")?;
    filter.until = call.moment("until")?;
    list(call, filter).await
}

/// Answers the page of changes that the call asks for.
pub(super) async fn list(call: &Call, mut filter: AuditFilter) -> Reply {
    filter.limit = call.limit()?;
    filter.offset = call.offset()?;
    let page = call.vsg().audit(&filter).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for change in &page.items {
        let tracked = call.vsg().tracked_before(&change.table).await?;
        items.push(shown::change(call.shared(), &tracked.table, change));
    }
    reply::list(&items, page.total)
}
