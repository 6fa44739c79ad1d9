//! `cargo bench -p dbvsg-benches -- --help`

use std::{io::Write, path::Path, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    match dbvsg_benches::main(Path::new(env!("CARGO_BIN_EXE_dbvsg-bench-child"))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(std::io::stderr(), "error: {}", error.chain());
            ExitCode::FAILURE
        }
    }
}
