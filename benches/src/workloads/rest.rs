use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::{SEED, names};
use crate::{
    Error, Figure, Result, Run,
    child::Server,
    measure::{Sample, Turns},
    person,
};

/// How many connections are kept alive.
const CLIENTS: u64 = 8;

/// How many rounds each method has.
const ROUNDS: u32 = 5;

/// What a connection reads at once.
const BUFFER: usize = 4096;

/// Requests a second for one row, to servers in processes of their own: DBVSG's, and one that is no more than poem over SeaORM.
/// The client is as light as it can be, but it shares the cores with them.
pub(crate) async fn rest(run: &mut Run<'_>) -> Result<()> {
    // Other rows and ages in each round, so that each PUT changes something.
    let mut random = fastrand::Rng::with_seed(SEED);
    for durability in run.engine().durabilities() {
        let (tables, program) = (run.middle(), &run.settings.child);
        let size = tables.size;
        let plain = Server::plain(program, &tables.plain, *durability).await?;
        let versioned = Server::versioned(program, &tables.versioned, *durability).await?;
        let round = run.settings.scale.round;
        for method in [Method::Get, Method::Put] {
            let [mut without, mut with] = <[Sample; 2]>::default();
            for turn in Turns::within(round * 2 * ROUNDS) {
                without.add(turn, rate(&plain.address, method, size, round, random.fork()).await?);
                with.add(turn, rate(&versioned.address, method, size, round, random.fork()).await?);
            }
            run.add(Figure::rates(names::rest(method.name(), durability.suffix()), size, &without, &with))?;
        }
        plain.end().await?;
        versioned.end().await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Method {
    Get,
    Put,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        }
    }

    /// A request for a row.
    fn request(self, id: i32, age: i32) -> String {
        let table = person::TABLE;
        match self {
            Self::Get => format!("GET /{table}/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            Self::Put => {
                let (name, email, _, note) = person::values(id.unsigned_abs().into());
                let body = serde_json::json!({ "name": name, "email": email, "age": age, "note": note }).to_string();
                let length = body.len();
                format!(
                    "PUT /{table}/{id} HTTP/1.1\r\nHost: localhost\r\nX-User: ann\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\n\r\n{body}"
                )
            }
        }
    }
}

/// How many requests a second are answered in a round.
async fn rate(address: &str, method: Method, size: u64, round: Duration, mut random: fastrand::Rng) -> Result<f64> {
    let (stop, mut clients) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    let begun = Instant::now();
    for _ in 0..CLIENTS {
        clients.spawn(ask(address.to_owned(), method, size, random.fork(), stop.clone()));
    }
    tokio::time::sleep(round).await;
    stop.store(true, Ordering::Relaxed);
    let mut answers = 0;
    while let Some(client) = clients.join_next().await {
        answers += client.map_err(|_| Error::Unexpected("a client panicked".to_owned()))??;
    }
    Ok(answers as f64 / begun.elapsed().as_secs_f64())
}

/// One client: asks over one connection until it is told to stop, and returns how often.
async fn ask(
    address: String,
    method: Method,
    size: u64,
    mut random: fastrand::Rng,
    stop: Arc<AtomicBool>,
) -> Result<u64> {
    let failed = || Error::io("the server does not answer");
    let mut stream = TcpStream::connect(address).await.map_err(failed())?;
    stream.set_nodelay(true).map_err(failed())?;
    let (mut answers, mut buffer) = (0, Vec::with_capacity(BUFFER));
    while !stop.load(Ordering::Relaxed) {
        let request = method.request(random.i32(1..=size as i32), random.i32(1000..));
        stream.write_all(request.as_bytes()).await.map_err(failed())?;
        buffer.clear();
        let mut length = None;
        while length.is_none_or(|length| buffer.len() < length) {
            if stream.read_buf(&mut buffer).await.map_err(failed())? == 0 {
                return Err(Error::Unexpected("the server hung up".to_owned()));
            }
            length = length.map_or_else(|| answer_length(&buffer), |length| Ok(Some(length)))?;
        }
        answers += 1;
    }
    Ok(answers)
}

/// How long an answer is, with its head, once its head is there; what is not a success is an error.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    let unexpected = |what: &str| Error::Unexpected(format!("the server answers {what}"));
    let httparse::Status::Complete(head) = answer.parse(bytes).map_err(|_| unexpected("no HTTP"))? else {
        return Ok(None);
    };
    if answer.code != Some(200) {
        return Err(unexpected(&String::from_utf8_lossy(bytes)));
    }
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    Ok(Some(head + length.ok_or_else(|| unexpected("without a length"))?))
}
