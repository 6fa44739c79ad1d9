//! Writing.

use sea_orm::{ConnectionTrait, Schema};

use super::Vsg;
use crate::{Accessor, Author, CommitId, Error, Policy, Result, Txn, Versioned, capture, schema};

impl Vsg {
    /// Begins a transaction whose writes become one commit.
    ///
    /// # Errors
    /// [`Error::InvalidActor`]; [`Error::StaleParent`] if the author expects another HEAD; [`Error::Unavailable`] if other
    /// writers do not let go in time.
    pub async fn begin(&self, author: impl Into<Author>) -> Result<Txn> {
        capture::begin(self, author.into()).await
    }

    /// Runs `work` in a transaction: committed if it returns `Ok`, undone if not. Where other writers are in the way, it
    /// is begun anew up to five times.
    ///
    /// ```
    /// # use dbvsg::{Error, Vsg, sea_orm::ConnectionTrait};
    /// # async fn example(vsg: Vsg) -> dbvsg::Result<()> {
    /// vsg.transaction("ann", async |txn| {
    ///     txn.execute_unprepared("UPDATE account SET balance = balance - 5 WHERE id = 1").await?;
    ///     txn.execute_unprepared("UPDATE account SET balance = balance + 5 WHERE id = 2").await?;
    ///     Ok::<_, Error>(())
    /// })
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `work`, and as [`Vsg::begin`].
    pub async fn transaction<T, E, F>(&self, author: impl Into<Author>, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Txn) -> Result<T, E>,
        E: From<Error>,
    {
        capture::transaction(self, author.into(), work).await
    }

    /// Puts a table under version control. Its rows become a BASELINE commit. Some twenty statements; the baseline is one.
    ///
    /// # Errors
    /// [`Error::UnknownTable`], [`Error::AlreadyTracked`], [`Error::Untrackable`]; nothing is changed then.
    pub async fn enable(&self, table: &str) -> Result<()> {
        self.enable_with(table, &Policy::default()).await
    }

    /// Puts a table under version control, with column policies.
    ///
    /// # Errors
    /// As [`Vsg::enable`], and [`Error::UnknownColumn`].
    pub async fn enable_with(&self, table: &str, policy: &Policy) -> Result<()> {
        self.enable_by("dbvsg", table, policy).await.map(drop)
    }

    /// Puts a table under version control in somebody's name: its BASELINE commit carries it. Returns that commit; none if
    /// the table has no rows.
    ///
    /// # Errors
    /// As [`Vsg::enable_with`], [`Error::InvalidActor`], and [`Error::StaleParent`] if the author expects another HEAD.
    pub async fn enable_by(&self, author: impl Into<Author>, table: &str, policy: &Policy) -> Result<Option<CommitId>> {
        self.enable_all(author, &[table], policy).await
    }

    /// Puts tables under version control in somebody's name, all or none, with one BASELINE commit. Returns that commit; none
    /// if the tables have no rows. Some twenty statements, and six more for each further table.
    ///
    /// A table that was tracked before is no part of that: it goes on first where its history ended, in a commit of its own.
    ///
    /// # Errors
    /// As [`Vsg::enable_by`].
    pub async fn enable_all(
        &self,
        author: impl Into<Author>,
        tables: &[&str],
        policy: &Policy,
    ) -> Result<Option<CommitId>> {
        let author = author.into();
        author.check()?;
        let mut commit = None;
        let mut names = Vec::with_capacity(tables.len());
        for table in tables {
            if policy.suffix.is_none() && self.catalog().gone(table).is_some() {
                let revived = schema::revive(self, table).await?;
                if self.catalog().get(table).is_ok() {
                    commit = revived.into_iter().find_map(|revived| revived.commit).or(commit);
                    continue;
                }
            }
            names.push(*table);
        }
        // In one order, so that two programs that enable the same tables do not wait for each other for ever.
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(commit);
        }
        // Boxed, as a future this deep would use up what the compiler allows to whoever awaits it.
        Ok(Box::pin(capture::enable(self, &author, &names, policy)).await?.or(commit))
    }

    /// Creates an entity's table and indexes if they are not there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_table<E: Versioned>(&self) -> Result<()> {
        let schema = Schema::new(self.backend().builder());
        let mut table = schema.create_table_from_entity(E::default());
        if let Some(name) = self.backend().character_set() {
            table.character_set(name);
        }
        self.db().execute(table.if_not_exists()).await?;
        for mut index in schema.create_index_from_entity(E::default()) {
            self.db().execute(index.if_not_exists()).await?;
        }
        Ok(())
    }

    /// Puts an entity's table under version control, unless it is already, and returns its accessor.
    ///
    /// # Errors
    /// As [`Vsg::enable_with`], but for [`Error::AlreadyTracked`].
    pub async fn track<E: Versioned>(&self) -> Result<Accessor<E>> {
        let accessor = Accessor::new(self);
        match self.enable_with(&accessor.table(), &E::policy()).await {
            Ok(()) | Err(Error::AlreadyTracked { .. }) => Ok(accessor),
            Err(error) => Err(error),
        }
    }

    /// The accessor of an entity whose table is tracked already, or will be.
    pub fn accessor<E: Versioned>(&self) -> Accessor<E> {
        Accessor::new(self)
    }
}
