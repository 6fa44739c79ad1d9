//! The program at work on the database of a scenario.

use std::process::{Child, Command, Stdio};

use dbvsg_tests::{Engine, Scene, outside};
use serde_json::Value as Json;

/// A scenario's database, and who runs the program on it.
pub(crate) struct Shell {
    pub(crate) scene: Scene,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    called: String,
}

/// Some people, and what they ordered, made by the engine's own client.
const PEOPLE: [&str; 4] = [
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(40))",
    "INSERT INTO people VALUES (1, 'Ann', 'Oslo'), (2, 'Ben', NULL)",
    "CREATE TABLE orders (person INTEGER REFERENCES people (id), number INTEGER, amount INTEGER, PRIMARY KEY (person, number))",
    "INSERT INTO orders VALUES (1, 1, 9), (1, 2, 3)",
];

impl Shell {
    /// An empty database.
    pub(crate) async fn empty(engine: Engine) -> Self {
        Self { scene: Scene::new(engine).await }
    }

    /// A database with two tables, not tracked yet.
    pub(crate) async fn new(engine: Engine) -> Self {
        let shell = Self::empty(engine).await;
        PEOPLE.iter().for_each(|sql| shell.client(sql));
        shell
    }

    /// The same, tracked.
    pub(crate) async fn tracked(engine: Engine) -> Self {
        let shell = Self::new(engine).await;
        shell.run(&["enable", "--all"]).expect(0);
        shell
    }

    /// Runs SQL in the engine's own client.
    pub(crate) fn client(&self, sql: &str) {
        outside(&self.scene, sql);
    }

    /// Runs the program, as `ann`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        run(arguments, Some(&self.scene.url()), "")
    }

    /// Runs it with something to read.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Answer {
        run(arguments, Some(&self.scene.url()), input)
    }

    /// Runs it for its JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Json {
        let answer = self.run(&[arguments, &["--json"]].concat()).expect(0);
        serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    /// Proves the history, and ends.
    #[track_caller]
    pub(crate) fn end(self) -> impl Future<Output = ()> {
        self.run(&["verify"]).expect(0);
        self.scene.end()
    }
}

/// Starts the program on a database, or on none.
pub(crate) fn begin(arguments: &[&str], url: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbvsg"));
    command.args(arguments).env("DBVSG_ACTOR", "ann").env_remove("DATABASE_URL").env_remove("RUST_LOG");
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str], url: Option<&str>, input: &str) -> Answer {
    let mut child = begin(arguments, url);
    // One that reads nothing may have ended before.
    _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        called: arguments.join(" "),
    }
}

impl Answer {
    /// Ends the scenario unless the program ended so.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "dbvsg {}: {}{}", self.called, self.out, self.err);
        self
    }

    /// Refused, with this exit code and with one line that says this.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, reason: &str) {
        let answer = self.expect(code);
        let line = answer.err.trim_end();
        assert!(line.starts_with("error: ") && !line.contains('\n'), "{line}");
        assert!(line.contains(reason), "{line}");
    }
}

/// Compares what was written with what is expected, whatever the commits are called and when it was.
#[macro_export]
macro_rules! assert_written {
    ($shell:expr, $text:expr, @$expected:literal) => {{
        let outsider = format!(r"\b{}\b", $shell.scene.outsider());
        insta::with_settings!({filters => vec![
            (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "<commit>"),
            (r"\b[0-9a-f]{8}\b", "<id>    "),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d{6})?)?( UTC)?", "<time>"),
            (outsider.as_str(), "<client>"),
            (r" *(\d+ B|\d+(\.\d+)? [KM]iB) *", "  <size>  "),
            (r" +\n", "\n"),
        ]}, {
            // One scenario is played on several engines.
            insta::allow_duplicates! {
                insta::assert_snapshot!(format!("{}\n", $text), @$expected);
            }
        });
    }};
}
