//! Whole copies.

use std::path::Path;

use futures_util::Stream;

use super::Vsg;
use crate::{RestoreOptions, Restored, Result, transfer};

impl Vsg {
    /// Writes a consistent copy of the database into a new file, while others go on writing: on SQLite a copy of its file,
    /// elsewhere, and wherever `path` ends in `.zip`, a bundle as [`Vsg::bundle`] gives it.
    ///
    /// # Errors
    /// If the file exists or cannot be written; nothing is left of it then.
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<()> {
        transfer::backup(self, path.as_ref()).await
    }

    /// The whole database as a zip, in parts: schema, rows, histories, journal and digests, all from one moment and in a
    /// documented format. Memory does not grow with it. The stream holds a read transaction and ends it when it is dropped;
    /// what goes wrong after it began breaks it off.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if there is no free connection, or a history is being altered.
    pub async fn bundle(&self) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send + 'static> {
        transfer::bundle(self).await
    }

    /// Puts a backup in place of the database, all or nothing, under live traffic. It is checked first: its digests, and
    /// its history as a whole. Tables that are tracked here and not in the backup are enabled anew.
    ///
    /// The copy of a SQLite file replaces the whole file, and is changed by being checked. A bundle replaces the rows of the tables it
    /// holds and the journal; a table that is missing is made, one that the bundle does not hold keeps its rows.
    ///
    /// # Errors
    /// [`Error::DamagedBackup`](crate::Error::DamagedBackup) if it is not usable or not for this database,
    /// [`Error::Unavailable`](crate::Error::Unavailable) if writers do not let go in time; the database is as before then.
    pub async fn restore(&self, path: impl AsRef<Path>, options: &RestoreOptions) -> Result<Restored> {
        transfer::restore(self, path.as_ref(), options).await
    }
}
