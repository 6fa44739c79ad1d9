//! One row through time.

use super::Vsg;
use crate::{Blame, Differences, Error, Key, Lineage, Page, Result, Row, Side, history};

impl Vsg {
    /// For each column of a row as it is now, the commit that last set it to what it is. Columns that are not stored, or
    /// whose change alone makes no version, are left out: nobody knows who set those. One query, which reads no further back
    /// than it has to.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if the row is not there; [`Error::NotTracked`].
    pub async fn blame(&self, table: &str, key: &Key) -> Result<Vec<Blame>> {
        self.seal().await?;
        let tracked = self.tracked(table).await?;
        let blame = history::blame(self.db(), self.backend(), &tracked, key).await?;
        blame.ok_or_else(|| Error::UnknownRow { table: table.to_owned(), key: key.to_text(&tracked.table) })
    }

    /// The versions of one row with what each comes from, oldest first. A row that was deleted and came back goes on where
    /// it ended. Two queries.
    ///
    /// # Errors
    /// [`Error::NotTracked`].
    pub async fn lineage(&self, table: &str, key: &Key, limit: u64, offset: u64) -> Result<Page<Lineage>> {
        self.seal().await?;
        let tracked = self.tracked(table).await?;
        history::lineage(self.db(), self.backend(), &tracked, key, limit, offset).await
    }

    /// What differs in one row between two of its versions, or two commits. One query a side once it is resolved.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`]; [`Error::UnknownReference`] for a version that it does not have; [`Error::UnknownRow`] if the
    /// row is there on neither side.
    pub async fn row_diff(&self, table: &str, key: &Key, from: &Side, to: &Side) -> Result<Differences> {
        let (from, to) = (self.row_on(table, key, from).await?, self.row_on(table, key, to).await?);
        let tracked = self.tracked(table).await?;
        if from.is_none() && to.is_none() {
            return Err(Error::UnknownRow { table: table.to_owned(), key: key.to_text(&tracked.table) });
        }
        Ok(Differences::new(&tracked.table, from.as_ref(), to.as_ref()))
    }

    async fn row_on(&self, table: &str, key: &Key, side: &Side) -> Result<Option<Row>> {
        match side {
            Side::At(reference) => self.row_at(table, key, reference).await,
            Side::Version(number) => {
                self.seal().await?;
                let tracked = self.tracked(table).await?;
                history::row_of_version(self.db(), self.backend(), &tracked, key, *number).await
            }
        }
    }
}
