//! See [`dbvsg_benches::child`].

use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    match dbvsg_benches::child::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(std::io::stderr(), "error: {}", error.chain());
            ExitCode::FAILURE
        }
    }
}
