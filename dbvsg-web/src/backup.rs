//! The whole database as a file or a bundle: out, and back in. Neither is ever held in memory.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use dbvsg::{Error, RestoreOptions, Restored, Vsg};
use futures_util::{Stream, StreamExt, TryStreamExt};
use poem::{
    Body, FromRequest, Request, RequestBody,
    http::header,
    web::{Field, Multipart},
};
use tempfile::TempDir;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt, BufWriter},
};
use tokio_util::{bytes::Bytes, io::ReaderStream};

use crate::{body, problem::Problem};

/// How much is read at a time.
const PART: usize = 128 << 10;
/// How much is gathered before it is written to disk.
const GATHERED: usize = 1 << 20;
/// The field of the form that holds the file.
const FIELD: &str = "file";

/// A copy of the database on its way out.
pub(crate) struct Copy {
    /// Its size.
    pub(crate) bytes: u64,
    /// What it holds.
    pub(crate) body: Body,
}

/// A consistent copy of a SQLite database. The file behind it is gone once the body is, read to its end or not.
///
/// # Errors
/// [`Error::UnsupportedDatabase`] on other engines, [`Error::File`] if there is no room for it.
pub(crate) async fn download(vsg: &Vsg) -> dbvsg::Result<Copy> {
    // Beside the database, where there is room for one more; a database in memory has no such place.
    let folder = match sqlite_file(vsg).await? {
        Some(file) => folder_beside(&file, ".dbvsg-backup-"),
        None => tempfile::tempdir(),
    };
    let folder = folder.map_err(Error::file("a temporary folder"))?;
    let path = folder.path().join("backup.sqlite");
    vsg.backup(&path).await?;
    let file = File::open(&path).await.map_err(Error::file("the backup"))?;
    let bytes = file.metadata().await.map_err(Error::file("the backup"))?.len();
    Ok(Copy { bytes, body: Body::from_bytes_stream(read(file, folder)) })
}

/// The content of a file, whose folder lasts as long.
fn read(file: File, folder: TempDir) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    ReaderStream::with_capacity(file, PART).map(move |part| {
        let _kept = &folder;
        part
    })
}

/// A bundle of the database, packed while it is read.
///
/// # Errors
/// If the database cannot be read. What goes wrong later breaks the stream off.
pub(crate) async fn bundle(vsg: &Vsg) -> dbvsg::Result<impl Stream<Item = dbvsg::Result<Vec<u8>>> + Send + 'static> {
    let parts = vsg.bundle().await?;
    Ok(parts.inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "a bundle broke off")))
}

/// Restores the database from the file in a form, of either kind.
///
/// # Errors
/// 400 for a body that is no form, 409 for a database in memory, 413 beyond `limit`, 422 if the form holds no file or the file
/// cannot be used.
pub(crate) async fn upload(
    vsg: &Vsg,
    content_type: Option<&str>,
    body: Body,
    limit: u64,
    options: RestoreOptions,
) -> Result<Restored, Problem> {
    let folder = match vsg.file().await? {
        Some(live) => folder_beside(&live, ".dbvsg-restore-"),
        None => tempfile::tempdir(),
    };
    let folder = folder.map_err(Error::file("a temporary folder"))?;
    let path = folder.path().join("upload");
    receive(content_type, body, limit, &path).await?;
    let vsg = vsg.clone();
    // A client that goes away stops waiting, not the restore.
    let restoring = tokio::spawn(async move {
        let restored = vsg.restore(&path, &options).await;
        drop(folder);
        restored
    });
    let restored = restoring.await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a restore did not end");
        Problem::internal()
    })?;
    Ok(restored?)
}

/// The file of the database, if it is in one.
async fn sqlite_file(vsg: &Vsg) -> dbvsg::Result<Option<PathBuf>> {
    if vsg.engine() != "sqlite" {
        let reason = "only a SQLite database can be copied as a file; /db/backup.zip gives a bundle of any".into();
        return Err(Error::UnsupportedDatabase { reason });
    }
    vsg.file().await
}

/// A folder on the same disk, for one file and what SQLite puts beside it.
fn folder_beside(file: &Path, prefix: &str) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(file.parent().unwrap_or(Path::new(".")))
}

/// Writes the one file of a form to `path`.
async fn receive(content_type: Option<&str>, body: Body, limit: u64, path: &Path) -> Result<(), Problem> {
    let refused = Refused::default();
    let malformed = || Problem::unreadable("the body is no multipart form, or it ended too early");
    let mut form = form(content_type, refused.watch(body::limited(body, limit))).await?;
    let mut found = false;
    while let Some(field) = form.next_field().await.map_err(|_| refused.take().unwrap_or_else(malformed))? {
        match (field.name() == Some(FIELD), found) {
            (true, true) => return Err(Problem::invalid("the form has more than one `file`").field(FIELD)),
            (true, false) => {
                found = true;
                write(field, path).await.map_err(|failure| match failure {
                    Failure::Read => refused.take().unwrap_or_else(malformed),
                    Failure::Write(source) => Error::file("the upload")(source).into(),
                })?;
            }
            // What is left of a field is skipped with it.
            (false, _) => {}
        }
    }
    if found { Ok(()) } else { Err(Problem::invalid("the form has no field `file`").field(FIELD)) }
}

async fn form(content_type: Option<&str>, body: Body) -> Result<Multipart, Problem> {
    let expected = || Problem::header("Content-Type", "`multipart/form-data` with a boundary is expected");
    let request = Request::builder().header(header::CONTENT_TYPE, content_type.ok_or_else(expected)?).finish();
    Multipart::from_request(&request, &mut RequestBody::new(body)).await.map_err(|_| expected())
}

enum Failure {
    Read,
    Write(io::Error),
}

async fn write(field: Field, path: &Path) -> Result<(), Failure> {
    let mut file = BufWriter::with_capacity(GATHERED, File::create(path).await.map_err(Failure::Write)?);
    let mut content = field.into_async_read();
    let mut part = vec![0; PART];
    loop {
        match content.read(&mut part).await.map_err(|_| Failure::Read)? {
            0 => break,
            read => file.write_all(&part[..read]).await.map_err(Failure::Write)?,
        }
    }
    file.shutdown().await.map_err(Failure::Write)
}

/// Why reading a body was refused; the form reader would only tell that it was.
#[derive(Clone, Default)]
struct Refused(Arc<Mutex<Option<Problem>>>);

impl Refused {
    fn take(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn watch<P>(&self, parts: impl Stream<Item = Result<P, Problem>> + Send + 'static) -> Body
    where
        P: std::ops::Deref<Target = [u8]>,
    {
        let refused = self.0.clone();
        Body::from_bytes_stream(parts.map(move |part| {
            part.map(|part| part.to_vec()).map_err(|problem| {
                *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
                io::Error::other("the body was refused")
            })
        }))
    }
}

#[cfg(test)]
mod tests;
