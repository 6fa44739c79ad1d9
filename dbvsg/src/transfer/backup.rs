use std::{
    io::Read,
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use super::{bundle, file};
use crate::{Error, Result, Verification, Vsg};

/// The first bytes of a zip, and of one that holds nothing.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// How to restore.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// Check everything and change nothing.
    pub dry_run: bool,
    /// Read the whole file for damage first. Without it only its header and its history are checked.
    pub integrity_check: bool,
    /// Tables that the backup must hold.
    pub required_tables: Vec<String>,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self { dry_run: false, integrity_check: true, required_tables: Vec::new() }
    }
}

impl RestoreOptions {
    /// Checks everything and changes nothing.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Whether the whole file is read for damage first.
    #[must_use]
    pub fn integrity_check(mut self, integrity_check: bool) -> Self {
        self.integrity_check = integrity_check;
        self
    }

    /// Refuses a backup without this table.
    #[must_use]
    pub fn require(mut self, table: impl Into<String>) -> Self {
        self.required_tables.push(table.into());
        self
    }
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// Whether the database was replaced; not in a dry run.
    pub restored: bool,
    /// The size of the backup.
    pub bytes: u64,
}

impl Vsg {
    /// The file that holds the database, if it is kept in one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn file(&self) -> Result<Option<PathBuf>> {
        self.backend().file(self.db()).await
    }
}

/// Writes a file beside its place first, so that there is never half of one.
pub(crate) async fn backup(vsg: &Vsg, path: &Path) -> Result<()> {
    if tokio::fs::try_exists(path).await.map_err(Error::file("the backup"))? {
        let taken = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "there is a file of this name");
        return Err(Error::file("the backup")(taken));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new().prefix(".dbvsg-backup-").tempdir_in(parent);
    let folder = folder.map_err(Error::file("a temporary folder"))?;
    let whole = folder.path().join("backup");
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if is_zip || vsg.engine() != "sqlite" {
        write(vsg, &whole).await?;
    } else {
        vsg.seal().await?;
        vsg.backend().copy_to(vsg.db(), &whole).await?;
    }
    let whole = TempPath::try_from_path(whole).map_err(Error::file("the backup"))?;
    // A file that came to be there meanwhile is not written over.
    whole.persist_noclobber(path).map_err(|failed| Error::file("the backup")(failed.error))
}

async fn write(vsg: &Vsg, path: &Path) -> Result<()> {
    let file = tokio::fs::File::create(path).await.map_err(Error::file("the backup"))?;
    let mut file = tokio::io::BufWriter::with_capacity(1 << 20, file);
    let mut parts = std::pin::pin!(bundle::bundle(vsg).await?);
    while let Some(part) = parts.try_next().await? {
        file.write_all(&part).await.map_err(Error::file("the backup"))?;
    }
    file.flush().await.map_err(Error::file("the backup"))?;
    file.get_ref().sync_all().await.map_err(Error::file("the backup"))
}

/// Either kind, told apart by the first bytes.
pub(crate) async fn restore(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<Restored> {
    let bytes = tokio::fs::metadata(path).await.map_err(Error::file("the backup"))?.len();
    let begin = beginning(path).map_err(Error::file("the backup"))?;
    // Boxed, as a future this deep would use up what the compiler allows to whoever awaits it.
    match ZIP.contains(&&begin[..]) {
        true => Box::pin(bundle::restore(vsg, path, options)).await?,
        false if vsg.engine() == "sqlite" => Box::pin(file::restore(vsg, path, options)).await?,
        false => return Err(damaged("it is no bundle, and a database on a server is restored from one")),
    }
    Ok(Restored { restored: !options.dry_run, bytes })
}

fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    std::fs::File::open(path)?.take(ZIP[0].len() as u64).read_to_end(&mut begin)?;
    Ok(begin)
}

pub(super) fn damaged(reason: impl Into<String>) -> Error {
    Error::DamagedBackup { reason: reason.into() }
}

/// The first thing that is wrong with a history, if anything is.
pub(super) fn unsound(proof: &Verification) -> Option<Error> {
    let problem = proof.problems.first()?;
    let place = problem.table.as_deref().map(|table| format!(" of table `{table}`")).unwrap_or_default();
    Some(damaged(format!("its history{place} is not sound: {}", problem.problem)))
}
