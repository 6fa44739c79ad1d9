use std::{path::PathBuf, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};
use url::Url;

use crate::{Engine, Scene, must};

/// Stands between a program and the server of a scenario, to cut the line.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    up: watch::Sender<bool>,
}

/// Where the server listens.
#[derive(Clone)]
enum Upstream {
    Socket(PathBuf),
    Address(String),
}

impl Proxy {
    /// A line to the server of a scenario.
    pub async fn to(scene: &Scene) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0").await);
        let mut url = must(Url::parse(&scene.url()));
        let upstream = upstream(scene.engine(), &url);
        let port = must(listener.local_addr()).port();
        url.set_query(None);
        url.set_host(Some("127.0.0.1"))
            .and_then(|()| url.set_port(Some(port)).map_err(|()| url::ParseError::InvalidPort))
            .ok();
        let (up, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, upstream.clone(), state.clone()));
            }
        });
        Self { url: url.into(), up }
    }

    /// The URL by which to connect through it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections, and takes no new ones.
    pub async fn cut(&self) {
        self.up.send_replace(false);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.up.send_replace(true);
    }
}

fn upstream(engine: Engine, url: &Url) -> Upstream {
    let asked =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value.as_ref()));
    let port = url.port().unwrap_or(engine.pick(0, 5432, 3306));
    match engine.pick(None, asked("host").map(|dir| dir.join(format!(".s.PGSQL.{port}"))), asked("socket")) {
        Some(path) => Upstream::Socket(path),
        None => Upstream::Address(format!("{}:{port}", url.host_str().unwrap_or("localhost"))),
    }
}

async fn forward(mut client: TcpStream, upstream: Upstream, mut state: watch::Receiver<bool>) {
    let down = async |state: &mut watch::Receiver<bool>| _ = state.wait_for(|up| !up).await;
    if !*state.borrow() {
        return;
    }
    match upstream {
        Upstream::Socket(path) => {
            let mut server = must(UnixStream::connect(path).await);
            tokio::select! { _ = copy_bidirectional(&mut client, &mut server) => {}, () = down(&mut state) => {} }
        }
        Upstream::Address(address) => {
            let mut server = must(TcpStream::connect(address).await);
            tokio::select! { _ = copy_bidirectional(&mut client, &mut server) => {}, () = down(&mut state) => {} }
        }
    }
}
