use std::{
    future::Future,
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, SqliteTransactionMode, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedMutexGuard;

use crate::{
    Author, CommitId, Error, Key, Reference, Result, Row, Tracked, Vsg,
    accessor::BoxFuture,
    backend::{self, Backend, Context, Writers},
    detached::unbroken,
    history::{self, Position},
    journal::{self, View},
};

/// How often a transaction is begun anew while other writers are in the way.
const ATTEMPTS: u32 = 5;

type AfterCommit = Box<dyn FnOnce(CommitId) -> BoxFuture<'static, ()> + Send>;

/// A transaction whose writes become one commit.
///
/// It is a SeaORM connection: pass `&txn` wherever a connection is expected. Dropped without [`Txn::commit`], it leaves
/// no trace. [`TransactionTrait::begin`] on it gives a savepoint.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Txn {
    vsg: Vsg,
    inner: DatabaseTransaction,
    id: CommitId,
    context: Context,
    after_commit: Mutex<Vec<AfterCommit>>,
    /// Whether it ever had a savepoint.
    is_nested: AtomicBool,
    /// Given back when the transaction has ended, so it stands behind it.
    turn: Option<OwnedMutexGuard<()>>,
}

/// A savepoint inside a [`Txn`], as [`TransactionTrait::begin`] gives it.
pub type TxnConnection = DatabaseTransaction;

impl std::fmt::Debug for Txn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Txn").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Begins a transaction that means to write. Where one writes at a time it holds the lock from the start, so it cannot
/// fail half-way for the lack of one.
pub(crate) async fn begin_write(
    db: &DatabaseConnection,
    isolation: Option<IsolationLevel>,
) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        isolation_level: isolation,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    backend::begin(db, options).await
}

/// Begins a transaction that only reads, and sees one state.
pub(crate) async fn begin_read(db: &DatabaseConnection, backend: &dyn Backend) -> Result<DatabaseTransaction> {
    backend::begin(db, TransactionOptions { isolation_level: backend.snapshot(), ..TransactionOptions::default() })
        .await
}

pub(crate) async fn begin(vsg: &Vsg, mut author: Author) -> Result<Txn> {
    author.check()?;
    let expected = author.expected_parent.take();
    let txn = open(vsg, vsg.db(), None, author).await?;
    if let Some(expected) = expected {
        txn.expect_head(None, &expected).await?;
    }
    vsg.backend().open_context(&txn.inner, &txn.context).await?;
    Ok(txn)
}

/// Begins over a connection that need not be one of the pool's.
pub(crate) async fn begin_on(
    vsg: &Vsg,
    db: &DatabaseConnection,
    isolation: Option<IsolationLevel>,
    author: Author,
) -> Result<Txn> {
    let txn = open(vsg, db, isolation, author).await?;
    vsg.backend().open_context(&txn.inner, &txn.context).await?;
    Ok(txn)
}

async fn open(vsg: &Vsg, db: &DatabaseConnection, isolation: Option<IsolationLevel>, author: Author) -> Result<Txn> {
    let turn = vsg.writing_turn().await;
    let inner = begin_write(db, isolation).await?;
    let id = CommitId::random();
    let context = Context {
        uuid: id.to_string(),
        actor: author.actor,
        operation: author.operation,
        message: author.message,
        query: author.query,
        meta: author.meta.map(|meta| meta.to_string()),
    };
    Ok(Txn {
        vsg: vsg.clone(),
        inner,
        id,
        context,
        after_commit: Mutex::default(),
        is_nested: AtomicBool::new(false),
        turn,
    })
}

/// Begins, and begins anew while other writers are in the way.
pub(crate) async fn begin_patiently(vsg: &Vsg, author: Author) -> Result<Txn> {
    let mut attempt = 1;
    loop {
        match begin(vsg, author.clone()).await {
            Err(error) if error.is_busy() && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(20) * attempt).await;
                attempt += 1;
            }
            begun => return begun,
        }
    }
}

pub(crate) async fn transaction<T, E, F>(vsg: &Vsg, author: Author, work: F) -> Result<T, E>
where
    F: AsyncFnOnce(&Txn) -> Result<T, E>,
    E: From<Error>,
{
    let txn = begin_patiently(vsg, author).await?;
    match work(&txn).await {
        Ok(value) => {
            txn.commit().await?;
            Ok(value)
        }
        Err(error) => {
            // Not left to the drop of it: its locks are gone when the caller goes on, and no connection is given up for it.
            if let Err(error) = txn.rollback().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "the database undoes it by itself");
            }
            Err(error)
        }
    }
}

impl Txn {
    /// The id the commit will have, if anything is written.
    pub fn id(&self) -> CommitId {
        self.id
    }

    pub(crate) fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// What a savepoint is begun on.
    fn nested(&self) -> &DatabaseTransaction {
        self.is_nested.store(true, Ordering::Relaxed);
        &self.inner
    }

    /// The database it belongs to.
    pub fn vsg(&self) -> &Vsg {
        &self.vsg
    }

    /// Refuses to go on unless HEAD, of one table or of all, is the commit that `expected` names.
    ///
    /// # Errors
    /// [`Error::StaleParent`] if it is another one; the transaction should then be dropped.
    pub async fn expect_head(&self, table: Option<&str>, expected: &Reference) -> Result<()> {
        let (vsg, backend) = (&self.vsg, self.vsg.backend());
        let tracked = match table {
            Some(table) => Some(vsg.tracked(table).await?),
            None => None,
        };
        match backend.writers() {
            // Nobody else writes until this transaction ends.
            Writers::One => {
                journal::seal_within(&self.inner, vsg, View::Shared).await?;
                history::expect_head(&self.inner, backend, tracked.as_deref(), Some(expected)).await
            }
            // Sealing here would keep everybody else from it until this transaction ends. Those who expect something wait
            // for each other instead.
            Writers::Many => {
                let lock = format!("SELECT id FROM dbvsg_sealing WHERE id = 2{}", backend.for_update());
                self.inner.query_one_raw(Statement::from_string(backend.builder(), lock)).await?;
                vsg.seal().await?;
                history::expect_head(vsg.db(), backend, tracked.as_deref(), Some(expected)).await
            }
        }
    }

    /// A row as it was at a commit; none if it was not there. What others committed before is in its place then, what this
    /// transaction wrote is not looked at.
    pub(crate) async fn row_at(
        &self,
        tracked: &Tracked,
        key: &Key,
        reference: &Reference,
    ) -> Result<(Position, Option<Row>)> {
        let (vsg, backend) = (&self.vsg, self.vsg.backend());
        let position = match backend.writers() {
            // Nobody else can seal until this transaction ends.
            Writers::One => {
                journal::seal_within(&self.inner, vsg, View::Shared).await?;
                if let Reference::At(moment) = reference {
                    journal::note_promise(&self.inner, backend, moment.timestamp_micros()).await?;
                }
                history::resolve(&self.inner, backend, Some(tracked), reference).await?
            }
            Writers::Many => vsg.position(Some(&tracked.name()), reference).await?,
        };
        // As it is now: it may have been pruned since this transaction began.
        let catalog = match backend.writers() {
            Writers::One => vsg.catalog_within(&self.inner).await?,
            Writers::Many => vsg.catalog(),
        };
        position.check(catalog.by_id(tracked.id).map_or(tracked, |tracked| tracked))?;
        let row = match backend.writers() {
            Writers::One => history::row_at(&self.inner, backend, tracked, key, &position).await?,
            // This transaction may see a state from before the sealing.
            Writers::Many => history::row_at(vsg.db(), backend, tracked, key, &position).await?,
        };
        Ok((position, row))
    }

    /// Runs something once the commit is safe. Not run if nothing was written, or on rollback.
    pub fn after_commit<F>(&self, listener: F)
    where
        F: FnOnce(CommitId) -> BoxFuture<'static, ()> + Send + 'static,
    {
        self.after_commit.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Commits. Returns the commit, or none if no tracked row was changed. Costs two round trips; one on SQLite, unless there was a
    /// savepoint. It comes to its end whoever stops waiting for it; the listeners are called only for whoever waits.
    ///
    /// # Errors
    /// If the database refuses, everything is undone.
    pub async fn commit(self) -> Result<Option<CommitId>> {
        let Self { vsg, inner, id, context, after_commit, is_nested, turn } = self;
        let captured = unbroken(async move {
            // A listener can write something itself: it is somebody else's turn by then. In this order they are given back from the last
            // to the first.
            let (_turn, inner) = (turn, inner);
            let backend = vsg.backend();
            if !is_nested.into_inner() {
                return backend.close_and_commit(inner, &context).await;
            }
            // The driver has to know which of its transactions ends.
            let captured = backend.close_context(&inner, &context).await?;
            inner.commit().await?;
            Ok(captured)
        });
        if !captured.await? {
            return Ok(None);
        }
        for listener in after_commit.into_inner().unwrap_or_else(PoisonError::into_inner) {
            listener(id).await;
        }
        Ok(Some(id))
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// If the connection is lost; the database undoes everything then by itself.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Txn {
    fn get_database_backend(&self) -> DbBackend {
        self.vsg.backend().builder()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(stmt).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(stmt).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(stmt).await
    }
}

impl StreamTrait for Txn {
    type Stream<'a> = <DatabaseTransaction as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        self.vsg.backend().builder()
    }

    fn stream_raw<'a>(
        &'a self,
        stmt: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        self.inner.stream_raw(stmt)
    }
}

#[async_trait::async_trait]
impl TransactionTrait for Txn {
    type Transaction = TxnConnection;

    async fn begin(&self) -> Result<TxnConnection, DbErr> {
        self.nested().begin().await
    }

    async fn begin_with_config(
        &self,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<TxnConnection, DbErr> {
        self.nested().begin_with_config(isolation, access).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<TxnConnection, DbErr> {
        self.nested().begin_with_options(options).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TxnConnection) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.nested().transaction(callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TxnConnection) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.nested().transaction_with_config(callback, isolation, access).await
    }
}
