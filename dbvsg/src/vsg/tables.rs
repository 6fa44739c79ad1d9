//! The tables.

use std::sync::Arc;

use sea_orm::DatabaseExecutor;

use super::Vsg;
use crate::{Error, Result, Table, TableName, TableStatistics, TableStatus, Tracked, catalog};

impl Vsg {
    /// All user tables, tracked or not, with the reason why one cannot be. Two queries, and some six a table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tables(&self) -> Result<Vec<TableStatus>> {
        self.seal().await?;
        let db = DatabaseExecutor::Connection(self.db());
        catalog::statuses(&db, self.backend(), &self.catalog()).await
    }

    /// What happened to a table since it was enabled. Three queries, which read no rows; the room that its history takes is
    /// what PostgreSQL says, what MariaDB last counted, and on SQLite counted page by page.
    ///
    /// # Errors
    /// [`Error::UnknownTable`].
    pub async fn table_statistics(&self, table: &str) -> Result<TableStatistics> {
        self.seal().await?;
        let db = DatabaseExecutor::Connection(self.db());
        match self.tracked(table).await {
            Ok(tracked) => catalog::statistics(&db, self.backend(), &tracked).await,
            Err(Error::NotTracked { .. }) => {
                let described = self.describe_named(table).await?;
                let untracked = described.map(|_| TableStatistics::untracked(table.to_owned()));
                untracked.ok_or_else(|| Error::UnknownTable { table: table.to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    /// The tracked tables, in name order.
    pub fn all_tracked(&self) -> Vec<Arc<Tracked>> {
        self.catalog().iter().cloned().collect()
    }

    /// A tracked table. No query, unless it is not known yet to be tracked.
    ///
    /// # Errors
    /// [`Error::NotTracked`], or [`Error::UnknownTable`] if there is no such table.
    pub async fn tracked(&self, table: &str) -> Result<Arc<Tracked>> {
        if let Ok(tracked) = self.catalog().get(table) {
            return Ok(tracked);
        }
        self.reload().await?;
        match self.catalog().get(table) {
            Err(_) if self.describe(table).await?.is_none() => Err(Error::UnknownTable { table: table.to_owned() }),
            found => found,
        }
    }

    /// A user table by its name as it is written in calls and answers. DBVSG's own tables and histories are no tables for
    /// anybody.
    pub(crate) async fn describe_named(&self, table: &str) -> Result<Option<Table>> {
        let db = DatabaseExecutor::Connection(self.db());
        let listed = self.backend().tables(&db).await?;
        match listed.into_iter().find(|name| name.to_string() == table) {
            Some(name) => self.backend().describe(&db, &name).await,
            None => Ok(None),
        }
    }

    /// A table as the database describes it now, tracked or not.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn describe(&self, table: &str) -> Result<Option<Table>> {
        self.backend().describe(&DatabaseExecutor::Connection(self.db()), &TableName::new(table)).await
    }
}
