//! `POST /users/import.csv`

use dbvsg::{CsvImport, ImportMode};
use poem::http::{Method, StatusCode};
use serde_json::json;

use super::{Rows, id, of, path};
use crate::{
    body,
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    let text = Content { media: "text/csv", schema: json!({"type": "string"}) };
    let done = schema::object(json!({"imported": {"type": "integer"}}));
    Operation::writing(Method::POST, path(component, "/import.csv"), id(component, "import"))
        .summary("Inserts the rows of a CSV file with a header line, all or nothing, as one commit")
        .parameters([
            Parameter::choice("mode", &["insert", "upsert"], "what becomes of rows whose key is there already"),
            Parameter::branch(),
        ])
        .body(text)
        .answers(201, "how many rows the file holds", Some(Content::json(done)))
        .errors(&[404])
        .run(of(component, import))
}

async fn import(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?.operation("IMPORT");
    let mode = match call.choice("mode", &["insert", "upsert"])? {
        Some("upsert") => ImportMode::Upsert,
        _ => ImportMode::Insert,
    };
    call.expect_type("text/csv")?;
    let limit = call.shared().limits.upload;
    // The file is taken in whole before the transaction begins: a slow client must not hold up other writers.
    let file = body::spool(call.take_body(), limit).await?;
    let done = async {
        let import = CsvImport::open(component.import(), file).await?;
        let txn = call.begin(author, &component.shape().table).await?;
        let imported = import.run(&txn, mode, |_| {}).await?;
        Ok::<_, Problem>((imported, txn.commit().await?))
    };
    let (imported, commit) = done.await.map_err(|problem| problem.component(&component.shape().component))?;
    Ok(reply::committed(reply::json(StatusCode::CREATED, &json!({"imported": imported}))?, commit))
}
