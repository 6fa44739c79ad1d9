//! `/vsg/tags`

use poem::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    call::Call,
    fields::Fields,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    reply::{self, Reply},
};

pub(super) fn operations() -> Vec<Operation> {
    let done = schema::object(json!({"status": {"type": "string", "enum": ["deleted"]}}));
    let operations = vec![
        Operation::get("/vsg/tags", "vsg.tags")
            .summary("Lists tags in the order of their names")
            .parameters([Parameter::flag("all", "whether deleted ones are listed too, with who deleted them and when")])
            .parameters(Parameter::page())
            .answers_list(schema::named("Tag"))
            .run(list),
        Operation::acting(Method::POST, "/vsg/tags", "vsg.tag")
            .summary("Gives a commit a name, by which references find it from then on")
            .body(Content::json(schema::named("NewTag")))
            .answers(201, "the tag; its `ref` is the id of the commit", Some(Content::json(schema::named("Tag"))))
            .errors(&[404])
            .run(create),
        Operation::acting(Method::DELETE, "/vsg/tags/{name}", "vsg.untag")
            .summary("Deletes a tag; that it was there stays known, and its name may be used again")
            .answers(200, "it is deleted", Some(Content::json(done)))
            .errors(&[404])
            .run(delete),
    ];
    operations.into_iter().map(|operation| operation.tag("tags and comments")).collect()
}

async fn list(call: Call) -> Reply {
    let page = call.vsg().tags(call.flag("all", false)?, call.limit()?, call.offset()?).await?;
    reply::list(&page.items, page.total)
}

async fn create(mut call: Call) -> Reply {
    let author = call.expecting_author()?;
    let fields = Fields::of(call.object().await?, &["name", "ref", "comment"])?;
    let (name, reference) = (fields.required("name")?, fields.reference("ref")?);
    let tag = call.vsg().tag(author, name, reference, fields.text("comment")?).await?;
    reply::json(StatusCode::CREATED, &tag)
}

async fn delete(call: Call) -> Reply {
    call.vsg().untag(call.expecting_author()?, &call.segment("name")?).await?;
    reply::ok(&json!({"status": "deleted"}))
}
