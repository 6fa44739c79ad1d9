//! The table of operations: one entry gives the route, the check of its parameters and its part of the OpenAPI document.

use std::{future::Future, sync::Arc};

use dbvsg::BoxFuture;
use poem::http::Method;
use serde_json::Value as Json;

use crate::{
    call::Call,
    openapi::schema,
    parameter::{Parameter, Place},
    reply::Reply,
};

/// What runs when an operation is called.
pub(crate) type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Reply> + Send + Sync>;

/// One call that the server answers.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// The path with its parameters in braces: `/users/{id}`.
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) tag: String,
    pub(crate) summary: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Content>,
    /// Whether the body may be left out.
    pub(crate) body_optional: bool,
    pub(crate) answers: Vec<Answer>,
    /// Whether it makes a commit.
    commits: bool,
    pub(crate) handler: Handler,
}

/// A kind of content: its type and its schema.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) media: &'static str,
    pub(crate) schema: Json,
}

impl Content {
    /// JSON of this schema.
    pub(crate) fn json(schema: Json) -> Self {
        Self { media: "application/json", schema }
    }
}

/// One answer that an operation can give.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: Option<Content>,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

impl Operation {
    fn new(method: Method, path: impl Into<String>, id: impl Into<String>) -> Self {
        let path = path.into();
        let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        let parameters = names.map(Parameter::path).collect();
        Self {
            method,
            id: id.into(),
            tag: String::new(),
            summary: String::new(),
            parameters,
            body: None,
            body_optional: false,
            answers: Vec::new(),
            commits: false,
            handler: Arc::new(|_| Box::pin(async { Err(crate::problem::Problem::internal()) })),
            path,
        }
    }

    /// A call that only reads.
    pub(crate) fn get(path: impl Into<String>, id: impl Into<String>) -> Self {
        Self::new(Method::GET, path, id).errors(&[400, 403, 500, 503])
    }

    /// A call that changes something without a commit of its own. It needs to know who calls all the same.
    pub(crate) fn acting(method: Method, path: impl Into<String>, id: impl Into<String>) -> Self {
        Self::new(method, path, id)
            .parameters([
                Parameter::header("X-User", "who calls: UTF-8, 1 to 255 characters", true),
                Parameter::header("X-Parent", "a reference that HEAD must be, or the call is refused with 409", false),
            ])
            .errors(&[400, 403, 409, 500, 503])
    }

    /// A call that makes a commit.
    pub(crate) fn writing(method: Method, path: impl Into<String>, id: impl Into<String>) -> Self {
        let reason = Parameter::header("X-Reason", "why: the message of the commit", false);
        let mut operation = Self::acting(method, path, id).parameters([reason]);
        operation.commits = true;
        operation
    }

    /// The group it is shown in.
    pub(crate) fn tag(mut self, tag: &str) -> Self {
        self.tag = tag.to_owned();
        self
    }

    /// What it does, in one sentence.
    pub(crate) fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Takes these parameters too.
    pub(crate) fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Takes a body.
    pub(crate) fn body(mut self, content: Content) -> Self {
        self.body = Some(content);
        self.errors(&[413, 422])
    }

    /// Takes a body that may be left out.
    pub(crate) fn optional_body(mut self, content: Content) -> Self {
        self.body_optional = true;
        self.body(content)
    }

    /// Gives this answer.
    pub(crate) fn answers(self, status: u16, description: &'static str, content: Option<Content>) -> Self {
        self.answers_with(status, description, content, &[])
    }

    /// Gives this answer, with headers of its own.
    pub(crate) fn answers_with(
        mut self,
        status: u16,
        description: &'static str,
        content: Option<Content>,
        headers: &[(&'static str, &'static str)],
    ) -> Self {
        let mut headers = headers.to_vec();
        if status < 400 && self.commits {
            headers.push(("X-Commit", "the commit that was made, if anything changed"));
        }
        self.answers.push(Answer { status, description, content, headers });
        self
    }

    /// Gives a page of a list.
    pub(crate) fn answers_list(self, item: Json) -> Self {
        self.answers_with(
            200,
            "a page of the list",
            Some(Content::json(schema::array(item))),
            &[("X-Total-Count", "how long the whole list is")],
        )
    }

    /// Can fail with these.
    pub(crate) fn errors(mut self, statuses: &[u16]) -> Self {
        for &status in statuses {
            if self.answers.iter().any(|answer| answer.status == status) {
                continue;
            }
            let content = Content { media: "application/problem+json", schema: schema::named("Problem") };
            let headers = if status == 503 { vec![("Retry-After", "seconds to wait")] } else { Vec::new() };
            self.answers.push(Answer { status, description: error(status), content: Some(content), headers });
        }
        self
    }

    /// Runs this.
    pub(crate) fn run<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        self.answers.sort_by_key(|answer| answer.status);
        self.handler = Arc::new(move |call| Box::pin(handler(call)));
        self
    }

    /// Whether it takes this query parameter.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.place == Place::Query && parameter.name == name)
    }
}

fn error(status: u16) -> &'static str {
    match status {
        400 => "malformed: the reference, a parameter, a header or the body",
        404 => "there is no such thing",
        409 => "the state of the database forbids it",
        413 => "the body is too large",
        422 => "the body is not acceptable, or violates a constraint; nothing was changed",
        403 => "the database user of the server lacks a right",
        503 => "the database is busy or not available",
        _ => "something went wrong inside",
    }
}
