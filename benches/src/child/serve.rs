use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Stdio,
};

use dbvsg::Versioned;
use dbvsg_web::Bootstrap;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::plain;
use crate::{
    Engine, Error, Result,
    engine::Durability,
    person,
    side::{Side, connect},
};

/// A server that runs in a process of its own, and ends with this.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Starts one of DBVSG's, and waits until it listens.
    pub(crate) async fn versioned(program: &Path, url: &str, durability: Durability) -> Result<Self> {
        Self::start(program, &[url, "serve"], durability).await
    }

    /// Starts one that knows nothing of versions.
    pub(crate) async fn plain(program: &Path, url: &str, durability: Durability) -> Result<Self> {
        Self::start(program, &[url, "serve", "--plain"], durability).await
    }

    async fn start(program: &Path, arguments: &[&str], durability: Durability) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        if durability == Durability::Normal {
            command.arg("--normal");
        }
        let mut child = command.spawn().map_err(Error::file(program))?;
        let mut address = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out)
                .read_line(&mut address)
                .await
                .map_err(Error::io("the server does not tell its address"))?;
        }
        Ok(Self { child, address: address.trim().to_owned() })
    }

    /// Tells it to end, and waits until it has.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await.map_err(Error::io("the server does not end"))?;
        if status.success() { Ok(()) } else { Err(Error::Unexpected(format!("the server ended with {status}"))) }
    }
}

/// Serves until standard input ends.
pub(super) fn run(url: &str, plain: bool, normal: bool) -> Result<()> {
    let durability = if normal { Durability::Normal } else { Durability::Full };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::io("no runtime"))?.block_on(async {
        let failed = || Error::io("the server cannot listen");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let end = async { _ = end.await };
        let ready = || writeln!(std::io::stdout(), "{address}").map_err(failed());
        if plain {
            let db = Side::plain(Engine::of(url)?, url, durability).await?.db();
            ready()?;
            return plain::serve(db, listener, end).await;
        }
        let vsg = connect(url, durability).await?;
        let people = person::Entity::accessor(&vsg);
        ready()?;
        Ok(Bootstrap::new(vsg).mount(people).serve_on(listener, end).await?)
    })
}
