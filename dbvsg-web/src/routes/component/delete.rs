//! `DELETE /users/{id}` and `POST /users/batch/delete`

use poem::http::Method;
use serde_json::{Value as Json, json};

use super::{Rows, id, of, path};
use crate::{
    call::Call,
    component::Shape,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    routes::key,
};

pub(super) fn operations(component: &Rows) -> [Operation; 2] {
    let done = schema::object(json!({"status": {"type": "string", "enum": ["deleted"]}}));
    let ids = schema::object(json!({"ids": {"type": "array", "minItems": 1, "items": {}}}));
    let counted = schema::object(json!({"deleted": {"type": "integer"}}));
    [
        Operation::writing(Method::DELETE, path(component, "/{id}"), id(component, "delete"))
            .summary("Deletes a row, softly where its table has a soft delete")
            .parameters([Parameter::branch()])
            .answers(200, "it is deleted", Some(Content::json(done)))
            .errors(&[404, 422])
            .run(of(component, delete)),
        Operation::writing(Method::POST, path(component, "/batch/delete"), id(component, "delete_many"))
            .summary("Deletes those of the rows that are there, as one commit")
            .parameters([Parameter::branch()])
            .body(Content::json(ids))
            .answers(200, "how many there were", Some(Content::json(counted)))
            .errors(&[404])
            .run(of(component, delete_many)),
    ]
}

async fn delete(component: Rows, call: Call) -> Reply {
    let txn = call.begin(call.author()?, &component.shape().table).await?;
    component.delete(&txn, call.key("id")).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::ok(&json!({"status": "deleted"}))?, commit))
}

async fn delete_many(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?;
    let keys = keys(component.shape(), &call.json().await?)?;
    let txn = call.begin(author, &component.shape().table).await?;
    let deleted = component.delete_many(&txn, &keys).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::ok(&json!({"deleted": deleted}))?, commit))
}

/// The keys of `{"ids": [..]}` in their text form.
fn keys(shape: &Shape, body: &Json) -> Result<Vec<String>, Problem> {
    let expected = || Problem::invalid("`{\"ids\": [..]}` is expected, with at least one key").field("ids");
    let fields = body.as_object().ok_or_else(expected)?;
    if let Some(other) = fields.keys().find(|name| *name != "ids") {
        return Err(Problem::invalid(format!("there is no field `{other}`")).field(other));
    }
    let ids = fields.get("ids").and_then(Json::as_array).filter(|ids| !ids.is_empty()).ok_or_else(expected)?;
    ids.iter().map(|id| key::text_of(shape.key.len(), id).ok_or_else(expected)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(key: &[&str]) -> Shape {
        Shape {
            component: "lines".into(),
            table: "lines".into(),
            soft_delete: None,
            fields: Vec::new(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn keys_are_values_or_arrays_of_them() {
        let one = |ids: Json| keys(&shape(&["id"]), &json!({"ids": ids})).ok();
        assert_eq!(one(json!([1, "2", "a,b"])), Some(vec!["1".into(), "2".into(), "a%2Cb".into()]));
        assert_eq!(one(json!([null])), None);
        assert_eq!(one(json!([])), None);
        let two = |ids: Json| keys(&shape(&["a", "b"]), &json!({"ids": ids})).ok();
        assert_eq!(two(json!([[1, "x,y"], "1,z"])), Some(vec!["1,x%2Cy".into(), "1,z".into()]));
        assert_eq!(two(json!([1])), None);
        assert!(keys(&shape(&["id"]), &json!([1])).is_err());
        assert!(keys(&shape(&["id"]), &json!({"ids": [1], "more": 1})).is_err());
    }
}
