//! The door: each method is one call into one layer.

mod annotations;
mod copies;
mod journal;
mod ops;
mod past;
mod retention;
mod rows;
mod schema;
mod tables;
mod writing;

use std::{
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use sea_orm::{DatabaseConnection, DatabaseExecutor, DatabaseTransaction};
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};

use crate::{
    ConnectOptions, FoundAtStart, Result,
    backend::{self, Backend, Boundaries, Writers},
    capture,
    catalog::{self, Catalog},
};

/// How long a writer queues before it asks the database.
const TURN: Duration = Duration::from_secs(1);

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
    writing: Arc<Mutex<()>>,
    boundaries: Arc<Boundaries>,
    found_at_start: OnceLock<FoundAtStart>,
}

impl Vsg {
    /// Connects to a database: `sqlite://data.db?mode=rwc`, `postgres://user@host/database`, `mysql://user@host/database` (or
    /// `mariadb://`). A URL carries what its driver knows, as `?sslmode=verify-full` or `?ssl-mode=VERIFY_IDENTITY`. SQLite is
    /// opened with a write-ahead log, foreign keys on, a busy timeout of ten seconds and full durability; on servers, locks
    /// are waited for as long as that.
    ///
    /// Histories of tables whose shape has changed follow first, see [`Vsg::found_at_start`].
    ///
    /// # Errors
    /// [`Error::UnsupportedDatabase`](crate::Error::UnsupportedDatabase) for another kind of URL, [`Error::Unavailable`](crate::Error::Unavailable) if it cannot be reached.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, &ConnectOptions::default()).await
    }

    /// Connects with other options.
    ///
    /// # Errors
    /// As [`Vsg::connect`].
    pub async fn connect_with(url: &str, options: &ConnectOptions) -> Result<Self> {
        Self::open(url, options).await?.follow().await
    }

    /// Opens a database as it is: histories do not follow their tables.
    pub(crate) async fn open(url: &str, options: &ConnectOptions) -> Result<Self> {
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
    /// [`Error::UnsupportedDatabase`](crate::Error::UnsupportedDatabase) if this version does not know the engine.
    pub async fn new(db: DatabaseConnection) -> Result<Self> {
        Self::over(db, Arc::default()).await?.follow().await
    }

    async fn over(db: DatabaseConnection, boundaries: Arc<Boundaries>) -> Result<Self> {
        let backend = backend::of(&db).await?;
        catalog::migrate(&db, backend).await?;
        let (catalog, found_at_start) = (RwLock::default(), OnceLock::new());
        let (sealing, writing) = (Mutex::default(), Arc::default());
        let vsg =
            Self { inner: Arc::new(Inner { db, backend, catalog, sealing, writing, boundaries, found_at_start }) };
        capture::clean_up(&vsg).await?;
        crate::ops::finish(&vsg).await?;
        vsg.reload().await?;
        crate::retention::finish(&vsg).await?;
        Ok(vsg)
    }

    async fn follow(self) -> Result<Self> {
        let found = crate::schema::follow_at_start(&self).await?;
        self.inner.found_at_start.get_or_init(|| found);
        Ok(self)
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
        let mut current = self.inner.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if catalog.has_other_shapes(&current) {
            self.inner.boundaries.outdate();
        }
        *current = catalog;
    }

    pub(crate) async fn sealing_turn(&self) -> MutexGuard<'_, ()> {
        self.inner.sealing.lock().await
    }

    /// A place in the queue of this program's writers, where only one can write at a time: SQLite has those who wait sleep and
    /// look again, which leaves the file to nobody for much of the time. None where many write; and after a second, for the one that
    /// writes may itself be waiting for the one that asks. The database then says who is in the way.
    pub(crate) async fn writing_turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.backend().writers() {
            Writers::One => tokio::time::timeout(TURN, self.inner.writing.clone().lock_owned()).await.ok(),
            Writers::Many => None,
        }
    }

    /// Reads again which tables are tracked and what they look like, after another program changed that.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reload(&self) -> Result<()> {
        crate::schema::finish(self).await?;
        let catalog = self.catalog_now(&DatabaseExecutor::Connection(self.db())).await?;
        self.set_catalog(catalog);
        Ok(())
    }
}
