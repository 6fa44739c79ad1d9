//! Whole-file copies: out with VACUUM INTO, in with SQLite's online backup interface.
//!
//! The backup interface writes all pages in one transaction of the live file, under the eyes of the open pool; a file is
//! never renamed over a database in use, which would mix it with the write-ahead log of the old one.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::statement;
use crate::{Error, Result};

/// How long a restore waits for writers to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) async fn copy_to(db: &DatabaseConnection, path: &Path) -> Result<()> {
    let path = path.to_str().ok_or_else(|| Error::File {
        what: "the backup file".into(),
        source: std::io::Error::other("its path is no UTF-8"),
    })?;
    let literal = format!("'{}'", path.replace('\'', "''"));
    db.execute_unprepared(&format!("VACUUM main INTO {literal}")).await?;
    Ok(())
}

pub(super) async fn check(path: &Path) -> Result<Option<String>> {
    let path = path.to_owned();
    blocking(move || check_file(&path)).await
}

fn check_file(path: &Path) -> Result<Option<String>> {
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    if read.is_err() || head != *MAGIC {
        return Ok(Some("it is no SQLite database".into()));
    }
    // Damage shows as an error of any of these statements, or as text that is not `ok`.
    let examine = || -> rusqlite::Result<Option<String>> {
        let db =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.pragma_update(None, "trusted_schema", false)?;
        let integrity: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if integrity != "ok" {
            return Ok(Some(format!("its integrity check says: {integrity}")));
        }
        let mut orphans = db.prepare("PRAGMA foreign_key_check")?;
        let orphan = orphans.query([])?.next()?.map(|row| row.get::<_, String>(0)).transpose()?;
        Ok(orphan.map(|table| format!("rows of its table `{table}` refer to rows that do not exist")))
    };
    Ok(examine().unwrap_or_else(|error| Some(format!("it is damaged ({error})"))))
}

pub(super) async fn restore_from(db: &DatabaseConnection, path: &Path) -> Result<()> {
    let row = db.query_one_raw(statement("SELECT file FROM pragma_database_list WHERE name = 'main'")).await?;
    let file: Option<String> = row.map(|row| row.try_get("", "file")).transpose()?;
    let Some(live) = file.filter(|file| !file.is_empty()).map(PathBuf::from) else {
        let reason = "a database in memory has no file to restore into".to_owned();
        return Err(Error::UnsupportedDatabase { reason });
    };
    let source = path.to_owned();
    blocking(move || overwrite(&source, &live)).await?;
    // A reader that began before keeps its old view; the log is folded in as soon as it lets go.
    db.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await?;
    Ok(())
}

fn overwrite(source: &Path, live: &Path) -> Result<()> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let mut target = Connection::open_with_flags(live, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    target.busy_timeout(PATIENCE).map_err(failed)?;
    let backup = Backup::new(&source, &mut target).map_err(failed)?;
    let begun = Instant::now();
    loop {
        // All pages in one step: one lock, one transaction, nothing in between to be seen.
        match backup.step(-1).map_err(failed)? {
            StepResult::Done => return Ok(()),
            _ if begun.elapsed() > PATIENCE => {
                return Err(Error::Unavailable(DbErr::Custom("writers did not let go of the database in time".into())));
            }
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn failed(error: rusqlite::Error) -> Error {
    let busy = matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    );
    let error = DbErr::Custom(error.to_string());
    if busy { Error::Unavailable(error) } else { Error::Database(error) }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Database(DbErr::Custom(error.to_string())))?
}
