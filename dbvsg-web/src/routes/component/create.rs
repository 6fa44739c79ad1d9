//! `POST /users` and `POST /users/batch`

use poem::{
    Response,
    http::{Method, StatusCode, header},
};
use serde_json::Value as Json;

use super::{Rows, id, of, path, schema_of};
use crate::{
    call::Call,
    component::{Fields, Shape},
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
};

pub(super) fn operations(component: &Rows) -> [Operation; 2] {
    let row = || schema_of(component, "");
    [
        Operation::writing(Method::POST, path(component, ""), id(component, "create"))
            .summary("Creates a row")
            .parameters([Parameter::branch()])
            .body(Content::json(schema_of(component, ".create")))
            .answers_with(201, "the row", Some(Content::json(row())), &[("Location", "where the row is")])
            .errors(&[404])
            .run(of(component, create)),
        Operation::writing(Method::POST, path(component, "/batch"), id(component, "create_many"))
            .summary("Creates rows, all or nothing, as one commit")
            .parameters([Parameter::branch()])
            .body(Content::json(schema::array(schema_of(component, ".create"))))
            .answers(201, "the rows, in the same order", Some(Content::json(schema::array(row()))))
            .errors(&[404])
            .run(of(component, create_many)),
    ]
}

async fn create(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?;
    let fields = call.object().await?;
    component.shape().check(&fields)?;
    let txn = call.begin(author, &component.shape().table).await?;
    let row = component.insert(&txn, fields).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(created(&call, component.shape(), &row)?, commit))
}

/// 201 with the row and where it is.
pub(super) fn created(call: &Call, shape: &Shape, row: &Fields) -> Result<Response, Problem> {
    let location = format!("{}/{}/{}", call.prefix(), shape.segment(), shape.key_text(row));
    Ok(reply::with_header(reply::json(StatusCode::CREATED, row)?, header::LOCATION, &location))
}

async fn create_many(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?;
    let rows = rows(component.shape(), call.json().await?)?;
    let txn = call.begin(author, &component.shape().table).await?;
    let rows = component.insert_many(&txn, rows).await.map_err(|refused| match refused.row {
        Some(row) => at_row(refused.problem, row),
        None => refused.problem,
    })?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::json(StatusCode::CREATED, &rows)?, commit))
}

fn rows(shape: &Shape, body: Json) -> Result<Vec<Fields>, Problem> {
    let Json::Array(items) = body else {
        return Err(Problem::invalid("an array of rows is expected"));
    };
    if items.is_empty() {
        return Err(Problem::invalid("at least one row is expected"));
    }
    let rows = items.into_iter().enumerate().map(|(position, item)| match item {
        Json::Object(fields) => match shape.check(&fields) {
            Ok(()) => Ok(fields),
            Err(problem) => Err(at_row(problem, position)),
        },
        _ => Err(at_row(Problem::invalid("a JSON object is expected"), position)),
    });
    rows.collect()
}

fn at_row(problem: Problem, position: usize) -> Problem {
    problem.at(format_args!("row {}", position + 1))
}
