//! One request, taken apart and checked against the operation it is for.

use std::{str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use dbvsg::{Author, Reference, Txn, Vsg, model::time};
use poem::{Body, Request, http::HeaderMap};
use serde_json::{Map, Value as Json};

use crate::{body, operation::Operation, parameter::Place, problem::Problem, server::Shared};

/// The greatest page.
const MOST: u64 = 1000;

/// The branch that every table has.
const MAIN: &str = "main";

/// One call of an operation: its parameters are known to the operation, and none is given twice.
pub(crate) struct Call {
    shared: Arc<Shared>,
    prefix: String,
    line: String,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Body,
}

impl Call {
    /// Takes a request apart.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        operation: &Operation,
        path: Vec<(String, String)>,
        mut request: Request,
    ) -> Result<Self, Problem> {
        let query = query(&request, operation)?;
        let prefix = prefix(request.original_uri().path(), request.uri().path()).to_owned();
        let call = Self {
            shared: shared.clone(),
            prefix,
            line: format!("{} {}", request.method(), request.uri().path()),
            path,
            query,
            body: request.take_body(),
            headers: std::mem::take(request.headers_mut()),
        };
        match call.text("branch") {
            Some(branch) if branch != MAIN => {
                let reason = "there is no such branch".to_owned();
                Err(dbvsg::Error::UnknownReference { reference: branch.to_owned(), reason }.into())
            }
            _ => Ok(call),
        }
    }

    /// The database.
    pub(crate) fn vsg(&self) -> &Vsg {
        &self.shared.vsg
    }

    /// What all calls share.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The path under which the whole interface is nested, without a slash at its end.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A part of the path as it was sent, still percent-encoded: the form of a key.
    pub(crate) fn key(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A part of the path as text.
    pub(crate) fn segment(&self, name: &str) -> Result<String, Problem> {
        let malformed = || Problem::path("a part of it is no percent-encoded UTF-8");
        percent_encoding::percent_decode_str(self.key(name))
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| malformed())
    }

    /// A reference in the path.
    pub(crate) fn reference_segment(&self, name: &str) -> Result<Reference, Problem> {
        Ok(self.segment(name)?.parse()?)
    }

    /// All query parameters.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// A query parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is there: the operation requires it.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::query(name, "it is required"))
    }

    /// A query parameter that is true or false.
    pub(crate) fn flag(&self, name: &str, absent: bool) -> Result<bool, Problem> {
        match self.text(name) {
            None => Ok(absent),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(Problem::query(name, "true or false is expected")),
        }
    }

    /// A query parameter that is one of some words.
    pub(crate) fn choice<'a>(&self, name: &str, words: &[&'a str]) -> Result<Option<&'a str>, Problem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let known = words.iter().find(|word| **word == given);
        let expected = || Problem::query(name, format!("one of {} is expected", words.join(", ")));
        known.map(|word| Some(*word)).ok_or_else(expected)
    }

    /// A query parameter that is a moment.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let expected = || Problem::query(name, "a timestamp with offset as 2024-01-15T10:30:00Z is expected");
        self.text(name).map(|text| time::parse(text).ok_or_else(expected)).transpose()
    }

    /// A query parameter that is a reference.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<Reference>, Problem> {
        Ok(self.text(name).map(Reference::from_str).transpose()?)
    }

    /// The size of the page.
    pub(crate) fn limit(&self) -> Result<u64, Problem> {
        let expected = || Problem::query("limit", format!("a number from 1 to {MOST} is expected"));
        let limit = self.text("limit").map_or(Ok(100), |text| text.parse().map_err(|_| expected()))?;
        if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(expected()) }
    }

    /// How many items come before the page.
    pub(crate) fn offset(&self) -> Result<u64, Problem> {
        let expected = || Problem::query("offset", "a number from 0 is expected");
        let offset: i64 = self.text("offset").map_or(Ok(0), |text| text.parse().map_err(|_| expected()))?;
        u64::try_from(offset).map_err(|_| expected())
    }

    /// The name of the tracked table that a table or component of this name is.
    pub(crate) async fn table(&self, name: &str) -> Result<String, Problem> {
        match self.vsg().tracked(name).await {
            Ok(tracked) => Ok(tracked.name()),
            Err(error) => self.shared.table_of(name).map(str::to_owned).ok_or_else(|| error.into()),
        }
    }

    /// The tracked table that the query parameter `table` names.
    pub(crate) async fn table_parameter(&self) -> Result<Option<String>, Problem> {
        match self.text("table") {
            Some(name) => self.table(name).await.map(Some),
            None => Ok(None),
        }
    }

    /// Who writes, and why.
    pub(crate) fn author(&self) -> Result<Author, Problem> {
        let actor = self.header("X-User")?.ok_or_else(|| Problem::header("X-User", "a change needs one"))?;
        if !(1..=255).contains(&actor.chars().count()) {
            return Err(Problem::header("X-User", "1 to 255 characters are expected"));
        }
        tracing::Span::current().record("actor", actor);
        let author = Author::new(actor).query(self.line.as_str());
        Ok(match self.header("X-Reason")?.filter(|reason| !reason.is_empty()) {
            Some(reason) => author.because(reason),
            None => author,
        })
    }

    /// What HEAD must be.
    fn parent(&self) -> Result<Option<Reference>, Problem> {
        Ok(self.header("X-Parent")?.map(Reference::from_str).transpose()?)
    }

    /// Who writes, why, and what HEAD must be.
    pub(crate) fn expecting_author(&self) -> Result<Author, Problem> {
        let author = self.author()?;
        Ok(match self.parent()? {
            Some(parent) => author.expect_parent(parent),
            None => author,
        })
    }

    /// Begins the transaction of a change by this author to this table, whose HEAD must be what the caller says.
    pub(crate) async fn begin(&self, author: Author, table: &str) -> Result<Txn, Problem> {
        let parent = self.parent()?;
        let txn = self.vsg().begin(author).await?;
        if let Some(parent) = parent {
            txn.expect_head(Some(table), &parent).await?;
        }
        Ok(txn)
    }

    /// A header, which may be UTF-8.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, Problem> {
        let text = self.headers.get(name).map(|value| std::str::from_utf8(value.as_bytes()));
        text.transpose().map_err(|_| Problem::header(name, "it is no UTF-8"))
    }

    /// Refuses a body that says it is something else.
    pub(crate) fn expect_type(&self, media: &str) -> Result<(), Problem> {
        let Some(given) = self.header("Content-Type")? else { return Ok(()) };
        let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let json = media == "application/json" && essence.starts_with("application/") && essence.ends_with("+json");
        if essence == media || json {
            return Ok(());
        }
        Err(Problem::header("Content-Type", &format!("`{media}` is expected")))
    }

    /// The body as it comes in.
    pub(crate) fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// The body as JSON.
    pub(crate) async fn json(&mut self) -> Result<Json, Problem> {
        self.expect_type("application/json")?;
        parsed(&self.bytes().await?)
    }

    /// The body as a JSON object.
    pub(crate) async fn object(&mut self) -> Result<Map<String, Json>, Problem> {
        object(self.json().await?)
    }

    /// The body as a JSON object, which is empty if there is no body.
    pub(crate) async fn optional_object(&mut self) -> Result<Map<String, Json>, Problem> {
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(Map::new());
        }
        self.expect_type("application/json")?;
        object(parsed(&bytes)?)
    }

    async fn bytes(&mut self) -> Result<Vec<u8>, Problem> {
        let limit = self.shared.limits.body;
        body::read(self.take_body(), limit).await
    }
}

fn parsed(bytes: &[u8]) -> Result<Json, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::unreadable(format!("the body is no JSON: {error}")))
}

fn object(body: Json) -> Result<Map<String, Json>, Problem> {
    match body {
        Json::Object(fields) => Ok(fields),
        _ => Err(Problem::invalid("a JSON object is expected")),
    }
}

/// The query parameters, each known to the operation and given once, and all that it requires.
fn query(request: &Request, operation: &Operation) -> Result<Vec<(String, String)>, Problem> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        if !operation.takes(&name) {
            return Err(Problem::query(&name, "it is not known here"));
        }
        if found.iter().any(|(known, _)| *known == name) {
            return Err(Problem::query(&name, "it is given twice"));
        }
        found.push((name.into_owned(), value.into_owned()));
    }
    let required =
        operation.parameters.iter().filter(|parameter| parameter.place == Place::Query && parameter.required);
    for parameter in required {
        if !found.iter().any(|(name, _)| *name == parameter.name) {
            return Err(Problem::query(&parameter.name, "it is required"));
        }
    }
    Ok(found)
}

/// What stands before `path` in the path that the client asked for.
pub(crate) fn prefix<'a>(asked: &'a str, path: &str) -> &'a str {
    let prefix = asked.strip_suffix(path).unwrap_or(asked);
    prefix.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_what_the_application_nests_under() {
        for (asked, path, expected) in [
            ("/users", "/users", ""),
            ("/", "/", ""),
            ("/api/v/users/", "/users/", "/api/v"),
            ("/api", "/", "/api"),
            ("/api/", "/", "/api"),
        ] {
            assert_eq!(prefix(asked, path), expected, "{asked} {path}");
        }
    }
}
