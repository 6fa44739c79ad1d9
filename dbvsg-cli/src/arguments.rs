//! What is common to all commands: which database, who, and in which form the answer comes.

use clap::{Args, Parser};
use dbvsg::{Author, Reference, model::time};

use crate::commands::Command;

/// Version control for the tables you already have.
///
/// DBVSG keeps every version of every row of the tables that it tracks, whoever writes to them, and gives each transaction a
/// commit. Begin with `dbvsg enable --all`, change something with any program, and look at `dbvsg log`.
///
/// A <REF> names a commit: its id or 7 digits of it, HEAD, HEAD~2, a tag, or a moment such as 2026-01-31T12:00:00Z. With a
/// table in the call, HEAD and ~2 count the commits that touched it.
#[derive(Debug, Parser)]
#[command(
    name = "dbvsg",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 fine; 1 problems found, something does not exist, or it was declined; 2 wrong usage; 3 conflict.",
    max_term_width = 110
)]
pub(crate) struct Arguments {
    /// The database, as in sqlite://app.db, postgres://user@host/database or mysql://user@host/database.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Who is recorded as the author of what this command changes [default: the user of the system].
    #[arg(long, value_name = "NAME", env = "DBVSG_ACTOR", hide_env_values = true)]
    pub(crate) actor: Option<String>,
    /// Answer with JSON, in the form of the REST interface.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Who changes something.
#[derive(Args, Debug, Default)]
pub(crate) struct By {
    /// Who is recorded as the author [default: the user of the system].
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

impl By {
    /// The author of a change.
    pub(crate) fn author(&self, author: &Author) -> Author {
        Author { actor: self.actor.clone().unwrap_or_else(|| author.actor.clone()), ..author.clone() }
    }
}

/// Who changes something, why, and on which state.
#[derive(Args, Debug, Default)]
pub(crate) struct Writing {
    /// Why: the message of the commit.
    #[arg(long, short)]
    pub(crate) message: Option<String>,
    /// Do nothing unless HEAD is this commit.
    #[arg(long, value_name = "REF")]
    pub(crate) parent: Option<Reference>,
    #[command(flatten)]
    by: By,
}

impl Writing {
    /// The author of a change, who gives this reason and expects this state.
    pub(crate) fn author(&self, author: &Author) -> Author {
        let mut author = self.by.author(author);
        author.message = self.message.clone();
        author.expected_parent = self.parent.clone();
        author
    }
}

/// A stretch of time.
#[derive(Args, Debug)]
pub(crate) struct Span {
    /// From this moment on, as in 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub(crate) since: Option<Moment>,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub(crate) until: Option<Moment>,
}

/// A moment in UTC.
pub(crate) type Moment = chrono::DateTime<chrono::Utc>;

fn moment(text: &str) -> Result<Moment, String> {
    time::parse(text).ok_or_else(|| "a moment has date, time and offset, as in 2026-01-31T12:00:00Z".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_make_sense() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Arguments::command().get_subcommands() {
            let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(example.contains(&format!("dbvsg {}", command.get_name())), "{}", command.get_name());
        }
    }
}
