use crate::{Engine, Unit, side::Way, workloads::names};

/// How much more the largest table may cost than the smallest where the cost is to be flat.
const FLAT: f64 = 1.25;

/// A number to reach. Of all figures that it is about, the worst is judged.
pub(super) struct Target {
    /// What it is about.
    pub(super) what: &'static str,
    /// The engines for which it is set.
    pub(super) engines: &'static [Engine],
    /// The names of the figures.
    pub(super) workloads: fn(Engine) -> Vec<String>,
    /// How many rows or changes an operation of theirs is about, where they tell several.
    pub(super) count: Option<u64>,
    /// What is looked at in a figure.
    pub(super) measure: Measure,
    /// What it must be.
    pub(super) bound: Bound,
}

/// What is looked at in a figure.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// Versioned by plain, at every size.
    Ratio,
    /// Versioned by plain, in the largest table.
    RatioOfLargest,
    /// What it is with versions, in the largest table.
    Value(Unit),
    /// What it is with versions in the largest table, by what it is in the smallest.
    Growth,
}

/// What must hold.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

use Bound::{AtLeast, AtMost};
use Engine::{MariaDb, Postgres, Sqlite};

const EVERY: &[Engine] = &Engine::ALL;

/// The numbers to reach.
pub(super) const TARGETS: [Target; 16] = [
    Target {
        what: "single-row write, `synchronous = FULL`, time",
        engines: &[Sqlite],
        workloads: |_| writes(&names::WRITES, ", synchronous FULL"),
        count: None,
        measure: Measure::Ratio,
        bound: AtMost(1.4),
    },
    Target {
        what: "single-row write, `synchronous = NORMAL`, time",
        engines: &[Sqlite],
        workloads: |_| writes(&names::WRITES, ", synchronous NORMAL"),
        count: None,
        measure: Measure::Ratio,
        bound: AtMost(1.7),
    },
    Target {
        what: "updates a second, 1 client",
        engines: &[Postgres],
        workloads: |_| throughput(1),
        count: None,
        measure: Measure::Ratio,
        bound: AtLeast(0.75),
    },
    Target {
        what: "updates a second, 8 clients",
        engines: &[Postgres],
        workloads: |_| throughput(8),
        count: None,
        measure: Measure::Ratio,
        bound: AtLeast(0.65),
    },
    Target {
        what: "updates a second, 1 client",
        engines: &[MariaDb],
        workloads: |_| throughput(1),
        count: None,
        measure: Measure::Ratio,
        bound: AtLeast(0.7),
    },
    Target {
        what: "updates a second, 8 clients",
        engines: &[MariaDb],
        workloads: |_| throughput(8),
        count: None,
        measure: Measure::Ratio,
        bound: AtLeast(0.65),
    },
    Target {
        what: "bulk insert, time",
        engines: EVERY,
        workloads: |_| vec![names::bulk("insert")],
        count: None,
        measure: Measure::Ratio,
        bound: AtMost(2.0),
    },
    Target {
        what: "cost of a commit, largest table / smallest",
        engines: EVERY,
        workloads: |engine| {
            let durabilities = engine.durabilities().iter();
            durabilities.flat_map(|durability| writes(&["update"], durability.suffix())).collect()
        },
        count: None,
        measure: Measure::Growth,
        bound: AtMost(1.1),
    },
    Target {
        what: "full read of the past / of the live table, largest table",
        engines: EVERY,
        workloads: |_| PAST.map(names::full).to_vec(),
        count: None,
        measure: Measure::RatioOfLargest,
        bound: AtMost(1.3),
    },
    Target {
        what: "read by key of the past / of the live table, largest table",
        engines: EVERY,
        workloads: |_| PAST.map(names::by_key).to_vec(),
        count: None,
        measure: Measure::RatioOfLargest,
        bound: AtMost(2.0),
    },
    Target {
        what: "diff of 100 changes in the largest table",
        engines: EVERY,
        workloads: |_| vec![names::DIFF.to_owned()],
        count: Some(100),
        measure: Measure::Value(Unit::Seconds),
        bound: AtMost(0.01),
    },
    Target {
        what: "diff of 100 changes, largest table / smallest",
        engines: EVERY,
        workloads: |_| vec![names::DIFF.to_owned()],
        count: Some(100),
        measure: Measure::Growth,
        bound: AtMost(FLAT),
    },
    Target {
        what: "bytes of history an update, indexes included",
        engines: EVERY,
        workloads: |_| vec![names::HISTORY_BYTES.to_owned()],
        count: None,
        measure: Measure::Value(Unit::Bytes),
        bound: AtMost(300.0),
    },
    Target {
        what: "REST: GET of one row, 8 clients",
        engines: EVERY,
        workloads: |engine| rest("GET", engine),
        count: None,
        measure: Measure::Value(Unit::PerSecond),
        bound: AtLeast(17_000.0),
    },
    Target {
        what: "REST: PUT of one row, 8 clients",
        engines: EVERY,
        workloads: |engine| rest("PUT", engine),
        count: None,
        measure: Measure::Value(Unit::PerSecond),
        bound: AtLeast(4_500.0),
    },
    Target {
        what: "peak memory, ten times the rows / the rows",
        engines: EVERY,
        workloads: |_| names::STREAMED.map(names::memory).to_vec(),
        count: None,
        measure: Measure::Growth,
        bound: AtMost(FLAT),
    },
];

const PAST: [&str; 3] = [names::NEWEST, names::MIDDLE, names::OLDEST];

fn writes(what: &[&str], suffix: &str) -> Vec<String> {
    what.iter().flat_map(|what| Way::ALL.map(|way| names::write(what, way, suffix))).collect()
}

/// On servers, which have one durability.
fn throughput(clients: usize) -> Vec<String> {
    Way::ALL.map(|way| names::throughput(way, clients, "")).to_vec()
}

fn rest(method: &str, engine: Engine) -> Vec<String> {
    engine.durabilities().iter().map(|durability| names::rest(method, durability.suffix())).collect()
}
