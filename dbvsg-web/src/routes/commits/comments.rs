//! `/vsg/commits/{ref}/comments`

use dbvsg::{Author, Comment, Reference, model::Key};
use poem::http::{Method, StatusCode};

use crate::{
    call::Call,
    fields::{self, Fields},
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    routes::key,
};

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/vsg/commits/{ref}/comments", "vsg.comments")
            .tag("tags and comments")
            .summary("Lists the comments on a commit and on the row versions that it made, oldest first")
            .parameters([Parameter::table()])
            .parameters(Parameter::page())
            .answers_list(schema::named("Comment"))
            .errors(&[404])
            .run(list),
        Operation::acting(Method::POST, "/vsg/commits/{ref}/comments", "vsg.comment")
            .tag("tags and comments")
            .summary("Comments on a commit, or with `version`, `table` and `key` on a row version that it made")
            .body(Content::json(schema::named("NewComment")))
            .answers(201, "the comment", Some(Content::json(schema::named("Comment"))))
            .errors(&[404])
            .run(create),
    ]
}

async fn list(call: Call) -> Reply {
    let (limit, offset) = (call.limit()?, call.offset()?);
    let table = call.table_parameter().await?;
    let commit = call.vsg().as_of_in(table.as_deref(), &call.reference_segment("ref")?).await?.commit();
    let page = call.vsg().comments(commit, limit, offset).await?;
    reply::list(&page.items, page.total)
}

async fn create(mut call: Call) -> Reply {
    let author = call.expecting_author()?;
    let reference = call.reference_segment("ref")?;
    let fields = Fields::of(call.object().await?, &["comment", "table", "key", "version"])?;
    let text = fields.required("comment")?;
    let said = match fields.number("version")? {
        Some(version) => on_version(&call, author, &reference, &fields, version).await?,
        None => {
            if ["table", "key"].into_iter().any(|name| fields.value(name).is_some()) {
                return Err(fields::missing("version"));
            }
            call.vsg().comment(author, &reference, text).await?
        }
    };
    reply::json(StatusCode::CREATED, &said)
}

/// Comments on a version, which has to be one that the commit made.
async fn on_version(
    call: &Call,
    author: Author,
    reference: &Reference,
    fields: &Fields,
    number: u64,
) -> Result<Comment, Problem> {
    let name = call.table(fields.required("table")?).await?;
    let table = &call.vsg().tracked(&name).await?.table;
    let given = fields.value("key").ok_or_else(|| fields::missing("key"))?;
    let expected = || Problem::invalid("field `key`: a key is expected, the array of its values if they are several");
    let text = key::text_of(table.key.len(), given).ok_or_else(|| expected().field("key"))?;
    let key = Key::parse(table, &text).map_err(|error| Problem::from(error).in_body().field("key"))?;
    let commit = call.vsg().as_of_in(Some(&name), reference).await?.commit();
    let made_by = call.vsg().version(&name, &key, number).await?.change.commit;
    if made_by != commit {
        let detail = format!("version {number} was made by commit {made_by}, not by {commit}; comment on it there");
        return Err(Problem::invalid(detail).field("version"));
    }
    Ok(call.vsg().comment_version(author, &name, &key, number, fields.required("comment")?).await?)
}
