//! `POST /vsg/tables/{table}/prune` and `/vsg/tables/{table}/disable`

use dbvsg::{Error, Period, Retention, Rule};
use poem::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    call::Call,
    fields::Fields,
    openapi::schema,
    operation::{Content, Operation},
    problem::Problem,
    reply::{self, Reply},
};

pub(super) fn operations() -> [Operation; 2] {
    let disabling = json!({
        "type": "object",
        "properties": {
            "drop_history": {"type": "boolean", "default": false, "nullable": true},
            "confirm": {"type": "string", "nullable": true, "description": "the name of the table, if its history is dropped"},
        },
    });
    let disabled = schema::object(json!({
        "status": {"type": "string", "enum": ["disabled"]}, "table": {"type": "string"}, "history_dropped": {"type": "boolean"},
    }));
    [
        Operation::writing(Method::POST, "/vsg/tables/{table}/prune", "vsg.table.prune")
            .tag("tables")
            .summary("Takes old versions of a table's rows away, for good; unless told otherwise, only says which")
            .body(Content::json(schema::named("Retention")))
            .answers(200, "what goes and what stays", Some(Content::json(schema::named("Pruned"))))
            .errors(&[404])
            .run(prune),
        Operation::writing(Method::POST, "/vsg/tables/{table}/disable", "vsg.table.disable")
            .tag("tables")
            .summary("Takes a table out of version control, with its history or without")
            .optional_body(Content::json(disabling))
            .answers(200, "it is not tracked any more", Some(Content::json(disabled)))
            .errors(&[404])
            .run(disable),
    ]
}

async fn prune(mut call: Call) -> Reply {
    let author = call.expecting_author()?;
    let fields = Fields::of(call.object().await?, &["before", "keep_versions", "one_per", "dry_run"])?;
    let (rule, dry_run) = (rule(&fields)?, fields.flag("dry_run")?.unwrap_or(true));
    let retention = Retention::new(rule).table(table(&call).await?).dry_run(dry_run);
    let pruned = call.vsg().prune(author, &retention).await?;
    Ok(reply::committed(reply::ok(&pruned)?, pruned.commit))
}

async fn disable(mut call: Call) -> Reply {
    let author = call.expecting_author()?;
    let fields = Fields::of(call.optional_object().await?, &["drop_history", "confirm"])?;
    let table = table(&call).await?;
    let dropped = fields.flag("drop_history")?.unwrap_or(false);
    if dropped && fields.text("confirm")? != Some(table.as_str()) {
        let detail = format!("its history would be gone for good: say `\"confirm\": \"{table}\"` if that is meant");
        let problem = Problem::new(StatusCode::BAD_REQUEST, "confirmation", "Confirmation needed", detail);
        return Err(problem.table(table).field("confirm"));
    }
    let commit = call.vsg().disable(author, &table, dropped).await?;
    let answer = json!({"status": "disabled", "table": table, "history_dropped": dropped});
    Ok(reply::committed(reply::ok(&answer)?, commit))
}

/// The table that the path names, which is tracked, or was.
async fn table(call: &Call) -> Result<String, Problem> {
    let name = call.segment("table")?;
    match call.vsg().tracked_before(&name).await {
        Ok(tracked) => Ok(tracked.name()),
        Err(Error::NotTracked { .. } | Error::UnknownTable { .. }) => call.table(&name).await,
        Err(error) => Err(error.into()),
    }
}

fn rule(fields: &Fields) -> Result<Rule, Problem> {
    let before = || fields.reference("before");
    match (fields.number("keep_versions")?, fields.text("one_per")?, fields.value("before")) {
        (Some(versions), None, None) => Ok(Rule::KeepVersions(versions)),
        (None, Some(period), _) => {
            let period: Period = period.parse()?;
            Ok(Rule::OnePer { period, before: before()? })
        }
        (None, None, Some(_)) => Ok(Rule::Before(before()?)),
        _ => Err(Problem::invalid("one of `before`, `keep_versions`, or `one_per` with `before` is expected")),
    }
}
