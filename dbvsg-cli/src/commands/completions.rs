use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{
    arguments::Arguments,
    failure::{Exit, Failure},
};

/// Print a script that lets a shell complete this command.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg completions bash > ~/.local/share/bash-completion/completions/dbvsg")]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "dbvsg", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Exit::Fine)
    }
}
