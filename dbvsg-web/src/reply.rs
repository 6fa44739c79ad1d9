//! Answers.

use dbvsg::{CommitId, Page};
use poem::{
    Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::problem::Problem;

/// What a handler returns.
pub(crate) type Reply = Result<Response, Problem>;

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "an answer has no JSON form");
        Problem::internal()
    })?;
    Ok(Response::builder().status(status).header(header::CONTENT_TYPE, "application/json").body(body))
}

/// 200 with JSON.
pub(crate) fn ok(value: &impl Serialize) -> Reply {
    json(StatusCode::OK, value)
}

/// A page of a list, each item as `show` has it.
pub(crate) fn page<T, S: Serialize>(page: Page<T>, show: impl FnMut(T) -> S) -> Reply {
    list(&page.items.into_iter().map(show).collect::<Vec<S>>(), page.total)
}

/// Some of a list, and how long the whole list is.
pub(crate) fn list<T: Serialize>(items: &[T], total: u64) -> Reply {
    Ok(with_header(ok(&items)?, HeaderName::from_static("x-total-count"), &total.to_string()))
}

/// The answer with the commit that was made, if one was.
pub(crate) fn committed(answer: Response, commit: Option<CommitId>) -> Response {
    match commit {
        Some(commit) => with_header(answer, HeaderName::from_static("x-commit"), &commit.to_string()),
        None => answer,
    }
}

/// The answer as a file of this name, to be saved.
pub(crate) fn attached(answer: Response, name: &str) -> Response {
    with_header(answer, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
}

/// The answer with one header more. A value that no header can hold is left out.
pub(crate) fn with_header(mut answer: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
