use std::{
    fs,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How often a sync is timed.
const SYNCS: usize = 51;

/// The machine of a run. What a system does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The model of its processors.
    pub cpu: String,
    /// How many cores a program may use.
    pub cores: usize,
    /// Its memory, in GiB.
    pub memory_gib: f64,
    /// The release of its kernel.
    pub kernel: String,
    /// The median time, in microseconds, of appending 4 KiB to a file and syncing it: the least that a durable commit can
    /// take.
    pub sync_micros: f64,
}

impl Machine {
    /// Looks at this one; syncs are timed in a folder.
    pub(crate) fn look(folder: &Path) -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib: f64 = value(&memory, "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
        Ok(Self {
            cpu: value(&cpu, "model name").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gib: (kib / (1 << 20) as f64 * 10.0).round() / 10.0,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            sync_micros: sync(folder)?.as_secs_f64() * 1e6,
        })
    }
}

/// What follows the first `name:` of a text.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let values = text.lines().filter_map(|line| line.split_once(':'));
    values.into_iter().find(|(key, _)| key.trim() == name).map_or("", |(_, value)| value.trim())
}

fn sync(folder: &Path) -> Result<Duration> {
    let mut file = tempfile::tempfile_in(folder).map_err(Error::file(folder))?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).map_err(Error::file(folder))?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(took[SYNCS / 2])
}
