use std::path::{Path, PathBuf};

use crate::{ConnectOptions, Error, Result, Vsg, capture, journal};

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

pub(crate) async fn backup(vsg: &Vsg, path: &Path) -> Result<()> {
    vsg.seal().await?;
    vsg.backend().copy_to(vsg.db(), path).await
}

/// The file is made ready first: checked, its catalog brought to this version, its tables enabled where they were not,
/// its history proven. Only then does it take the place of the database, in one transaction.
pub(crate) async fn restore(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<Restored> {
    let live = vsg.file().await?.ok_or_else(|| Error::UnsupportedDatabase {
        reason: "a backup can only take the place of a database that is kept in a file".into(),
    })?;
    let path = tokio::fs::canonicalize(path).await.map_err(Error::file("the backup"))?;
    if tokio::fs::canonicalize(&live).await.is_ok_and(|live| live == path) {
        return Err(damaged("it is the database itself"));
    }
    let bytes = tokio::fs::metadata(&path).await.map_err(Error::file("the backup"))?.len();
    if let Some(reason) = vsg.backend().check_copy(vsg.db(), &path, options.integrity_check).await? {
        return Err(damaged(reason));
    }
    prepare(vsg, &path, options).await?;
    if options.dry_run {
        return Ok(Restored { restored: false, bytes });
    }
    // Once begun it goes on to its end, even if the caller stops waiting: half of it would leave a stale catalog.
    let vsg = vsg.clone();
    let replacing = tokio::spawn(async move { replace(&vsg, &path).await });
    replacing.await.map_err(|error| Error::Database(sea_orm::DbErr::Custom(error.to_string())))??;
    Ok(Restored { restored: true, bytes })
}

async fn replace(vsg: &Vsg, path: &Path) -> Result<()> {
    // Nobody seals with a catalog that is about to change.
    let _turn = vsg.sealing_turn().await;
    vsg.backend().restore_from(vsg.db(), path).await?;
    vsg.boundaries().begin_anew();
    vsg.reload().await
}

async fn prepare(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<()> {
    let path = path.to_str().ok_or_else(|| damaged("its path is no UTF-8"))?;
    let url = format!("sqlite://{}?mode=rw", path.replace('%', "%25").replace('?', "%3f").replace('#', "%23"));
    let connect = ConnectOptions { max_connections: 2, ..ConnectOptions::default() };
    let copy = Vsg::open(&url, &connect).await.map_err(unusable)?;
    let result = examine(vsg, &copy, options).await.map_err(unusable);
    // Closing folds the log into the file, so that the file alone is the database.
    copy.close().await.map_err(unusable)?;
    result
}

async fn examine(vsg: &Vsg, copy: &Vsg, options: &RestoreOptions) -> Result<()> {
    let tables = copy.tables().await?;
    if let Some(missing) = options.required_tables.iter().find(|name| !tables.iter().any(|it| it.table == **name)) {
        return Err(damaged(format!("it holds no table `{missing}`")));
    }
    for tracked in vsg.all_tracked() {
        let name = tracked.name();
        if tables.iter().any(|status| status.table == name && !status.tracked) {
            copy.enable_with(&name, &tracked.policy()).await?;
        }
    }
    repair_triggers(copy).await?;
    let proof = copy.verify().await?;
    match proof.problems.first() {
        None => Ok(()),
        Some(problem) => {
            let place = problem.table.as_deref().map(|table| format!(" of table `{table}`")).unwrap_or_default();
            Err(damaged(format!("its history{place} is not sound: {}", problem.problem)))
        }
    }
}

/// A backup of another version has capture triggers of that version.
async fn repair_triggers(copy: &Vsg) -> Result<()> {
    let txn = capture::begin_write(copy.db(), None).await?;
    for tracked in copy.all_tracked() {
        journal::repair_triggers(&txn, copy.backend(), &tracked).await?;
    }
    Ok(txn.commit().await?)
}

fn damaged(reason: impl Into<String>) -> Error {
    Error::DamagedBackup { reason: reason.into() }
}

/// Whatever goes wrong with the copy says that the copy cannot be used.
fn unusable(error: Error) -> Error {
    match error {
        Error::DamagedBackup { .. } => error,
        Error::Database(source) | Error::Unavailable(source) => damaged(format!("it cannot be used ({source})")),
        other => damaged(format!("it cannot be used: {other}")),
    }
}
