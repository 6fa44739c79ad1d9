//! `/vsg/commits/{ref}` and its changes

use dbvsg::AuditFilter;

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
    routes::audit,
};

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/vsg/commits/{ref}", "vsg.commit")
            .tag("commits")
            .summary("Shows a commit")
            .parameters([Parameter::table()])
            .answers(200, "the commit", Some(Content::json(schema::named("Commit"))))
            .errors(&[404])
            .run(commit),
        Operation::get("/vsg/commits/{ref}/changes", "vsg.commit.changes")
            .tag("commits")
            .summary("Lists the changes of a commit, newest first")
            .parameters([Parameter::table()])
            .parameters(Parameter::page())
            .answers_list(schema::named("Change"))
            .errors(&[404])
            .run(changes),
    ]
}

async fn commit(call: Call) -> Reply {
    let table = call.table_parameter().await?;
    reply::ok(&call.vsg().commit_in(table.as_deref(), &call.reference_segment("ref")?).await?)
}

async fn changes(call: Call) -> Reply {
    let table = call.table_parameter().await?;
    let commit = call.vsg().commit_in(table.as_deref(), &call.reference_segment("ref")?).await?.uuid;
    let mut filter = AuditFilter::default();
    filter.table = table;
    filter.commit = Some(commit);
    filter.baseline = true;
    audit::list(&call, filter).await
}
