//! The tables.

use std::sync::Arc;

use sea_orm::DatabaseExecutor;

use super::Vsg;
use crate::{Error, Result, Table, TableName, TableStatus, Tracked, catalog};

impl Vsg {
    /// All user tables, tracked or not, with the reason why one cannot be.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tables(&self) -> Result<Vec<TableStatus>> {
        let db = DatabaseExecutor::Connection(self.db());
        catalog::statuses(&db, self.backend(), &self.catalog()).await
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

    /// A table as the database describes it now, tracked or not.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn describe(&self, table: &str) -> Result<Option<Table>> {
        self.backend().describe(&DatabaseExecutor::Connection(self.db()), &TableName::new(table)).await
    }
}
