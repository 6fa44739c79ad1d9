//! A SQLite database as the file that it is kept in.

use std::path::{Path, PathBuf};

use super::backup::{damaged, unsound};
use crate::{ConnectOptions, Error, RestoreOptions, Result, Vsg, capture, detached::detached, journal};

/// The file is made ready first: checked, its catalog brought to this version, its tables enabled where they were not,
/// its history proven. Only then does it take the place of the database, in one transaction.
pub(super) async fn restore(vsg: &Vsg, path: &Path, options: &RestoreOptions) -> Result<()> {
    let live = vsg.file().await?.ok_or_else(|| Error::UnsupportedDatabase {
        reason: "a backup can only take the place of a database that is kept in a file".into(),
    })?;
    let path: PathBuf = tokio::fs::canonicalize(path).await.map_err(Error::file("the backup"))?;
    if tokio::fs::canonicalize(&live).await.is_ok_and(|live| live == path) {
        return Err(damaged("it is the database itself"));
    }
    if let Some(reason) = vsg.backend().check_copy(vsg.db(), &path, options.integrity_check).await? {
        return Err(damaged(reason));
    }
    prepare(vsg, &path, options).await?;
    if options.dry_run {
        return Ok(());
    }
    // Half of it would leave a stale catalog.
    let vsg = vsg.clone();
    detached(async move { replace(&vsg, &path).await }).await
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
    unsound(&copy.verify().await?).map_or(Ok(()), Err)
}

/// A backup of another version has capture triggers of that version.
async fn repair_triggers(copy: &Vsg) -> Result<()> {
    let txn = capture::begin_write(copy.db(), None).await?;
    for tracked in copy.all_tracked() {
        journal::repair_triggers(&txn, copy.backend(), &tracked).await?;
    }
    Ok(txn.commit().await?)
}

/// Whatever goes wrong with the copy says that the copy cannot be used.
fn unusable(error: Error) -> Error {
    match error {
        Error::DamagedBackup { .. } => error,
        Error::Database(source) | Error::Unavailable(source) => damaged(format!("it cannot be used ({source})")),
        other => damaged(format!("it cannot be used: {other}")),
    }
}
