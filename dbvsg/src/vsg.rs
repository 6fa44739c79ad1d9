use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures_util::Stream;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, Schema};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Accessor, AsOf, AuditFilter, Author, Change, Commit, CommitId, ConnectOptions, Error, Key, LogFilter, Page, Policy,
    Reference, RestoreOptions, Restored, Result, Row, RowDiff, Table, TableName, TableStatus, Tracked, Txn,
    Verification, Version, Versioned,
    backend::{self, Backend, Boundaries, Sql},
    capture,
    catalog::{self, Catalog},
    history::{self, Position},
    journal, transfer,
};

/// A database under version control. Cheap to clone; all clones are the same.
#[derive(Clone, Debug)]
pub struct Vsg {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: DatabaseConnection,
    backend: &'static dyn Backend,
    catalog: RwLock<Catalog>,
    sealing: Mutex<()>,
    boundaries: Arc<Boundaries>,
}

impl Vsg {
    /// Connects to a database: `sqlite://data.db?mode=rwc`. SQLite is opened with a write-ahead log, foreign keys on, a
    /// busy timeout of ten seconds and full durability.
    ///
    /// # Errors
    /// [`Error::UnsupportedDatabase`] for another kind of URL, [`Error::Unavailable`] if it cannot be reached.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, &ConnectOptions::default()).await
    }

    /// Connects with other options.
    ///
    /// # Errors
    /// As [`Vsg::connect`].
    pub async fn connect_with(url: &str, options: &ConnectOptions) -> Result<Self> {
        let boundaries = Arc::<Boundaries>::default();
        Self::over(backend::connect(url, options, boundaries.clone()).await?, boundaries).await
    }

    /// Uses a connection that is there; its own options (log mode, foreign keys, timeouts) stay as they are. Creates or
    /// updates DBVSG's own tables, which all begin with `dbvsg_`.
    ///
    /// On SQLite, writes that go past DBVSG's transactions are parted into commits more exactly on a pool that
    /// [`Vsg::connect`] opened.
    ///
    /// # Errors
    /// [`Error::UnsupportedDatabase`] if this version does not know the engine.
    pub async fn new(db: DatabaseConnection) -> Result<Self> {
        Self::over(db, Arc::default()).await
    }

    async fn over(db: DatabaseConnection, boundaries: Arc<Boundaries>) -> Result<Self> {
        let backend = backend::of(&db)?;
        catalog::migrate(&db, backend).await?;
        let (catalog, sealing) = (RwLock::default(), Mutex::default());
        let vsg = Self { inner: Arc::new(Inner { db, backend, catalog, sealing, boundaries }) };
        vsg.reload().await?;
        Ok(vsg)
    }

    /// The pool, for the application's own queries. Its writes are captured like everybody's.
    pub fn connection(&self) -> DatabaseConnection {
        self.inner.db.clone()
    }

    /// The engine: `sqlite`.
    pub fn engine(&self) -> &'static str {
        self.inner.backend.name()
    }

    /// Closes the pool; every clone is closed with it.
    ///
    /// # Errors
    /// If the database fails while closing.
    pub async fn close(&self) -> Result<()> {
        Ok(self.inner.db.clone().close().await?)
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.inner.db
    }

    pub(crate) fn backend(&self) -> &'static dyn Backend {
        self.inner.backend
    }

    pub(crate) fn catalog(&self) -> Catalog {
        self.inner.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn catalog_now(&self, db: &DatabaseExecutor<'_>) -> Result<Catalog> {
        catalog::load(db, self.backend()).await
    }

    /// The catalog as this transaction sees it; read anew only if another program changed it.
    pub(crate) async fn catalog_within(&self, txn: &DatabaseTransaction) -> Result<Catalog> {
        let (db, catalog) = (DatabaseExecutor::Transaction(txn), self.catalog());
        if catalog::is_current(&db, self.backend(), &catalog).await? {
            return Ok(catalog);
        }
        let catalog = self.catalog_now(&db).await?;
        self.set_catalog(catalog.clone());
        Ok(catalog)
    }

    pub(crate) fn boundaries(&self) -> &Boundaries {
        &self.inner.boundaries
    }

    pub(crate) fn set_catalog(&self, catalog: Catalog) {
        self.inner.boundaries.watch(catalog.iter().map(|tracked| tracked.history.name.clone()).collect());
        *self.inner.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }

    pub(crate) async fn sealing_turn(&self) -> MutexGuard<'_, ()> {
        self.inner.sealing.lock().await
    }

    /// Reads again which tables are tracked and what they look like, after another program changed that.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reload(&self) -> Result<()> {
        let catalog = self.catalog_now(&DatabaseExecutor::Connection(self.db())).await?;
        self.set_catalog(catalog);
        Ok(())
    }

    // Writing.

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
        capture::enable(self, table, policy).await
    }

    /// Creates an entity's table and indexes if they are not there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_table<E: Versioned>(&self) -> Result<()> {
        let schema = Schema::new(self.backend().builder());
        self.db().execute(schema.create_table_from_entity(E::default()).if_not_exists()).await?;
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

    // The tables.

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

    // The journal.

    /// Gives all commits that were written since their place in the order. Reads that need the order do it themselves.
    /// Returns how many there were.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if a writer does not let go in time.
    pub async fn seal(&self) -> Result<u64> {
        journal::seal(self).await
    }

    /// Seals at this interval until the handle is aborted.
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

    /// How many commits wait to be sealed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unsealed(&self) -> Result<u64> {
        let sql = Sql::new(self.backend(), "SELECT count(*) AS n FROM dbvsg_commit WHERE seq IS NULL");
        let row = sql.one(self.db()).await?;
        Ok(row.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or_default() as u64)
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

    /// Lists commits, newest first. Three queries.
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

    /// One commit. Three queries.
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

    async fn position(&self, table: Option<&str>, reference: &Reference) -> Result<Position> {
        self.seal().await?;
        if let Some(table) = table {
            self.tracked(table).await?;
        }
        history::resolve(self.db(), self.backend(), table, reference).await
    }

    // The past.

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
    /// As [`Vsg::as_of`], [`Error::NotTracked`], and [`Error::UnknownReference`] if the table was not tracked yet.
    pub async fn as_of_in(&self, table: Option<&str>, reference: &Reference) -> Result<AsOf> {
        let position = self.position(table, reference).await?;
        if let Some(table) = table {
            position.check(&*self.tracked(table).await?)?;
        }
        history::as_of(self, position).await
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
        let tracked = self.tracked(table).await?;
        let position = self.position(Some(table), reference).await?;
        position.check(&tracked)?;
        Ok(history::rows_at(self.connection(), self.backend(), tracked, position, page))
    }

    /// The rows of a table that differ between two commits, in key order. Its cost grows with the changes between them.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn diff(
        &self,
        table: &str,
        from: &Reference,
        to: &Reference,
    ) -> Result<impl Stream<Item = Result<RowDiff>> + Send + 'static + use<>> {
        let tracked = self.tracked(table).await?;
        let (from, to) = (self.position(Some(table), from).await?, self.position(Some(table), to).await?);
        from.check(&tracked)?;
        to.check(&tracked)?;
        Ok(history::diff(self.connection(), self.backend(), tracked, from, to))
    }

    /// What differs in one row between two commits: column, value at the first, value at the second.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`], and [`Error::UnknownRow`] if the row is there at neither.
    pub async fn row_diff(
        &self,
        table: &str,
        key: &Key,
        from: &Reference,
        to: &Reference,
    ) -> Result<Vec<(String, serde_json::Value, serde_json::Value)>> {
        let (from, to) = (self.row_at(table, key, from).await?, self.row_at(table, key, to).await?);
        let tracked = self.tracked(table).await?;
        if from.is_none() && to.is_none() {
            return Err(Error::UnknownRow { table: table.to_owned(), key: key.to_text(&tracked.table) });
        }
        Ok(history::fields(&tracked.table, from.as_ref(), to.as_ref()))
    }

    /// One row at a commit, or none if it was not there. One query once it is resolved.
    ///
    /// # Errors
    /// As [`Vsg::as_of_in`].
    pub async fn row_at(&self, table: &str, key: &Key, reference: &Reference) -> Result<Option<Row>> {
        let tracked = self.tracked(table).await?;
        let position = self.position(Some(table), reference).await?;
        position.check(&tracked)?;
        history::row_at(self.db(), self.backend(), &tracked, key, &position).await
    }

    /// The versions of one row, newest first. Two queries.
    ///
    /// # Errors
    /// [`Error::NotTracked`].
    pub async fn history(&self, table: &str, key: &Key, limit: u64, offset: u64) -> Result<Page<Version>> {
        self.seal().await?;
        let tracked = self.tracked(table).await?;
        history::row_history(self.db(), self.backend(), &tracked, key, limit, offset).await
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

    // Whole copies.

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
    /// [`Error::DamagedBackup`] if it is not usable, [`Error::Unavailable`] if writers do not let go in time; the database
    /// is as before then.
    pub async fn restore(&self, path: impl AsRef<Path>, options: &RestoreOptions) -> Result<Restored> {
        transfer::restore(self, path.as_ref(), options).await
    }
}
