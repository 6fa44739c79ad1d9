//! `POST /vsg/tables/{table}/enable`

use dbvsg::Policy;
use poem::http::Method;

use super::named;
use crate::{
    call::Call,
    fields::Fields,
    openapi::schema,
    operation::{Content, Operation},
    problem::Problem,
    reply::{self, Reply},
};

pub(super) fn operation() -> Operation {
    Operation::writing(Method::POST, "/vsg/tables/{table}/enable", "vsg.table.enable")
        .summary("Puts a table under version control; its rows become a BASELINE commit")
        .optional_body(Content::json(schema::named("Enabling")))
        .answers(200, "it is tracked", Some(Content::json(schema::named("TableStatistics"))))
        .errors(&[404])
        .run(enable)
}

async fn enable(mut call: Call) -> Reply {
    let author = call.expecting_author()?;
    let fields = Fields::of(call.optional_object().await?, &["suffix"])?;
    let policy = match fields.text("suffix")? {
        Some(suffix) => Policy::default().suffix(checked(suffix)?),
        None => Policy::default(),
    };
    let table = named(&call).await?;
    let commit = call.vsg().enable_by(author, &table, &policy).await?;
    Ok(reply::committed(reply::ok(&call.vsg().table_statistics(&table).await?)?, commit))
}

/// A suffix that makes a name which every engine takes and no program stumbles over.
fn checked(suffix: &str) -> Result<&str, Problem> {
    let fits = (1..=50).contains(&suffix.len())
        && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let expected = || Problem::invalid("field `suffix`: 1 to 50 letters, digits, `_` and `-` are expected");
    if fits { Ok(suffix) } else { Err(expected().field("suffix")) }
}
