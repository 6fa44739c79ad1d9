//! `/vsg/tables/{table}/at`, its changes, and the versions of its rows

use dbvsg::{
    AuditFilter, Error, Op,
    model::{Key, json},
};
use futures_util::TryStreamExt;

use super::tracked;
use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    routes::{audit, compared::pinned, shown},
    stream,
};

pub(super) fn operations() -> [Operation; 3] {
    let rows = Some(Content::json(schema::array(schema::row())));
    [
        Operation::get("/vsg/tables/{table}/at", "vsg.table.at")
            .summary("Shows a table as it was at a commit, in key order: whole, or a page of it if `limit` is given")
            .parameters([Parameter::text("ref", "a commit, HEAD~n, a tag or a timestamp").required()])
            .parameters(Parameter::part())
            .answers_with(200, "the rows", rows, &[("X-Total-Count", "how many rows there are, on a page")])
            .errors(&[404])
            .run(at),
        Operation::get("/vsg/tables/{table}/changes", "vsg.table.changes")
            .summary("Lists the changes of a table, newest first")
            .parameters([
                Parameter::moment("start", "the first moment"),
                Parameter::moment("end", "the moment after the last"),
                Parameter::choice("operation", &audit::OPERATIONS.map(Op::shown), "what happened"),
            ])
            .parameters(Parameter::page())
            .answers_list(schema::named("Change"))
            .errors(&[404])
            .run(changes),
        Operation::get("/vsg/tables/{table}/rows/{id}", "vsg.table.row")
            .summary("Lists the versions of a row, newest first")
            .parameters(Parameter::page())
            .answers_list(schema::named("Version"))
            .errors(&[404])
            .run(row),
    ]
}

async fn at(call: Call) -> Reply {
    let page = match (call.text("limit"), call.text("offset")) {
        (Some(_), _) => Some((call.limit()?, call.offset()?)),
        (None, Some(_)) => return Err(Problem::query("offset", "only a page has one: give a `limit` too")),
        (None, None) => None,
    };
    let name = tracked(&call).await?;
    let table = call.vsg().tracked(&name).await?;
    let then = pinned(&call, &name, "ref").await?;
    let rows = call.vsg().rows_at(&name, &then, page).await?;
    let rows = rows.map_ok(move |row| json::encode_row(&table.table, &row));
    if page.is_none() {
        return stream::answer("application/json", stream::array(rows)).await;
    }
    let total = call.vsg().count_at(&name, &then).await?;
    reply::list(&rows.try_collect::<Vec<_>>().await?, total)
}

async fn changes(call: Call) -> Reply {
    let mut filter = AuditFilter::default();
    filter.since = call.moment("start")?;
    filter.until = call.moment("end")?;
    filter.op = call.choice("operation", &audit::OPERATIONS.map(Op::shown))?.and_then(Op::from_shown);
    filter.table = Some(tracked(&call).await?);
    audit::list(&call, filter).await
}

async fn row(call: Call) -> Reply {
    let (limit, offset) = (call.limit()?, call.offset()?);
    let name = tracked(&call).await?;
    let table = &call.vsg().tracked(&name).await?.table;
    let key = Key::parse(table, call.key("id"))?;
    let page = call.vsg().history(&name, &key, limit, offset).await?;
    if page.total == 0 {
        return Err(Error::UnknownRow { table: name, key: call.key("id").to_owned() }.into());
    }
    reply::page(page, |version| shown::version(table, &version))
}
