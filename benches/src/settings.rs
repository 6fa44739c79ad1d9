use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::Engine;

/// What a run measures.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The engine.
    pub engine: Engine,
    /// On a server, where databases can be made.
    pub server: Option<String>,
    /// The sizes of the table, in rows.
    pub sizes: Vec<u64>,
    /// The workloads, in the order of [`Workload`].
    pub workloads: Vec<Workload>,
    /// How much of each.
    pub scale: Scale,
    /// The folder of the results.
    pub results: PathBuf,
    /// The program of [`crate::child`].
    pub child: PathBuf,
    /// How the run was asked for.
    pub command: String,
}

/// How long and how much is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// How long two things take turns.
    #[serde(with = "milliseconds")]
    pub turns: Duration,
    /// How long a round of many clients lasts.
    #[serde(with = "milliseconds")]
    pub round: Duration,
    /// Rows of a bulk write.
    pub bulk: u64,
    /// Changes between two commits that are compared.
    pub changes: Vec<u64>,
    /// Commits that are sealed at once, and updates whose bytes are counted.
    pub commits: u64,
    /// The largest table that is copied as JSON at each write.
    pub copied: u64,
    /// The sizes at which memory is measured.
    pub memory: Vec<u64>,
}

impl Scale {
    /// As published.
    pub fn full(engine: Engine) -> Self {
        // Its row triggers take minutes for a million changes.
        let memory = engine.pick([100_000, 1_000_000], [100_000, 1_000_000], [30_000, 300_000]);
        Self {
            turns: Duration::from_secs(4),
            round: Duration::from_secs(1),
            bulk: 10_000,
            changes: vec![1, 100, 10_000],
            commits: 2000,
            copied: 100_000,
            memory: memory.to_vec(),
        }
    }

    /// To see that something has become better or worse by much.
    pub fn quick() -> Self {
        Self {
            turns: Duration::from_secs(1),
            round: Duration::from_millis(300),
            bulk: 10_000,
            changes: vec![1, 100, 10_000],
            commits: 500,
            copied: 10_000,
            memory: vec![10_000, 100_000],
        }
    }
}

/// A group of things that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    /// Reads of one row and of all, live and in the past.
    Reads,
    /// Diffs of two commits.
    Diffs,
    /// Rollbacks and their dry runs.
    Rollbacks,
    /// Row histories and pages of the log.
    Histories,
    /// Single-row inserts, updates and deletes.
    Writes,
    /// Updates a second, of one client and of eight.
    Throughput,
    /// Inserts, updates and deletes of many rows in one transaction.
    Bulk,
    /// Bytes of history an update.
    Bytes,
    /// What an application would do without DBVSG.
    Naive,
    /// Requests a second to the server.
    Rest,
    /// Sealing and the proof.
    Proof,
    /// Peak memory of what goes through all rows.
    Memory,
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
