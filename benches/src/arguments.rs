use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{Engine, Error, Result, Scale, Settings, Workload, report, run};

/// The sizes of the table that are measured unless others are asked for.
const SIZES: [u64; 3] = [1000, 100_000, 1_000_000];

/// The same for a quick run.
const QUICK_SIZES: [u64; 2] = [1000, 100_000];

/// What versioning costs: each workload on a tracked table against the same table without versions.
#[derive(Debug, Parser)]
#[command(name = "cargo bench -p dbvsg-benches --", max_term_width = 110, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
    #[command(flatten)]
    measure: Measure,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Measure {
    /// The engine.
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    engine: Engine,
    /// Of a server: an account that may create databases [env: DBVSG_BENCH_POSTGRES_URL, DBVSG_BENCH_MYSQL_URL].
    #[arg(long)]
    url: Option<String>,
    /// The sizes of the table, in rows [default: 1000,100000,1000000].
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    sizes: Vec<u64>,
    /// Only these workloads.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WORKLOAD")]
    only: Vec<Workload>,
    /// Less of everything, to see that something has become better or worse by much.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Renders docs/performance.md and its plot from the results that are there.
    Report,
}

/// Reads the arguments, and does what they say. `child` is the program of [`crate::child`].
///
/// # Errors
/// Whatever fails.
pub async fn main(child: &Path) -> Result<()> {
    let arguments = Arguments::parse();
    let project = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let results = project.join("target").join("bench");
    match arguments.command {
        Some(Command::Report) => report::write(&results, &project.join("docs")),
        None => run(&arguments.measure.settings(results, child.to_owned())?).await.map(drop),
    }
}

impl Measure {
    fn settings(self, results: PathBuf, child: PathBuf) -> Result<Settings> {
        let command = self.command();
        let engine = self.engine;
        let variable = engine.pick(None, Some("DBVSG_BENCH_POSTGRES_URL"), Some("DBVSG_BENCH_MYSQL_URL"));
        let server = self.url.or_else(|| variable.and_then(|name| std::env::var(name).ok()));
        if engine == Engine::Sqlite && server.is_some() {
            return Err(Error::Settings("SQLite is measured in files of its own: it takes no --url".to_owned()));
        }
        let sizes = match (self.sizes.is_empty(), self.quick) {
            (false, _) => self.sizes,
            (true, true) => QUICK_SIZES.to_vec(),
            (true, false) => SIZES.to_vec(),
        };
        let workloads = if self.only.is_empty() { Workload::value_variants().to_vec() } else { self.only };
        let scale = if self.quick { Scale::quick() } else { Scale::full(engine) };
        Ok(Settings { engine, server, sizes, workloads, scale, results, child, command })
    }

    /// As it was asked for, without the URL, which can hold a password.
    fn command(&self) -> String {
        let name = |value: &dyn Fn() -> Option<String>| value().unwrap_or_default();
        let mut command = format!("cargo bench -p dbvsg-benches -- --engine {}", self.engine.name());
        if !self.sizes.is_empty() {
            let sizes: Vec<String> = self.sizes.iter().map(u64::to_string).collect();
            command += &format!(" --sizes {}", sizes.join(","));
        }
        if !self.only.is_empty() {
            let only = self
                .only
                .iter()
                .map(|workload| name(&|| workload.to_possible_value().map(|value| value.get_name().to_owned())));
            command += &format!(" --only {}", only.collect::<Vec<_>>().join(","));
        }
        if self.quick {
            command += " --quick";
        }
        command
    }
}
