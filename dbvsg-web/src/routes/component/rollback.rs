//! `POST /users/{id}/rollback`

use dbvsg::{Reference, model::json::parse_string};
use poem::http::Method;
use serde_json::json;

use super::{Rows, id, of, path, schema_of};
use crate::{
    call::Call,
    component::Fields,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
};

pub(super) fn operation(component: &Rows) -> Operation {
    let reason = json!({"type": "string", "nullable": true, "description": "why; comes before X-Reason"});
    let body = json!({
        "type": "object",
        "required": ["to"],
        "properties": {"to": {"type": "string", "description": "a reference"}, "reason": reason},
        "additionalProperties": false,
    });
    Operation::writing(Method::POST, path(component, "/{id}/rollback"), id(component, "rollback"))
        .summary("Gives a row the values that it had at a reference, as a new version")
        .parameters([Parameter::branch()])
        .body(Content::json(body))
        .answers(200, "the row", Some(Content::json(schema_of(component, ""))))
        .errors(&[404])
        .run(of(component, rollback))
}

async fn rollback(component: Rows, mut call: Call) -> Reply {
    let author = call.author()?.operation("ROLLBACK");
    let Asked { to, reason } = read(&call.object().await?)?;
    let author = match reason {
        Some(reason) => author.because(reason),
        None => author,
    };
    let txn = call.begin(author, &component.shape().table).await?;
    let row = component.rollback(&txn, call.key("id"), to).await?;
    let commit = txn.commit().await?;
    Ok(reply::committed(reply::ok(&row)?, commit))
}

/// What a body asks for.
#[derive(Debug)]
struct Asked {
    to: Reference,
    reason: Option<String>,
}

fn read(body: &Fields) -> Result<Asked, Problem> {
    if let Some(other) = body.keys().find(|name| !matches!(name.as_str(), "to" | "reason")) {
        return Err(Problem::invalid(format!("there is no field `{other}`")).field(other));
    }
    let text = |name: &str| -> Result<Option<&str>, Problem> {
        let text = body.get(name).filter(|value| !value.is_null()).map(parse_string).transpose();
        text.map_err(|reason| Problem::invalid(format!("`{name}`: {reason}")).field(name))
    };
    let to = text("to")?.ok_or_else(|| Problem::invalid("`to` is required: a reference").field("to"))?;
    let reason = text("reason")?.filter(|reason| !reason.is_empty()).map(str::to_owned);
    Ok(Asked { to: to.parse()?, reason })
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    #[test]
    fn a_body_names_a_reference_and_perhaps_a_reason() {
        let read = |body: Json| read(body.as_object().unwrap());
        let asked = read(json!({"to": "HEAD~1", "reason": "typo"})).unwrap();
        assert_eq!((asked.to, asked.reason.as_deref()), (Reference::Head { back: 1 }, Some("typo")));
        assert_eq!(read(json!({"to": "HEAD", "reason": ""})).unwrap().reason, None);
        for (body, status) in [
            (json!({}), 422),
            (json!({"to": null}), 422),
            (json!({"to": 7}), 422),
            (json!({"to": "HEAD", "reason": 7}), 422),
            (json!({"to": "HEAD", "reason": "a\u{0}b"}), 422),
            (json!({"to": "HEAD", "x": 1}), 422),
            (json!({"to": "HEAD~"}), 400),
        ] {
            assert_eq!(read(body.clone()).unwrap_err().status().as_u16(), status, "{body}");
        }
    }
}
