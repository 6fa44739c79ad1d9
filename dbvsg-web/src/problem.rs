//! Errors as `application/problem+json` (RFC 9457).

use poem::{
    Response,
    http::{StatusCode, header},
};
use serde::Serialize;

mod from_engine;

/// An answer that says what went wrong. Its detail is for people, and never holds SQL, a path or a stack.
#[derive(Debug)]
pub(crate) struct Problem(Box<Told>);

/// What a problem tells.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<serde_json::Value>>,
    #[serde(skip)]
    allow: Option<String>,
}

impl Problem {
    /// A problem of this status. `slug` names its kind for programs, `title` for people.
    pub(crate) fn new(status: StatusCode, slug: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Told {
            kind: format!("urn:dbvsg:{slug}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            component: None,
            table: None,
            key: None,
            field: None,
            conflicts: None,
            allow: None,
        }))
    }

    /// The path leads nowhere.
    pub(crate) fn no_path(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown-path", "Unknown path", format!("there is nothing at `{path}`"))
    }

    /// The path does not take this method, but these.
    pub(crate) fn method(allowed: String) -> Self {
        let detail = format!("this path takes {allowed}");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail);
        problem.0.allow = Some(allowed);
        problem
    }

    /// A path that cannot be used.
    pub(crate) fn path(reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "path", "Malformed path", format!("the path: {reason}"))
    }

    /// A query parameter that cannot be used.
    pub(crate) fn query(name: &str, reason: impl AsRef<str>) -> Self {
        let detail = format!("query parameter `{name}`: {}", reason.as_ref());
        Self::new(StatusCode::BAD_REQUEST, "query", "Bad query parameter", detail).field(name)
    }

    /// A header that cannot be used.
    pub(crate) fn header(name: &str, reason: &str) -> Self {
        let detail = format!("header `{name}`: {reason}");
        Self::new(StatusCode::BAD_REQUEST, "header", "Bad header", detail).field(name)
    }

    /// A body that cannot be read at all.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable-body", "Unreadable body", detail)
    }

    /// A body that can be read and not be used.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid body", detail)
    }

    /// A body that is too large.
    pub(crate) fn too_large(limit: u64) -> Self {
        let detail = format!("the body may have {limit} bytes at most");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large", detail)
    }

    /// Something that must not happen; what, is for the log alone.
    pub(crate) fn internal() -> Self {
        let detail = "something went wrong here; the log tells what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// Names the table.
    pub(crate) fn table(mut self, table: impl Into<String>) -> Self {
        self.0.table = Some(table.into());
        self
    }

    /// Names the component.
    pub(crate) fn component(mut self, component: impl Into<String>) -> Self {
        self.0.component = Some(component.into());
        self
    }

    /// Names the row.
    pub(crate) fn key(mut self, key: impl Into<String>) -> Self {
        self.0.key = Some(key.into());
        self
    }

    /// Names the field, parameter or header.
    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Tells the rows that cannot be brought together.
    pub(crate) fn conflicts(mut self, conflicts: Vec<serde_json::Value>) -> Self {
        self.0.conflicts = Some(conflicts);
        self
    }

    /// Says where in the body it is.
    pub(crate) fn at(mut self, place: impl std::fmt::Display) -> Self {
        self.0.detail = format!("{place}: {}", self.0.detail);
        self
    }

    /// The same problem, found in a body: what the engine calls malformed is then a matter of content.
    pub(crate) fn in_body(mut self) -> Self {
        if self.0.status == StatusCode::BAD_REQUEST.as_u16() {
            self.0.status = StatusCode::UNPROCESSABLE_ENTITY.as_u16();
        }
        self
    }

    /// What went wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The field that it names.
    #[cfg(test)]
    pub(crate) fn named_field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response {
        let mut answer =
            Response::builder().status(self.status()).header(header::CONTENT_TYPE, "application/problem+json");
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            answer = answer.header(header::RETRY_AFTER, "1");
        }
        if let Some(allow) = &self.0.allow {
            answer = answer.header(header::ALLOW, allow);
        }
        // Strings and a number always have a JSON form.
        answer.body(serde_json::to_vec(&self.0).unwrap_or_default())
    }
}
