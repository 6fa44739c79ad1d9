//! Tables as CSV files: out, and in.

use std::path::{Path, PathBuf};

use clap::Args;
use dbvsg::{
    Error, ImportMode,
    transfer::{csv, export},
};
use serde_json::json;

use crate::{
    arguments::Writing,
    failure::{Exit, Failure},
    output::{COMMIT, STRONG, count, harmless},
    progress::Progress,
    session::{Session, short},
};

/// Write every table as a CSV file, all as they are at one moment.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg export tables.zip\n  dbvsg export tables/")]
pub(crate) struct Export {
    /// A file that ends in .zip, or a folder; neither may hold anything yet.
    to: PathBuf,
}

impl Export {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let is_zip = self.to.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        let working = Progress::new("Writing the tables");
        if is_zip {
            export::file(&session.vsg, &self.to).await?;
        } else {
            export::folder(&session.vsg, &self.to).await?;
        }
        drop(working);
        if session.json {
            return session.show_json(&json!({"status": "ok", "to": self.to}));
        }
        session.screen.line(self.to.display())?;
        Ok(Exit::Fine)
    }
}

/// Read a CSV file with a header line into a tracked table: one commit, all or nothing.
///
/// An empty cell is NULL where the column allows it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  dbvsg import prices prices.csv -m 'the new list'\n  dbvsg import prices - --upsert < prices.csv"
)]
pub(crate) struct Import {
    /// The table.
    table: String,
    /// The file; `-` reads standard input.
    file: PathBuf,
    /// Set the columns of rows that are there already, rather than refuse the file.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    writing: Writing,
}

impl Import {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let file = if self.file == Path::new("-") {
            csv::spool(tokio::io::stdin()).await?
        } else {
            std::fs::File::open(&self.file).map_err(Error::file(self.file.display().to_string()))?
        };
        let mode = if self.upsert { ImportMode::Upsert } else { ImportMode::Insert };
        let working = Progress::new("Reading");
        let progress = |rows| working.say(format!("{} read", count(rows, "row")));
        let author = self.writing.author(&session.author);
        let imported = csv::import(&session.vsg, author, &self.table, file, mode, progress).await?;
        drop(working);
        if session.json {
            return session.show_json(&json!({"imported": imported.rows, "commit": imported.commit}));
        }
        let (rows, table) = (count(imported.rows, "row"), STRONG.paint(harmless(&self.table)));
        match imported.commit {
            Some(commit) => {
                session.screen.line(format_args!("{table}: {rows} read, commit {}", COMMIT.paint(short(commit))))?;
            }
            None => session.screen.line(format_args!("{table}: {rows} read; nothing was changed"))?,
        }
        Ok(Exit::Fine)
    }
}
