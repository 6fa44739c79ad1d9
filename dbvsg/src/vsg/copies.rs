//! Whole copies.

use std::path::Path;

use super::Vsg;
use crate::{RestoreOptions, Restored, Result, transfer};

impl Vsg {
    /// Writes a consistent copy of the database into a new file, while others go on writing.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<()> {
        transfer::backup(self, path.as_ref()).await
    }

    /// Puts a backup in place of the database, all or nothing, under live traffic. The file is checked and its history
    /// proven first, and is changed by that. Tables that are tracked here and not in the backup are enabled in it.
    ///
    /// # Errors
    /// [`Error::DamagedBackup`](crate::Error::DamagedBackup) if it is not usable, [`Error::Unavailable`](crate::Error::Unavailable) if writers do not let go in time; the database
    /// is as before then.
    pub async fn restore(&self, path: impl AsRef<Path>, options: &RestoreOptions) -> Result<Restored> {
        transfer::restore(self, path.as_ref(), options).await
    }
}
