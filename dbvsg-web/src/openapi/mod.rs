//! The OpenAPI document, made from the table of operations.

mod docs;
pub(crate) mod schema;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

pub(crate) use docs::page;

use crate::{
    component::{Component, Shape},
    operation::{Answer, Content, Operation},
    parameter::Parameter,
};

/// What the interface is, in the words of its document.
const DESCRIPTION: &str = "Version control for ordinary SQL tables. Every change needs an `X-User` and becomes a \
    commit; every read takes `as_of`, a reference to any past state. Errors are `application/problem+json` (RFC 9457).";

/// The document, without `servers`, which depends on where it is asked for.
pub(crate) fn document(operations: &[Operation], components: &[Arc<dyn Component>]) -> Json {
    let mut paths: Map<String, Json> = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.as_str().to_ascii_lowercase(), entry(operation));
        }
    }
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        if !tags.contains(&operation.tag.as_str()) {
            tags.push(&operation.tag);
        }
    }
    let mut schemas = schema::common();
    for component in components {
        add_component(&mut schemas, component.shape());
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": "DBVSG", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION},
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

/// The document as it is served under a path.
pub(crate) fn served_under(document: &Json, prefix: &str) -> Json {
    let mut document = document.clone();
    if let Some(document) = document.as_object_mut() {
        let url = if prefix.is_empty() { "/" } else { prefix };
        document.insert("servers".into(), json!([{"url": url}]));
    }
    document
}

fn add_component(schemas: &mut Map<String, Json>, shape: &Shape) {
    let name = shape.schema_name();
    schemas.insert(name.clone(), shape.row_schema());
    schemas.insert(format!("{name}.create"), shape.body_schema(Shape::is_required));
    let replaces = |field: &_| Shape::is_required(field) && !shape.is_key(&field.name);
    schemas.insert(format!("{name}.replace"), shape.body_schema(replaces));
    schemas.insert(format!("{name}.update"), shape.body_schema(|_| false));
}

fn entry(operation: &Operation) -> Json {
    let mut entry = Map::new();
    entry.insert("operationId".into(), operation.id.as_str().into());
    entry.insert("summary".into(), operation.summary.as_str().into());
    entry.insert("tags".into(), json!([operation.tag]));
    if !operation.parameters.is_empty() {
        entry.insert("parameters".into(), operation.parameters.iter().map(parameter).collect());
    }
    if let Some(body) = &operation.body {
        entry.insert("requestBody".into(), json!({"required": !operation.body_optional, "content": content(body)}));
    }
    let answers = operation.answers.iter().map(|one| (one.status.to_string(), answer(one)));
    entry.insert("responses".into(), Json::Object(answers.collect()));
    entry.into()
}

fn parameter(parameter: &Parameter) -> Json {
    json!({
        "name": parameter.name,
        "in": parameter.place.word(),
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    })
}

fn answer(answer: &Answer) -> Json {
    let mut shown = Map::new();
    shown.insert("description".into(), answer.description.into());
    if !answer.headers.is_empty() {
        let header = |&(name, description): &(&str, &str)| {
            (name.to_owned(), json!({"description": description, "schema": {"type": "string"}}))
        };
        shown.insert("headers".into(), Json::Object(answer.headers.iter().map(header).collect()));
    }
    if let Some(given) = &answer.content {
        shown.insert("content".into(), content(given));
    }
    shown.into()
}

fn content(content: &Content) -> Json {
    json!({content.media: {"schema": content.schema}})
}
