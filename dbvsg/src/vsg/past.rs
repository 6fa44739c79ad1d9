//! The past.

use futures_util::Stream;

use super::Vsg;
use crate::{AsOf, AuditFilter, Change, Error, Key, Page, Reference, Result, Row, RowDiff, Selected, Version, history};

impl Vsg {
    /// The database as it was at a commit: a read-only connection for any SELECT. Three queries, once.
    ///
    /// # Errors
    /// [`Error::MalformedReference`], [`Error::UnknownReference`], [`Error::AmbiguousReference`].
    pub async fn as_of<R>(&self, reference: R) -> Result<AsOf>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        self.as_of_in(None, &reference.try_into()?).await
    }

    /// The same, where HEAD and `~n` count the commits that touched this table.
    ///
    /// # Errors
    /// As [`Vsg::as_of`], [`Error::NotTracked`], [`Error::UnknownReference`] if the table was not tracked yet, and
    /// [`Error::Pruned`] if what it was then was taken away.
    pub async fn as_of_in(&self, table: Option<&str>, reference: &Reference) -> Result<AsOf> {
        let position = self.position(table, reference).await?;
        if let Some(table) = table {
            position.check(&*self.tracked(table).await?)?;
        }
        history::as_of(self, position).await
    }

    /// Runs a query in SQL as it is, of any columns and types: the counterpart of [`AsOf::select`] for the present. One query,
    /// whose rows are read while the stream is.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] for a statement that writes; [`Vsg::execute`] takes it.
    pub async fn select(&self, sql: &str) -> Result<Selected> {
        history::expect_question(sql)?;
        history::select(self.db(), self.backend(), sql.to_owned()).await
    }

    /// The rows of a table at a commit, in key order: all, or some (`limit`, `offset`). One query once it is resolved.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn rows_at(
        &self,
        table: &str,
        reference: &Reference,
        page: Option<(u64, u64)>,
    ) -> Result<impl Stream<Item = Result<Row>> + Send + 'static + use<>> {
        let position = self.position(Some(table), reference).await?;
        let tracked = self.tracked(table).await?;
        position.check(&tracked)?;
        Ok(history::rows_at(self.connection(), self.backend(), tracked, position, page))
    }

    /// How many rows a table had at a commit, soft-deleted ones included. One query once it is resolved.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn count_at(&self, table: &str, reference: &Reference) -> Result<u64> {
        let tracked = self.tracked(table).await?;
        let position = self.position(Some(table), reference).await?;
        position.check(&tracked)?;
        history::count_at(self.db(), self.backend(), &tracked, &position).await
    }

    /// The rows of a table that differ between two commits, in key order. Two queries once both are resolved; the cost grows
    /// with the changes between them, not with the table.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn diff(
        &self,
        table: &str,
        from: &Reference,
        to: &Reference,
    ) -> Result<impl Stream<Item = Result<RowDiff>> + Send + 'static + use<>> {
        let (from, to) = (self.position(Some(table), from).await?, self.position(Some(table), to).await?);
        let tracked = self.tracked(table).await?;
        from.check(&tracked)?;
        to.check(&tracked)?;
        history::diff(self.connection(), self.backend(), tracked, from, to).await
    }

    /// One row at a commit, or none if it was not there. One query once it is resolved.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn row_at(&self, table: &str, key: &Key, reference: &Reference) -> Result<Option<Row>> {
        let position = self.position(Some(table), reference).await?;
        let tracked = self.tracked(table).await?;
        position.check(&tracked)?;
        history::row_at(self.db(), self.backend(), &tracked, key, &position).await
    }

    /// The versions of one row, newest first. Four queries.
    ///
    /// # Errors
    /// [`Error::NotTracked`].
    pub async fn history(&self, table: &str, key: &Key, limit: u64, offset: u64) -> Result<Page<Version>> {
        self.seal().await?;
        let tracked = self.tracked(table).await?;
        history::row_history(self.db(), self.backend(), &tracked, key, limit, offset).await
    }

    /// One version of a row, by the number that its history gives it. Three queries.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if the row never was, [`Error::UnknownReference`] if it has not so many versions.
    pub async fn version(&self, table: &str, key: &Key, number: u64) -> Result<Version> {
        self.seal().await?;
        let tracked = self.tracked(table).await?;
        history::row_version(self.db(), self.backend(), &tracked, key, number).await
    }

    /// Lists changes, newest first, with the row before and after. Two queries, and one to three a table on the page.
    ///
    /// # Errors
    /// [`Error::NotTracked`].
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Page<Change>> {
        self.seal().await?;
        if let Some(table) = &filter.table {
            self.tracked(table).await?;
        }
        history::changes(self.db(), self.backend(), &self.catalog(), filter).await
    }
}
