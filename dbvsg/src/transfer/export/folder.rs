use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;
use tokio::io::AsyncWriteExt;

use super::names::FileNames;
use crate::{Error, LiveTables, Result, Vsg, transfer::csv};

/// Writes one CSV file a table into a folder that is not there yet, or empty: all of them or none. Returns the files. Memory
/// does not grow with the tables.
///
/// # Errors
/// [`Error::File`] if something is in the folder already, or it cannot be written.
pub async fn folder(vsg: &Vsg, path: &Path) -> Result<Vec<PathBuf>> {
    let failed = || Error::file(format!("the folder {}", path.display()));
    let is_used = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(failed()(error)),
    };
    if is_used {
        return Err(failed()(ErrorKind::DirectoryNotEmpty.into()));
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let half_done = tempfile::Builder::new().prefix(".dbvsg-").tempdir_in(beside).map_err(failed())?;
    let names = fill(&vsg.live_tables().await?, half_done.path()).await?;
    match std::fs::remove_dir(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed()(error)),
        _ => {}
    }
    std::fs::rename(half_done.path(), path).map_err(failed())?;
    // It is not there any more under the name by which it would be removed.
    _ = half_done.keep();
    Ok(names.into_iter().map(|name| path.join(name)).collect())
}

async fn fill(live: &LiveTables, folder: &Path) -> Result<Vec<String>> {
    let (mut names, mut written) = (FileNames::default(), Vec::new());
    for table in live.tables() {
        let name = names.of(&table.name.to_string());
        let failed = || Error::file(format!("the file {name}"));
        let mut file = tokio::fs::File::create_new(folder.join(&name)).await.map_err(failed())?;
        let mut parts = std::pin::pin!(csv::parts(table, live.rows(table)));
        while let Some(part) = parts.try_next().await? {
            file.write_all(&part).await.map_err(failed())?;
        }
        file.sync_all().await.map_err(failed())?;
        written.push(name);
    }
    Ok(written)
}
