//! A server of its own for each scenario, and a client to call it.

use std::net::{SocketAddr, TcpListener};

use dbvsg::Versioned;
use dbvsg_tests::{
    Engine, Scene,
    models::{order, price, user},
};
use dbvsg_web::Bootstrap;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};

/// A server on a port of its own.
pub struct Server {
    pub scene: Scene,
    pub address: SocketAddr,
    end: oneshot::Sender<()>,
    running: JoinHandle<Result<(), dbvsg_web::Error>>,
}

impl Server {
    /// Users, orders and prices on an empty database.
    pub async fn start(engine: Engine) -> Self {
        let scene = Scene::new(engine).await;
        let bootstrap = Bootstrap::new(scene.vsg.clone())
            .mount(user::Entity::accessor(&scene.vsg))
            .mount(order::Entity::accessor(&scene.vsg))
            .mount(price::Entity::accessor(&scene.vsg))
            .create_tables(true);
        Self::with(scene, bootstrap).await
    }

    /// What the scenario put together.
    pub async fn with(scene: Scene, bootstrap: Bootstrap) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let running = tokio::spawn(bootstrap.serve_on(listener, async {
            _ = ended.await;
        }));
        Self { scene, address, end, running }
    }

    /// A call.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    /// Reads JSON that must be there.
    pub async fn json(&self, path: &str) -> Json {
        self.get(path).await.expect(200).json()
    }

    /// A change by `ann`.
    pub async fn write(&self, method: &str, path: &str, body: Json) -> Answer {
        self.call(method, path).header("X-User", "ann").json(&body).send().await
    }

    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.write("POST", path, body).await
    }

    /// A change without a body by `ann`.
    pub async fn order(&self, method: &str, path: &str) -> Answer {
        self.call(method, path).header("X-User", "ann").send().await
    }

    /// Proves the history and stops.
    pub async fn end(self) {
        let proof = self.json("/vsg/verify").await;
        assert_eq!(proof["ok"], true, "{proof}");
        self.end.send(()).unwrap();
        self.running.await.unwrap().unwrap();
        self.scene.end().await;
    }
}

/// A call that is not sent yet.
pub struct Call {
    address: SocketAddr,
    request: Request<Full<Bytes>>,
}

impl Call {
    /// A call of any server.
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path).header("host", "test");
        Self { address, request: request.body(Full::default()).unwrap() }
    }

    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub fn json(self, body: &Json) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    pub async fn send(self) -> Answer {
        let called = format!("{} {}", self.request.method(), self.request.uri());
        let socket = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) = http1::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let (head, body) = sender.send_request(self.request).await.unwrap().into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec());
        Answer { called, status: head.status, headers: head.headers, body: body.unwrap() }
    }
}

/// What a server answered.
pub struct Answer {
    called: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// Goes on only if the status is this one. Errors have to be problems.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.called, self.text());
        if status >= 400 {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.called);
            let problem = self.json();
            assert_eq!(problem["status"], status);
            for field in ["type", "title", "detail"] {
                assert!(!problem[field].as_str().unwrap().is_empty(), "{problem}");
            }
            let text = problem.to_string();
            for leak in ["SELECT", "INSERT", "sqlx", "/tmp", "sqlite", "postgres", "mysql", "MariaDB"] {
                assert!(!text.contains(leak), "{}: {text}", self.called);
            }
        }
        self
    }

    /// Goes on only if it is a problem of this status and kind.
    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Json {
        let problem = self.expect(status).json();
        assert_eq!(problem["type"], format!("urn:dbvsg:{kind}"), "{problem}");
        problem
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.called, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The commit that the call made.
    #[track_caller]
    pub fn commit(&self) -> String {
        self.header("x-commit").unwrap_or_else(|| panic!("{} made no commit", self.called)).to_owned()
    }

    /// How long the list is of which this is a page.
    #[track_caller]
    pub fn total(&self) -> u64 {
        self.header("x-total-count").unwrap_or_else(|| panic!("{} is no list", self.called)).parse().unwrap()
    }
}

/// The values of one field of each item.
#[track_caller]
pub fn each(list: &Json, field: &str) -> Vec<Json> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|item| item[field].clone()).collect()
}
