//! Processes of their own, so that their memory is theirs alone and the server does not share a runtime with its clients.

mod plain;
mod serve;
mod task;

use clap::{Parser, Subcommand};

pub(crate) use serve::Server;
pub(crate) use task::{Task, perform};

use crate::Result;

/// What the program `dbvsg-bench-child` does; whoever measures starts it.
#[derive(Debug, Parser)]
#[command(name = "dbvsg-bench-child")]
struct Arguments {
    /// The database.
    url: String,
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Serves the table until standard input ends, and prints the address.
    Serve {
        /// Whether without DBVSG.
        #[arg(long)]
        plain: bool,
        /// Whether a commit need not survive a power failure.
        #[arg(long)]
        normal: bool,
    },
    /// Does one thing with all rows, and prints of how many rows it was and how many bytes of memory it took at most.
    #[command(flatten)]
    Task(Task),
}

/// Reads the arguments, and does what they say.
///
/// # Errors
/// Whatever fails.
pub fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.work {
        Work::Serve { plain, normal } => serve::run(&arguments.url, plain, normal),
        Work::Task(task) => task::run(&arguments.url, &task),
    }
}
