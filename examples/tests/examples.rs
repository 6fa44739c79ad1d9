//! Each example runs, and shows what its text says.

use dbvsg_tests::{Engine, Scene, scenarios};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// The example's program, which cargo builds beside this test.
fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join(name)
}

scenarios!(the_quickstart_and_the_life_of_a_table);

fn shown(name: &str) -> String {
    let output = Command::new(program(name)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn hooks() {
    let expected = "committed: Insert\nderived: blue-suede-shoes\nrefused: a price cannot be -1\ncommitted: Update\n\
                    one commit wrote to: articles, bell\ncommits: 2\nhistory is sound: true\n";
    assert_eq!(shown("hooks"), expected);
}

#[test]
fn time_travel() {
    let expected = "now\n  Borges: 1 books, 40 in all\n  Şafak: 1 books, 30 in all\n\
                    one commit ago\n  Borges: 2 books, 76 in all\n  Şafak: 1 books, 30 in all\n\
                    at the opening\n  Borges: 2 books, 38 in all\n  Şafak: 1 books, 15 in all\n\
                    the dearest book was Ficciones\n";
    assert_eq!(shown("time_travel"), expected);
}

/// A running quickstart, ended with the test.
struct Server {
    child: Child,
    url: String,
    greeting: String,
}

impl Server {
    fn start(url: &str, limit: Option<&str>) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program("quickstart"));
        command.env("LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::piped()).env("DATABASE_URL", url);
        if let Some(limit) = limit {
            command.env("MAX_RECORDS", limit);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            greeting += &line;
            greeting += "\n";
            if line.contains("Ctrl-C") {
                break;
            }
        }
        let server = Self { child, url: format!("http://127.0.0.1:{port}"), greeting };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the quickstart does not listen");
    }

    fn curl(&self, arguments: &[&str]) -> String {
        let path = arguments.last().unwrap();
        let (options, url) = (&arguments[..arguments.len() - 1], format!("{}{path}", self.url));
        let output = Command::new("curl").args(["-sS"]).args(options).arg(url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn etl_safety_net() {
    let text = shown("etl_safety_net");
    for expected in [
        "  1 added, 9 removed, 991 changed\n",
        "from 100 to 105 cents\n",
        "EXTERNAL  by external  +0 ~999 -0\n",
        "EXTERNAL  by external  +0 ~0 -9\n",
        "to be taken back: 9 rows, 0 conflicts\n",
        "to be taken back: 999 rows, 0 conflicts\n",
        "left of it: 1 row(s) differ, the new article\nhistory is sound: true\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
}

async fn the_quickstart_and_the_life_of_a_table(engine: Engine) {
    let scene = Scene::new(engine).await;
    let server = Server::start(&scene.url(), None);
    assert_eq!(server.greeting.matches("  curl ").count(), 5);
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/flow.sh");
    let output = Command::new(flow).arg(&server.url).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "Amélie",
        "\"age\":33",
        "\"age\":34",
        "\"age\":21",
        "birthday",
        "a new colleague",
        "\"fields\":{\"age\":",
        "\"operation\":\"CHECKOUT\"",
        "\"operation\":\"ROLLBACK\"",
        "\"operation\":\"RESTORE\"",
        "\"operation\":\"MERGE\"",
        "\"kind\":\"modify_modify\"",
        "\"ok\":true",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let logs = server.curl(&["/vsg/logs?operation=IMPORT"]);
    assert!(logs.contains("\"inserted\":637") && logs.contains("\"inserted\":3503"), "{logs}");
    assert!(server.curl(&["/clients?limit=1"]).contains("جامعة المدينة عجمان"));
    // Stopped and started again, it has the same history and loads nothing twice.
    drop(server);
    let server = Server::start(&scene.url(), Some("3504"));
    assert!(server.curl(&["/users?name=Am%C3%A9lie"]).starts_with("[]"));
    assert!(server.curl(&["/users?name=Am%C3%A9lie&as_of=HEAD~1"]).contains("\"age\":34"));
    let post = |sku: &str| {
        let body = format!("{{\"sku\":\"{sku}\",\"name\":\"x\",\"price\":\"1.50\",\"stock\":1}}");
        server.curl(&[
            "-X",
            "POST",
            "-H",
            "X-User: t",
            "-H",
            "Content-Type: application/json",
            "-d",
            &body,
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
            "/products",
        ])
    };
    assert_eq!((post("a").as_str(), post("b").as_str()), ("201", "409"));
    assert!(server.curl(&["/vsg/verify"]).contains("\"ok\":true"));
}
