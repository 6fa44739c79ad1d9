//! The endpoint: from a request to its answer.

use std::sync::Arc;

use dbvsg::Vsg;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderName, HeaderValue, header},
};
use serde_json::Value as Json;
use tracing::{Instrument, Span, field::Empty};

use crate::{call::Call, component::Component, operation::Operation, problem::Problem, reply::Reply, router::Router};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most that a request may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a JSON body.
    pub(crate) body: u64,
    /// Bytes of a file.
    pub(crate) upload: u64,
}

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) vsg: Vsg,
    pub(crate) limits: Limits,
    pub(crate) components: Vec<Arc<dyn Component>>,
    /// The OpenAPI document, without the place it is served at.
    pub(crate) document: Json,
}

impl Shared {
    /// The table of a component.
    pub(crate) fn table_of(&self, component: &str) -> Option<&str> {
        let shapes = self.components.iter().map(|component| component.shape());
        shapes.into_iter().find(|shape| shape.component == component).map(|shape| shape.table.as_str())
    }

    /// The component that shows a table.
    pub(crate) fn mounted_as(&self, table: &str) -> Option<&str> {
        let shapes = self.components.iter().map(|component| component.shape());
        shapes.into_iter().find(|shape| shape.table == table).map(|shape| shape.component.as_str())
    }

    /// The name that answers give a table: that of its component, if one is mounted.
    pub(crate) fn component_of<'a>(&'a self, table: &'a str) -> &'a str {
        self.mounted_as(table).unwrap_or(table)
    }
}

/// The whole interface as one poem endpoint: serve it, or nest it in an application with routes of its own.
///
/// ```
/// # async fn example(vsg: dbvsg::Vsg) -> Result<(), dbvsg_web::Error> {
/// let versions = dbvsg_web::Bootstrap::new(vsg).build().await?;
/// let app = poem::Route::new().nest("/versions", versions);
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
pub struct Api {
    shared: Arc<Shared>,
    router: Router,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("components", &self.shared.components.len()).finish_non_exhaustive()
    }
}

impl Api {
    pub(crate) fn new(shared: Shared, operations: Vec<Operation>) -> Result<Self, crate::Error> {
        Ok(Self { shared: Arc::new(shared), router: Router::new(operations)? })
    }

    async fn answer(&self, request: Request) -> Reply {
        let path = request.uri().path().to_owned();
        let (operation, values) = self.router.find(request.method(), &path)?;
        let call = Call::new(&self.shared, operation, values, request)?;
        // What has begun is brought to its end, even if the client goes away: a transaction that is given up half-way can take its
        // connection with it, and calls that read have some, too.
        let work = tokio::spawn((operation.handler)(call).instrument(Span::current()));
        work.await.unwrap_or_else(|_| Err(panicked(operation)))
    }
}

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let id = request_id(&request);
        let span = tracing::info_span!(
            "request",
            method = %request.method(),
            path = request.uri().path(),
            request_id = id.to_str().unwrap_or_default(),
            actor = Empty,
            status = Empty,
        );
        let answered = self.answer(request).instrument(span.clone()).await;
        let mut answer = answered.unwrap_or_else(Problem::into_response);
        span.record("status", answer.status().as_u16());
        let headers = answer.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(answer)
    }
}

fn panicked(operation: &Operation) -> Problem {
    tracing::error!(operation = operation.id, "a handler panicked");
    Problem::internal()
}

/// The id that the client gave the request, if it is fit to be written to a log, or a new one.
fn request_id(request: &Request) -> HeaderValue {
    let given = request.headers().get(REQUEST_ID);
    let fit =
        |id: &HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(|byte| byte.is_ascii_graphic());
    match given {
        Some(id) if fit(id) => id.clone(),
        _ => HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap_or_else(|_| HeaderValue::from_static("-")),
    }
}
