use std::path::Path;

use crate::{ConnectOptions, Error, Result, Vsg};

/// How to restore.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// Check everything and change nothing.
    pub dry_run: bool,
    /// Tables that the backup must hold.
    pub required_tables: Vec<String>,
}

impl RestoreOptions {
    /// Checks everything and changes nothing.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
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

pub(crate) async fn backup(vsg: &Vsg, path: &Path) -> Result<()> {
    vsg.seal().await?;
    vsg.backend().copy_to(vsg.db(), path).await
}

/// The file is made ready first: checked, its catalog brought to this version, its tables enabled where they were not,
/// its history proven. Only then does it take the place of the database, in one transaction.
pub(crate) async fn restore(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<Restored> {
    let bytes = tokio::fs::metadata(path).await.map_err(Error::file("the backup"))?.len();
    let damaged = |reason: String| Error::DamagedBackup { reason };
    if let Some(reason) = vsg.backend().check_copy(path).await? {
        return Err(damaged(reason));
    }
    let url = path
        .to_str()
        .map(|path| format!("sqlite://{}?mode=rw", path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")));
    let url = url.ok_or_else(|| damaged("its path is no UTF-8".into()))?;
    let prepared = prepare(vsg, &url, options).await;
    let prepared = match prepared {
        Err(Error::Database(source)) => Err(damaged(format!("it cannot be used ({source})"))),
        other => other,
    };
    prepared?;
    if options.dry_run {
        return Ok(Restored { restored: false, bytes });
    }
    vsg.backend().restore_from(vsg.db(), path).await?;
    vsg.reload().await?;
    Ok(Restored { restored: true, bytes })
}

async fn prepare(vsg: &Vsg, url: &str, options: &RestoreOptions) -> Result<()> {
    let connect = ConnectOptions { max_connections: 2, ..ConnectOptions::default() };
    let copy = Vsg::connect_with(url, &connect).await?;
    let result = examine(vsg, &copy, options).await;
    // Closing folds the log into the file, so that the file alone is the database.
    copy.close().await?;
    result
}

async fn examine(vsg: &Vsg, copy: &Vsg, options: &RestoreOptions) -> Result<()> {
    let tables = copy.tables().await?;
    for required in &options.required_tables {
        if !tables.iter().any(|status| status.table == *required) {
            return Err(Error::DamagedBackup { reason: format!("it holds no table `{required}`") });
        }
    }
    for tracked in vsg.all_tracked() {
        let name = tracked.name();
        if tables.iter().any(|status| status.table == name && !status.tracked) {
            copy.enable_with(&name, &tracked.policy()).await?;
        }
    }
    copy.seal().await?;
    let proof = copy.verify().await?;
    match proof.problems.first() {
        None => Ok(()),
        Some(problem) => Err(Error::DamagedBackup { reason: format!("its history is not sound: {}", problem.problem) }),
    }
}
