//! A command at work: the database, who asks, and where the answer goes.

use std::path::Path;

use dbvsg::{Author, CommitId, Reference, Vsg};
use dbvsg_web::{Api, Bootstrap};
use futures_util::StreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::{
    Endpoint, Request,
    http::{HeaderValue, Method, StatusCode},
};
use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::OnceCell;

use crate::{
    arguments::Arguments,
    failure::{Exit, Failure},
    output::{Array, Screen},
};

/// The most items that a call of the REST interface lists.
const PAGE: u64 = 1000;

/// What stays as it is in a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) struct Session {
    pub(crate) vsg: Vsg,
    /// Who asks.
    pub(crate) author: Author,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
    pub(crate) screen: Screen,
    api: OnceCell<Api>,
}

impl Session {
    /// Connects as the arguments say.
    pub(crate) async fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let url = arguments.url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
            Failure::Usage("which database? Give --url or set DATABASE_URL, for example to sqlite://app.db".into())
        })?;
        let mut session = Self::connect(url, arguments.actor.as_deref()).await?;
        session.json = arguments.json;
        Ok(session)
    }

    /// Connects to a database that is there.
    pub(crate) async fn connect(url: &str, actor: Option<&str>) -> Result<Self, Failure> {
        expect_file(url)?;
        let actor = match actor {
            Some(actor) => actor.to_owned(),
            None => whoami::username().unwrap_or_else(|_| "unknown".into()),
        };
        let vsg = Vsg::connect(url).await?;
        Ok(Self { vsg, author: Author::new(actor), json: false, screen: Screen::new(), api: OnceCell::new() })
    }

    pub(crate) async fn close(self) {
        // The answer is out, and what a command changes is committed before it answers.
        _ = self.vsg.close().await;
    }

    /// Writes a value as the JSON that it has in the REST interface.
    pub(crate) fn show_json(&self, value: &impl Serialize) -> Result<Exit, Failure> {
        let text = serde_json::to_string(value).map_err(std::io::Error::other)?;
        self.screen.line(text)?;
        Ok(Exit::Fine)
    }

    /// Answers with what a call of the REST interface answers.
    pub(crate) async fn show_call(&self, call: Call) -> Result<Exit, Failure> {
        let mut answer = self.call(call).await?;
        while let Some(part) = answer.next().await {
            self.screen.bytes(&part.map_err(std::io::Error::other)?)?;
        }
        self.screen.bytes(b"\n")?;
        Ok(Exit::Fine)
    }

    /// What a call of the REST interface answers, read whole.
    pub(crate) async fn call_json(&self, call: Call) -> Result<Json, Failure> {
        let mut whole = Vec::new();
        let mut answer = self.call(call).await?;
        while let Some(part) = answer.next().await {
            whole.extend_from_slice(&part.map_err(std::io::Error::other)?);
        }
        Ok(serde_json::from_slice(&whole).map_err(std::io::Error::other)?)
    }

    /// What a list of the REST interface has, as many items as are wanted, page by page.
    pub(crate) async fn each(
        &self,
        call: Call,
        wanted: u64,
        mut take: impl FnMut(Json) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut taken = 0;
        while taken < wanted {
            let limit = PAGE.min(wanted - taken);
            let page = self.call_json(call.clone().with("limit", Some(limit)).with("offset", Some(taken))).await?;
            let Json::Array(items) = page else { break };
            let found = items.len() as u64;
            items.into_iter().try_for_each(&mut take)?;
            taken += found;
            if found < limit {
                break;
            }
        }
        Ok(())
    }

    /// Answers with what a list of the REST interface has.
    pub(crate) async fn show_list(&self, call: Call, wanted: u64) -> Result<Exit, Failure> {
        let mut array = Array::new(&self.screen);
        self.each(call, wanted, |item| array.push(&item)).await?;
        array.end()
    }

    /// Makes a call of the REST interface, within this process.
    async fn call(
        &self,
        call: Call,
    ) -> Result<impl futures_util::Stream<Item = Result<Vec<u8>, std::io::Error>> + Unpin + use<>, Failure> {
        let api = self.api.get_or_try_init(|| Bootstrap::new(self.vsg.clone()).build()).await?;
        let answer = api.get_response(call.request(&self.author)?).await;
        let status = answer.status();
        let mut body = answer.into_body().into_bytes_stream();
        if status.is_success() {
            return Ok(body.map(|part| part.map(|part| part.to_vec())).boxed());
        }
        let mut whole = Vec::new();
        while let Some(Ok(part)) = body.next().await {
            whole.extend_from_slice(&part);
        }
        let problem: Json = serde_json::from_slice(&whole).unwrap_or_default();
        if problem.get("conflicts").is_some() {
            self.show_json(&problem)?;
        }
        let detail = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("it was refused").to_owned();
        let exit = match status {
            StatusCode::BAD_REQUEST => Exit::Usage,
            StatusCode::CONFLICT => Exit::Conflict,
            _ => Exit::Problems,
        };
        Err(Failure::Refused { detail, exit })
    }
}

/// The command never creates a database: a URL that names no file is a slip of the finger.
fn expect_file(url: &str) -> Result<(), Failure> {
    let Some(rest) = url.strip_prefix("sqlite:") else { return Ok(()) };
    let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default();
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    if path == ":memory:" || path.is_empty() || Path::new(&*path).is_file() {
        return Ok(());
    }
    let detail = format!("there is no database file `{path}`; this command does not create one");
    Err(Failure::Refused { detail, exit: Exit::Problems })
}

/// A call of the REST interface.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    query: Vec<String>,
    body: Option<Json>,
    author: Option<Author>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), query: Vec::new(), body: None, author: None }
    }

    pub(crate) fn post(path: impl Into<String>, author: Author) -> Self {
        Self { method: Method::POST, author: Some(author), ..Self::get(path) }
    }

    /// Adds a query parameter, if it has a value.
    pub(crate) fn with(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push(format!("{name}={}", segment(&value.to_string())));
        }
        self
    }

    pub(crate) fn body(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }

    fn request(self, caller: &Author) -> Result<Request, Failure> {
        let author = self.author.as_ref().unwrap_or(caller);
        let mut uri = self.path;
        if !self.query.is_empty() {
            uri = format!("{uri}?{}", self.query.join("&"));
        }
        let mut request = Request::builder().method(self.method).header("X-User", header("actor", &author.actor)?);
        if let Some(message) = &author.message {
            request = request.header("X-Reason", header("message", message)?);
        }
        if let Some(parent) = &author.expected_parent {
            request = request.header("X-Parent", header("parent", &parent.to_string())?);
        }
        let uri = uri.parse().map_err(|_| Failure::Usage("this makes a call that is too long".into()))?;
        let request = request.uri(uri);
        Ok(match self.body {
            Some(body) => request.content_type("application/json").body(body.to_string()),
            None => request.finish(),
        })
    }
}

/// A value as part of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn header(what: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| Failure::Usage(format!("with --json the {what} has to fit on one line")))
}

/// The first digits of a commit, as people write it.
pub(crate) fn short(commit: CommitId) -> String {
    commit.to_string().chars().take(8).collect()
}

/// How many are wanted, where 0 means all.
pub(crate) fn all_or(number: u64) -> u64 {
    if number == 0 { u64::MAX } else { number }
}

/// HEAD, where nothing else is asked for.
pub(crate) fn head() -> Reference {
    Reference::Head { back: 0 }
}
