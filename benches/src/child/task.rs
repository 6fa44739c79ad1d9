use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use clap::Subcommand;
use dbvsg::{ApplyOptions, ImportMode, Reference, Vsg, transfer::csv};
use futures_util::TryStreamExt;
use tokio::process::Command;

use crate::{Error, Result, person};

/// One thing that is done with all rows.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Task {
    /// Connects, and nothing else: what a process takes at least.
    Connect,
    /// Writes the table as CSV.
    Export { file: PathBuf },
    /// Takes a CSV file in.
    Import { file: PathBuf },
    /// Writes a bundle of the database.
    Backup { file: PathBuf },
    /// Reads what differs between a commit and now.
    Diff { from: String },
    /// Puts the rows of a commit over those of now.
    Merge { reference: String },
    /// Takes the newest commit back.
    Rollback,
}

impl Task {
    /// As the program takes it.
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Connect => vec!["connect".into()],
            Self::Export { file } => vec!["export".into(), file.into()],
            Self::Import { file } => vec!["import".into(), file.into()],
            Self::Backup { file } => vec!["backup".into(), file.into()],
            Self::Diff { from } => vec!["diff".into(), from.into()],
            Self::Merge { reference } => vec!["merge".into(), reference.into()],
            Self::Rollback => vec!["rollback".into()],
        }
    }

    /// Does it; returns of how many rows it was, where that is told.
    async fn done(&self, vsg: &Vsg) -> Result<u64> {
        let options = ApplyOptions::table(person::TABLE);
        match self {
            Self::Connect => Ok(0),
            Self::Export { file } => {
                let parts = csv::export(vsg, person::TABLE, None).await?;
                let lines = write(file, parts).await?;
                Ok(lines - 1)
            }
            Self::Import { file } => {
                let opened = std::fs::File::open(file).map_err(Error::file(file))?;
                Ok(csv::import(vsg, "ann", person::TABLE, opened, ImportMode::Insert, |_| {}).await?.rows)
            }
            Self::Backup { file } => {
                vsg.backup(file).await?;
                Ok(0)
            }
            Self::Diff { from } => {
                let (from, to) = (Reference::try_from(from)?, Reference::Head { back: 0 });
                let mut rows = std::pin::pin!(vsg.diff(person::TABLE, &from, &to).await?);
                let mut count = 0;
                while rows.try_next().await?.is_some() {
                    count += 1;
                }
                Ok(count)
            }
            Self::Merge { reference } => Ok(vsg.merge("ann", reference, &options).await?.rows()),
            Self::Rollback => Ok(vsg.rollback("ann", &options).await?.rows()),
        }
    }
}

/// Writes a stream to a file; returns how many lines it had.
async fn write(path: &Path, parts: impl futures_util::Stream<Item = dbvsg::Result<Vec<u8>>>) -> Result<u64> {
    let (mut parts, mut lines) = (std::pin::pin!(parts), 0);
    let mut file = std::fs::File::create(path).map_err(Error::file(path))?;
    while let Some(part) = parts.try_next().await? {
        lines += part.iter().filter(|byte| **byte == b'\n').count() as u64;
        file.write_all(&part).map_err(Error::file(path))?;
    }
    Ok(lines)
}

/// Lets a process do it; returns of how many rows it was, and how many bytes of memory it took at most.
pub(crate) async fn perform(program: &Path, url: &str, task: &Task) -> Result<(u64, u64)> {
    let mut command = Command::new(program);
    command.arg(url).args(task.arguments());
    // What the allocator keeps apart for each thread is not the task's, and differs from run to run.
    command.env("MALLOC_ARENA_MAX", "1").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(Error::file(program))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(rows)), Some(Ok(bytes))) if output.status.success() => Ok((rows, bytes)),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(Error::Unexpected(format!("the process of {task:?} ended with {}: {}", output.status, said.trim())))
        }
    }
}

/// Does it in this process, and prints of how many rows it was and how many bytes of memory it took at most.
pub(super) fn run(url: &str, task: &Task) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::io("no runtime"))?.block_on(async {
        let vsg = Vsg::connect(url).await?;
        let rows = task.done(&vsg).await?;
        vsg.close().await?;
        writeln!(std::io::stdout(), "{rows} {}", peak()?).map_err(Error::io("nobody listens"))
    })
}

/// The most memory that this process ever had, in bytes.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(Error::file("/proc/self/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.map(|kib: u64| kib << 10).ok_or_else(|| Error::Unexpected("the kernel tells no peak memory".to_owned()))
}
