//! `POST /users/import.csv`

use dbvsg::{Error, Txn, sea_orm::TransactionTrait};
use poem::http::{Method, StatusCode};
use serde_json::json;

use super::{Rows, id, of, path};
use crate::{
    call::Call,
    component::{Fields, Refused},
    csv::{Record, Records},
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
};

/// How many rows are inserted at a time.
const CHUNK: usize = 500;

/// The most values one statement takes; a chunk has to be one statement.
const VALUES: usize = 30_000;

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
    let upsert = call.choice("mode", &["insert", "upsert"])? == Some("upsert");
    call.expect_type("text/csv")?;
    let limit = call.shared().limits.upload;
    // The file is taken in whole before the transaction begins: a slow client must not hold up other writers.
    let mut records = Records::spool(component.shape().clone(), call.take_body(), limit).await?;
    let chunk = (VALUES / component.shape().fields.len().max(1)).clamp(1, CHUNK);
    let txn = call.begin(author, &component.shape().table).await?;
    let mut imported = 0;
    loop {
        let read = records.take(chunk).await?;
        if read.is_empty() {
            break;
        }
        imported += read.len();
        if upsert {
            save(&component, &txn, read).await?;
        } else {
            insert(&component, &txn, read).await?;
        }
    }
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::json(StatusCode::CREATED, &json!({"imported": imported}))?, commit))
}

async fn save(component: &Rows, txn: &Txn, records: Vec<Record>) -> Result<(), Problem> {
    for Record { line, fields } in records {
        component.save(txn, fields).await.map_err(|problem| at_line(problem, line))?;
    }
    Ok(())
}

/// Inserts the records at once. If one of them is refused, which one that is shows when they are tried one by one.
async fn insert(component: &Rows, txn: &Txn, records: Vec<Record>) -> Result<(), Problem> {
    let (lines, rows): (Vec<u64>, Vec<Fields>) = records.into_iter().map(|record| (record.line, record.fields)).unzip();
    let attempt = txn.begin().await.map_err(Error::from)?;
    let problem = match component.insert_many(txn, rows.clone()).await {
        Ok(_) => return Ok(attempt.commit().await.map_err(Error::from)?),
        Err(Refused { row: Some(row), problem }) => return Err(at_line(problem, lines[row])),
        Err(Refused { row: None, problem }) => problem,
    };
    attempt.rollback().await.map_err(Error::from)?;
    if problem.status() != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(problem);
    }
    for (line, fields) in lines.into_iter().zip(rows) {
        component.insert(txn, fields).await.map_err(|problem| at_line(problem, line))?;
    }
    Err(problem)
}

fn at_line(problem: Problem, line: u64) -> Problem {
    match problem.named_field() {
        Some(column) => {
            let place = format!("line {line}, column `{column}`");
            problem.at(place)
        }
        None => problem.at(format_args!("line {line}")),
    }
}
