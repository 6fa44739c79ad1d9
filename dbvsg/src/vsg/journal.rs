//! The journal.

use std::time::Duration;

use super::Vsg;
use crate::{
    Author, Backlog, Commit, CommitId, Error, LogFilter, Page, Reference, Result, Verification,
    backend::Sql,
    history::{self, Position},
    journal,
};

impl Vsg {
    /// Gives all commits that were written since their place in the order. Reads that need the order do it themselves.
    /// Returns how many there were.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if a writer does not let go in time.
    pub async fn seal(&self) -> Result<u64> {
        journal::seal(self).await
    }

    /// Seals at this interval until the handle is aborted. A sealing that has begun comes to its end all the same.
    pub fn seal_in_background(&self, every: Duration) -> tokio::task::JoinHandle<()> {
        let vsg = self.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Err(error) = vsg.seal().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "sealing is put off");
                }
            }
        })
    }

    /// What waits to be sealed. One query.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn backlog(&self) -> Result<Backlog> {
        let row = Sql::new(self.backend(), "SELECT count(*) AS commits, min(written_at) AS oldest FROM dbvsg_pending")
            .one(self.db())
            .await?;
        let Some(row) = row else { return Ok(Backlog::default()) };
        let oldest: Option<i64> = row.try_get("", "oldest")?;
        let age = oldest.map_or(0, |oldest| chrono::Utc::now().timestamp_micros() - oldest);
        Ok(Backlog {
            commits: row.try_get::<i64>("", "commits")?.unsigned_abs(),
            lag: Duration::from_micros(age.max(0).unsigned_abs()),
        })
    }

    /// Proves the history: recomputes the chain of hashes, checks every interval, and compares every tracked table with
    /// what its history says it must be. Reads everything once.
    ///
    /// # Errors
    /// If the database fails. What is wrong with the history is no error but part of the answer.
    pub async fn verify(&self) -> Result<Verification> {
        self.seal().await?;
        journal::verify(self).await
    }

    /// Records what no trigger saw (a trigger was dropped, a table truncated) as a RECONCILE commit, and puts the triggers
    /// back. Returns none if there was nothing to record.
    ///
    /// # Errors
    /// As [`Vsg::begin`].
    pub async fn reconcile(&self, author: impl Into<Author>) -> Result<Option<CommitId>> {
        self.reload().await?;
        journal::reconcile(self, author.into()).await
    }

    /// Lists commits, newest first. Four queries.
    ///
    /// # Errors
    /// [`Error::NotTracked`] for a table that is not.
    pub async fn log(&self, filter: &LogFilter) -> Result<Page<Commit>> {
        self.seal().await?;
        if let Some(table) = &filter.table {
            self.tracked(table).await?;
        }
        journal::log(self.db(), self.backend(), &self.catalog(), filter).await
    }

    /// One commit. Four queries.
    ///
    /// # Errors
    /// [`Error::UnknownReference`] and its kin.
    pub async fn commit<R>(&self, reference: R) -> Result<Commit>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        self.commit_in(None, &reference.try_into()?).await
    }

    /// One commit, where HEAD and `~n` count the commits that touched this table, and `is_current` speaks of it.
    ///
    /// # Errors
    /// As [`Vsg::commit`], and [`Error::NotTracked`].
    pub async fn commit_in(&self, table: Option<&str>, reference: &Reference) -> Result<Commit> {
        let position = self.position(table, reference).await?;
        let tracked = match table {
            Some(table) => Some(self.tracked(table).await?),
            None => None,
        };
        journal::find_commit(self.db(), self.backend(), &self.catalog(), position.id, tracked.as_deref()).await
    }

    /// Refuses with [`Error::StaleParent`] unless HEAD, of all tables, is this commit. Nothing is locked: what comes after is
    /// not part of the answer, as it is with [`Author::expect_parent`]. Five queries.
    ///
    /// # Errors
    /// That one; [`Error::UnknownReference`] and its kin.
    pub async fn expect_head<R>(&self, expected: R) -> Result<()>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let expected = expected.try_into()?;
        self.seal().await?;
        history::expect_head(self.db(), self.backend(), None, Some(&expected)).await
    }

    pub(crate) async fn position(&self, table: Option<&str>, reference: &Reference) -> Result<Position> {
        self.seal().await?;
        if let Reference::At(moment) = reference {
            journal::promise(self, moment.timestamp_micros()).await?;
        }
        let tracked = match table {
            Some(table) => Some(self.tracked(table).await?),
            None => None,
        };
        history::resolve(self.db(), self.backend(), tracked.as_deref(), reference).await
    }
}
