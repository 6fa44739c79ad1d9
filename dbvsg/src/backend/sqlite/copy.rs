//! Whole-file copies: out with VACUUM INTO, in with SQLite's online backup interface.
//!
//! The backup interface writes all pages in one transaction of the live file, under the eyes of the open pool; a file is
//! never renamed over a database in use, which would mix it with the write-ahead log of the old one.

use std::{
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::statement;
use crate::{Error, Result, model::percent_encode};

/// How long a restore waits for writers to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) async fn file(db: &DatabaseConnection) -> Result<Option<PathBuf>> {
    let row = db.query_one_raw(statement("SELECT file FROM pragma_database_list WHERE name = 'main'")).await?;
    let file: Option<String> = row.map(|row| row.try_get("", "file")).transpose()?.flatten();
    Ok(file.filter(|file| !file.is_empty()).map(PathBuf::from))
}

pub(super) async fn copy_to(db: &DatabaseConnection, path: &Path) -> Result<()> {
    let path = path.to_str().ok_or_else(|| Error::File {
        what: "the backup file".into(),
        source: std::io::Error::other("its path is no UTF-8"),
    })?;
    // As a URI, which says that it is a file: a copy of a database in memory would stay in memory otherwise.
    let uri = format!("file:{}?mode=rwc", percent_encode(path));
    db.execute_unprepared(&format!("VACUUM main INTO '{}'", uri.replace('\'', "''"))).await?;
    Ok(())
}

pub(super) async fn check(db: &DatabaseConnection, path: &Path, whole: bool) -> Result<Option<String>> {
    let row = db.query_one_raw(statement("SELECT encoding FROM pragma_encoding")).await?;
    let encoding: String = row.map(|row| row.try_get("", "encoding")).transpose()?.unwrap_or_default();
    let path = path.to_owned();
    blocking(move || {
        let header = std::fs::File::open(&path).and_then(|mut file| {
            let mut header = [0; MAGIC.len()];
            file.read_exact(&mut header).map(|()| header)
        });
        if header.ok().as_ref().map(<[u8; 16]>::as_slice) != Some(MAGIC) {
            return Ok(Some("it is no SQLite database".into()));
        }
        // Damage shows as an error of any statement, or as text that is not `ok`.
        Ok(examine(&path, &encoding, whole).unwrap_or_else(|error| Some(format!("it is damaged ({error})"))))
    })
    .await
}

fn examine(path: &Path, encoding: &str, whole: bool) -> rusqlite::Result<Option<String>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "trusted_schema", false)?;
    let text = |pragma: &str| db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, String>(0));
    // Connections that are open keep to the encoding that they found, and would fail from then on.
    let own = text("encoding")?;
    if own != encoding {
        return Ok(Some(format!("its text is {own}, and that of this database {encoding}")));
    }
    if !whole {
        return Ok(None);
    }
    let integrity = text("integrity_check(1)")?;
    if integrity != "ok" {
        return Ok(Some(format!("its integrity check says: {integrity}")));
    }
    let mut orphans = db.prepare("PRAGMA foreign_key_check")?;
    let orphan = orphans.query([])?.next()?.map(|row| row.get::<_, String>(0)).transpose()?;
    Ok(orphan.map(|table| format!("rows of its table `{table}` refer to rows that do not exist")))
}

pub(super) async fn restore_from(db: &DatabaseConnection, path: &Path) -> Result<()> {
    let live = file(db).await?.ok_or_else(|| Error::UnsupportedDatabase {
        reason: "a database in memory has no file to restore into".into(),
    })?;
    let source = path.to_owned();
    blocking(move || overwrite(&source, &live)).await
}

fn overwrite(source: &Path, live: &Path) -> Result<()> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let mut target = Connection::open_with_flags(live, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    target.busy_timeout(PATIENCE).map_err(failed)?;
    fit_pages(&source, &target).map_err(failed)?;
    write_all(&source, &mut target)?;
    // The log is folded in and cut. A reader that began before keeps its old view, and this to later.
    let folded = target
        .busy_timeout(Duration::ZERO)
        .and_then(|()| target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(error) = folded {
        tracing::debug!(error = &error as &dyn std::error::Error, "the log is folded in later");
    }
    Ok(())
}

/// Pages of another size cannot be written into a database with a write-ahead log.
fn fit_pages(source: &Connection, target: &Connection) -> rusqlite::Result<()> {
    let size = |db: &Connection| db.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0));
    let wanted = size(target)?;
    if size(source)? != wanted {
        source.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        source.execute_batch(&format!("PRAGMA page_size = {wanted}; VACUUM"))?;
    }
    Ok(())
}

fn write_all(source: &Connection, target: &mut Connection) -> Result<()> {
    let backup = Backup::new(source, target).map_err(failed)?;
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
