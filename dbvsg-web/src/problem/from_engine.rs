use dbvsg::{Error, ErrorKind, HookError, sea_orm::DbErr};
use poem::http::StatusCode;

use super::Problem;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Hook(source) => hook(source),
            error @ Error::Violation { .. } => violation(&error, detail),
            Error::UnknownTable { table } => not_found("unknown-table", "Unknown table", detail).table(table),
            Error::NotTracked { table } => not_found("not-tracked", "Table not tracked", detail).table(table),
            Error::UnknownRow { table, key } => not_found("unknown-row", "Unknown row", detail).table(table).key(key),
            Error::UnknownTag { .. } => not_found("unknown-tag", "Unknown tag", detail),
            Error::UnknownRowAt { table, key, .. } => {
                not_found("unknown-row", "Unknown row", detail).table(table).key(key)
            }
            Error::Pruned { table, .. } => not_found("pruned", "Pruned", detail).table(table),
            Error::UnknownReference { .. } => not_found("unknown-reference", "Unknown reference", detail),
            Error::UnknownColumn { table, column } => {
                bad("unknown-column", "Unknown column", detail).table(table).field(column)
            }
            Error::InvalidKey { table, key, .. } => bad("key", "Malformed key", detail).table(table).key(key),
            Error::MalformedReference { .. } => bad("malformed-reference", "Malformed reference", detail),
            Error::AmbiguousReference { .. } => bad("ambiguous-reference", "Ambiguous reference", detail),
            Error::InvalidActor { .. } => bad("header", "Bad header", detail).field("X-User"),
            Error::InvalidValue { column, .. } => invalid("invalid-value", "Invalid value", detail).field(column),
            Error::Import { column, .. } => {
                let problem = invalid("import", "Import refused", detail);
                match column {
                    Some(column) => problem.field(column),
                    None => problem,
                }
            }
            Error::InvalidName { .. } => invalid("invalid-name", "Invalid name", detail).field("name"),
            Error::Untrackable { table, .. } => invalid("untrackable", "Table cannot be tracked", detail).table(table),
            Error::DamagedBackup { .. } => invalid("damaged-backup", "Backup refused", detail),
            Error::SoftDeleted { table, key } => {
                conflict("soft-deleted", "Row is deleted", detail).table(table).key(key)
            }
            Error::NoSoftDelete { table } => conflict("no-soft-delete", "No soft delete", detail).table(table),
            Error::RecordLimit { component, .. } => {
                conflict("record-limit", "Record limit reached", detail).component(component)
            }
            Error::TagExists { .. } => conflict("tag-exists", "Tag exists", detail).field("name"),
            Error::StaleParent { .. } => conflict("stale-parent", "Stale parent", detail),
            Error::AlreadyTracked { table } => {
                conflict("already-tracked", "Table tracked already", detail).table(table)
            }
            other => by_kind(other, detail),
        }
    }
}

/// What no variant of its own needs; and what must not be told at all.
fn by_kind(error: Error, detail: String) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => not_found("not-found", "Not found", detail),
        ErrorKind::Malformed => bad("malformed", "Malformed", detail),
        ErrorKind::Invalid => invalid("invalid", "Invalid", detail),
        ErrorKind::Conflict => conflict("conflict", "Conflict", detail),
        ErrorKind::Denied => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database user lacks a right");
            let detail = "the user by which this server connects to the database may not do this";
            Problem::new(StatusCode::FORBIDDEN, "database-rights", "Not allowed by the database", detail)
        }
        ErrorKind::Unavailable => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database is not available");
            let title = "Database not available";
            let detail = "the database is busy or cannot be reached; try again later";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
        }
        _ => {
            tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
            Problem::internal()
        }
    }
}

/// A hook speaks for the application, unless it only passes on what the database told it.
fn hook(source: HookError) -> Problem {
    let source = match source.downcast::<Error>() {
        Ok(error) => return (*error).into(),
        Err(other) => other,
    };
    match source.downcast::<DbErr>() {
        Ok(error) => Error::from(*error).into(),
        Err(source) => invalid("hook", "Refused by a hook", format!("a hook refused the write: {source}")),
    }
}

/// Drivers name columns as `users.email`; a single one is worth a field of its own.
fn violation(error: &Error, detail: String) -> Problem {
    let problem = invalid("violation", "Constraint violated", detail);
    match (error, error.column()) {
        (Error::Violation { detail: named, .. }, Some(column)) => {
            let table = named.strip_suffix(column).and_then(|table| table.strip_suffix('.'));
            problem.table(table.unwrap_or_default()).field(column)
        }
        _ => problem,
    }
}

fn not_found(slug: &str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, slug, title, detail)
}

fn bad(slug: &str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, slug, title, detail)
}

fn invalid(slug: &str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, slug, title, detail)
}

fn conflict(slug: &str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, slug, title, detail)
}

#[cfg(test)]
mod tests {
    use dbvsg::Constraint;
    use serde_json::{Value as Json, json};

    use super::*;

    fn shown(error: Error) -> Json {
        serde_json::to_value(Problem::from(error).0).unwrap()
    }

    #[test]
    fn statuses_follow_the_kind_of_error() {
        let cases = [
            (Error::MalformedReference { reference: "HEAD~".into(), reason: "x".into() }, 400),
            (Error::AmbiguousReference { reference: "abcdef0".into(), candidates: vec!["a".into()] }, 400),
            (Error::UnknownReference { reference: "x".into(), reason: "x".into() }, 404),
            (Error::UnknownRow { table: "t".into(), key: "1".into() }, 404),
            (Error::UnknownRowAt { table: "t".into(), key: "1".into(), reference: "HEAD".into() }, 404),
            (Error::Pruned { table: "t".into(), from: "commit x".into() }, 404),
            (Error::StaleParent { expected: "a".into(), actual: "b".into() }, 409),
            (Error::RecordLimit { component: "t".into(), limit: 1 }, 409),
            (Error::UnsupportedDatabase { reason: "x".into() }, 409),
            (Error::InvalidValue { column: "a".into(), reason: "x".into() }, 422),
            (Error::Unavailable(DbErr::Custom("locked".into())), 503),
            (Error::Denied { reason: "permission denied for table pay".into() }, 403),
            (Error::Database(DbErr::Custom("near SELECT".into())), 500),
            (Error::Corrupted { detail: "/var/lib".into() }, 500),
        ];
        for (error, status) in cases {
            let text = error.to_string();
            assert_eq!(shown(error)["status"], json!(status), "{text}");
        }
    }

    #[test]
    fn what_the_database_said_stays_inside() {
        let inside = || DbErr::Custom("near SELECT * FROM /secret".into());
        let hook: HookError = Box::new(inside());
        for error in [Error::Database(inside()), Error::Unavailable(inside()), Error::Hook(hook)] {
            assert!(!shown(error).to_string().contains("SELECT"));
        }
    }

    #[test]
    fn a_violated_column_is_named() {
        let error = Error::Violation { constraint: Constraint::Unique, detail: "users.email".into() };
        let shown = shown(error);
        assert_eq!((&shown["table"], &shown["field"]), (&json!("users"), &json!("email")));
    }
}
