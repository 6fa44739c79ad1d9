//! Retention.

use std::sync::Arc;

use super::Vsg;
use crate::{Author, CommitId, Pruned, Result, Retention, Tracked, detached::detached, retention};

impl Vsg {
    /// Takes old versions away, for good, and records that as a commit with the operation PRUNE. What is valid now stays, and
    /// so does every state that a tag names. The past of a table is then told from its horizon on, and in the states before
    /// it that were kept; [`Vsg::verify`] goes on proving all that is left. In one transaction: all of it, or nothing. Once begun
    /// it goes on to its end, even if the caller stops waiting.
    ///
    /// Reads the histories of the tables some three times. Writers go on meanwhile, but for SQLite, where one writes at a time.
    ///
    /// ```
    /// # use dbvsg::{Error, Retention, Vsg, sea_orm::ConnectionTrait};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> dbvsg::Result<()> {
    /// # let vsg = Vsg::connect("sqlite::memory:").await?;
    /// # let db = vsg.connection();
    /// # db.execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await?;
    /// # db.execute_unprepared("INSERT INTO pay VALUES (1, 100)").await?;
    /// # vsg.enable("pay").await?;
    /// # let first = vsg.commit("HEAD").await?.uuid;
    /// # let txn = vsg.begin("ann").await?;
    /// # txn.execute_unprepared("UPDATE pay SET amount = 200").await?;
    /// let now = txn.commit().await?.expect("a row was written");
    /// let pruned = vsg.prune("ann", &Retention::before(now)).await?;
    /// assert_eq!(pruned.tables[0].removed, 1);
    /// assert!(matches!(vsg.as_of_in(Some("pay"), &first.into()).await, Err(Error::Pruned { .. })));
    /// assert!(vsg.verify().await?.ok);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotTracked`](crate::Error::NotTracked) and its kin for a table that never was;
    /// [`Error::UnknownReference`](crate::Error::UnknownReference) and its kin;
    /// [`Error::Corrupted`](crate::Error::Corrupted) if a history was tampered with: it is not touched then.
    pub async fn prune(&self, author: impl Into<Author>, retention: &Retention) -> Result<Pruned> {
        if let Some(table) = &retention.table {
            self.tracked_before(table).await?;
        }
        let (vsg, author, retention) = (self.clone(), author.into(), retention.clone());
        detached(async move { retention::prune(&vsg, author, &retention).await }).await
    }

    /// Takes a table out of version control: from now on its changes are not captured. Its history stays, is still
    /// proven, and goes on when the table is enabled again; what changed meanwhile becomes one commit then.
    ///
    /// With `drop_history` it is gone, for good. The commits stay in the log and are still proven; a PRUNE commit says who
    /// did it, and why, and is returned. That is also possible for a table which was disabled or dropped before.
    ///
    /// # Errors
    /// [`Error::NotTracked`](crate::Error::NotTracked), [`Error::UnknownTable`](crate::Error::UnknownTable);
    /// [`Error::Corrupted`](crate::Error::Corrupted) as [`Vsg::prune`].
    pub async fn disable(
        &self,
        author: impl Into<Author>,
        table: &str,
        drop_history: bool,
    ) -> Result<Option<CommitId>> {
        match drop_history {
            true => self.tracked_before(table).await?,
            false => self.tracked(table).await?,
        };
        retention::disable(self, author.into(), table, drop_history).await
    }

    /// A table that is tracked, or was until it was dropped or disabled. No query, unless it is not known to be tracked.
    ///
    /// # Errors
    /// As [`Vsg::tracked`].
    pub async fn tracked_before(&self, table: &str) -> Result<Arc<Tracked>> {
        match self.tracked(table).await {
            Err(error) => self.catalog().gone(table).cloned().ok_or(error),
            found => found,
        }
    }
}
