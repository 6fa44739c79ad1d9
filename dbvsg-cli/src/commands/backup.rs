//! Whole copies of the database.

use std::path::PathBuf;

use clap::Args;
use dbvsg::{Error, RestoreOptions};
use serde_json::json;

use super::tables::size;
use crate::{
    confirm::Caution,
    failure::{Exit, Failure},
    output::tell,
    progress::Progress,
    session::Session,
};

/// Copy the whole database, history included, while others go on writing.
///
/// On SQLite the copy is a database file; elsewhere, and for a name that ends in .zip, it is a bundle that this command can
/// restore into a database of the same kind.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg backup monday.sqlite\n  dbvsg backup monday.zip")]
pub(crate) struct Backup {
    /// The file to write; it must not be there yet.
    file: PathBuf,
}

impl Backup {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let working = Progress::new("Copying");
        session.vsg.backup(&self.file).await?;
        drop(working);
        let bytes = std::fs::metadata(&self.file).map_err(Error::file("the backup"))?.len();
        if session.json {
            return session.show_json(&json!({"status": "ok", "file": self.file, "bytes": bytes}));
        }
        session.screen.line(format_args!("{}, {}", self.file.display(), size(bytes as i64)))?;
        Ok(Exit::Fine)
    }
}

/// Put a backup in place of the database. Everything is checked first; all of it is restored, or nothing is changed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg restore-backup monday.zip --dry-run")]
pub(crate) struct RestoreBackup {
    /// What `backup` has written.
    file: PathBuf,
    #[command(flatten)]
    caution: Caution,
}

impl RestoreBackup {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let checking = Progress::new("Checking the backup");
        let checked = session.vsg.restore(&self.file, &RestoreOptions::default().dry_run(true)).await?;
        drop(checking);
        let restored = if self.caution.dry_run {
            checked
        } else {
            tell(format_args!("{} is sound. Everything that came since it was made is lost.", self.file.display()));
            self.caution.asking.confirm(session, "Put it in place of the database?").await?;
            let _working = Progress::new("Restoring");
            session.vsg.restore(&self.file, &RestoreOptions::default()).await?
        };
        if session.json {
            let answer = json!({"status": "ok", "restored": restored.restored, "bytes": restored.bytes});
            return session.show_json(&answer);
        }
        session.screen.line(if restored.restored { "It is restored." } else { "It can be restored." })?;
        Ok(Exit::Fine)
    }
}
