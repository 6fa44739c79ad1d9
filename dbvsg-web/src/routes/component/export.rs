//! `GET /users/export.csv`

use dbvsg::transfer::csv;
use futures_util::TryStreamExt;
use serde_json::json;

use super::{Rows, id, of, path};
use crate::{
    call::Call,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    stream,
};

pub(super) fn operation(component: &Rows) -> Operation {
    let text = Content { media: "text/csv", schema: json!({"type": "string"}) };
    Operation::get(path(component, "/export.csv"), id(component, "export"))
        .summary("Writes the rows as CSV with a header line, in key order, all of one moment")
        .parameters([Parameter::include_deleted()])
        .parameters(Parameter::time())
        .answers(200, "the rows", Some(text))
        .errors(&[404])
        .run(of(component, export))
}

async fn export(component: Rows, call: Call) -> Reply {
    let name = component.shape().file_name();
    let rows = component.stream(call.flag("include_deleted", false)?, call.reference("as_of")?).await?;
    let lines = csv::Lines::new(component.import().csv_columns().await?);
    let header = lines.header()?;
    let body = rows.try_chunks(200).map_err(|broken| broken.1).and_then(move |rows| {
        let written = lines.rows(&rows).map_err(Problem::from);
        async move { written }
    });
    let pieces = futures_util::StreamExt::chain(futures_util::stream::iter([Ok(header)]), body);
    let answer = stream::answer("text/csv; charset=utf-8", pieces).await?;
    Ok(reply::attached(answer, &name))
}
