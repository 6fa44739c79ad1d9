use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Iterable, ModelTrait, Order as Direction, PrimaryKeyToColumn, PrimaryKeyTrait,
    QueryFilter, QueryOrder, Value as Bound,
    sea_query::{Expr, IntoCondition, IntoValueTuple},
};

use super::{
    Accessor, Find, Versioned,
    find::{Source, on},
};
use crate::{AsOf, Blame, CommitId, Error, Lineage, Page, Reference, Result, Row, Side, Tracked, Version, model::Key};

/// The primary key of an entity, as SeaORM's `find_by_id` takes it.
pub(super) type KeyOf<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

impl<E: Versioned> Accessor<E> {
    /// The row with this key. One query.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn get(&self, key: impl Into<KeyOf<E>> + Send) -> Result<Option<E::Model>> {
        get::<E>(&Source::Now(self.vsg.clone()), key.into()).await
    }

    /// All rows, in key order. One query.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn all(&self) -> Result<Vec<E::Model>> {
        self.find().all().await
    }

    /// Begins a query.
    pub fn find(&self) -> Find<E> {
        Find::new(Source::Now(self.vsg.clone()))
    }

    /// A condition for [`Find::filter`] that holds where a text column holds this text somewhere, in letters of either
    /// case, ASCII or not.
    pub fn contains(&self, column: E::Column, text: &str) -> Condition {
        let backend = self.vsg.backend();
        let Some(pattern) = backend.pattern(text) else { return Expr::val(false).into_condition() };
        let sql = backend.contains(&backend.placeholder(1), &backend.placeholder(2));
        Expr::cust_with_exprs(sql, [column.into_expr(), Expr::val(pattern)]).into_condition()
    }

    /// The rows one by one, in key order: one query, whose memory does not grow with the table. All of them are of one
    /// moment. The stream holds a connection until it ends or is dropped.
    pub fn stream(&self, include_deleted: bool) -> impl Stream<Item = Result<E::Model>> + Send + 'static + use<E> {
        stream::<E>(Source::Now(self.vsg.clone()), include_deleted)
    }

    /// The rows as they were at a commit.
    ///
    /// # Errors
    /// [`Error::UnknownReference`] and its kin.
    pub async fn at<R>(&self, reference: R) -> Result<AccessorAt<E>>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let then = self.vsg.as_of_in(Some(&self.table()), &reference.try_into()?).await?;
        Ok(AccessorAt { then, entity: std::marker::PhantomData })
    }

    /// The versions of one row, newest first. Two queries.
    ///
    /// # Errors
    /// [`Error::NotTracked`] if the table is not enabled.
    pub async fn history(&self, key: impl Into<KeyOf<E>> + Send, limit: u64, offset: u64) -> Result<Page<Version>> {
        let (_, key) = self.untyped(&values::<E>(key.into())).await?;
        self.vsg.history(&self.table(), &key, limit, offset).await
    }

    /// For each column of a row, the commit that last set it to what it is. As [`Vsg::blame`](crate::Vsg::blame).
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if the row is not there; a soft-deleted one is.
    pub async fn blame(&self, key: impl Into<KeyOf<E>> + Send) -> Result<Vec<Blame>> {
        let (_, key) = self.untyped(&values::<E>(key.into())).await?;
        self.vsg.blame(&self.table(), &key).await
    }

    /// The versions of one row with what each comes from, oldest first. As [`Vsg::lineage`](crate::Vsg::lineage).
    ///
    /// # Errors
    /// [`Error::NotTracked`] if the table is not enabled.
    pub async fn lineage(&self, key: impl Into<KeyOf<E>> + Send, limit: u64, offset: u64) -> Result<Page<Lineage>> {
        let (_, key) = self.untyped(&values::<E>(key.into())).await?;
        self.vsg.lineage(&self.table(), &key, limit, offset).await
    }

    /// What differs in one row between two commits, or two of its versions (`"v3"`): column, value on the first side, value
    /// on the second. As [`Vsg::row_diff`](crate::Vsg::row_diff).
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if the row is there on neither.
    pub async fn diff<A, B>(
        &self,
        key: impl Into<KeyOf<E>> + Send,
        from: A,
        to: B,
    ) -> Result<Vec<(String, serde_json::Value, serde_json::Value)>>
    where
        A: TryInto<Side>,
        B: TryInto<Side>,
        Error: From<A::Error> + From<B::Error>,
    {
        let (from, to) = (from.try_into()?, to.try_into()?);
        let (_, key) = self.untyped(&values::<E>(key.into())).await?;
        Ok(self.vsg.row_diff(&self.table(), &key, &from, &to).await?.fields)
    }

    /// The table, and the key of a row in it.
    pub(super) async fn untyped(&self, key: &[Bound]) -> Result<(Arc<Tracked>, Key)> {
        let tracked = self.vsg.tracked(&self.table()).await?;
        let key = Key::parse(&tracked.table, &super::codec::values_text(key))?;
        Ok((tracked, key))
    }

    /// The model of a row of history.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the row does not fit the model of today.
    pub fn model(&self, row: &Row, table: &crate::Table) -> Result<E::Model>
    where
        E: super::Writable,
    {
        super::codec::model_of_row::<E>(table, row)
    }
}

fn stream<E: Versioned>(
    source: Source,
    include_deleted: bool,
) -> impl Stream<Item = Result<E::Model>> + Send + 'static + use<E> {
    async_stream::try_stream! {
        let mut select = E::find();
        if let (false, Some(column)) = (include_deleted, E::SOFT_DELETE) {
            select = select.filter(column.is_null());
        }
        for key in E::PrimaryKey::iter() {
            select = select.order_by(key.into_column(), Direction::Asc);
        }
        match source {
            Source::Now(vsg) => {
                let mut rows = select.stream(vsg.db()).await?;
                while let Some(row) = rows.try_next().await? {
                    yield row;
                }
            }
            Source::Then(then) => {
                let mut rows = select.stream(&then).await?;
                while let Some(row) = rows.try_next().await? {
                    yield row;
                }
            }
        }
    }
}

async fn get<E: Versioned>(source: &Source, key: KeyOf<E>) -> Result<Option<E::Model>> {
    // There is one at most, so it needs no LIMIT: SQLite would look at its parameter to plan, and so plan at each call.
    let mut found: Vec<E::Model> = on!(source, db => E::find_by_id(key).all(db).await)?;
    Ok(found.pop().filter(is_present::<E>))
}

/// The values of a key.
pub(super) fn values<E: Versioned>(key: KeyOf<E>) -> Vec<Bound> {
    key.into_value_tuple().into_iter().collect()
}

/// Whether a row is not soft-deleted.
pub(super) fn is_present<E: Versioned>(row: &E::Model) -> bool {
    E::SOFT_DELETE.is_none_or(|column| super::codec::is_null(&row.get(column)))
}

/// The rows of one entity as they were at a commit.
#[derive(Clone, Debug)]
pub struct AccessorAt<E: Versioned> {
    then: AsOf,
    entity: std::marker::PhantomData<fn(E)>,
}

impl<E: Versioned> AccessorAt<E> {
    /// The commit.
    pub fn commit(&self) -> CommitId {
        self.then.commit()
    }

    /// The row with this key. One query.
    ///
    /// # Errors
    /// If the table was not tracked yet.
    pub async fn get(&self, key: impl Into<KeyOf<E>> + Send) -> Result<Option<E::Model>> {
        get::<E>(&Source::Then(self.then.clone()), key.into()).await
    }

    /// All rows, in key order. One query.
    ///
    /// # Errors
    /// If the table was not tracked yet.
    pub async fn all(&self) -> Result<Vec<E::Model>> {
        self.find().all().await
    }

    /// The rows one by one, as [`Accessor::stream`] gives them.
    pub fn stream(&self, include_deleted: bool) -> impl Stream<Item = Result<E::Model>> + Send + 'static + use<E> {
        stream::<E>(Source::Then(self.then.clone()), include_deleted)
    }

    /// Begins a query.
    pub fn find(&self) -> Find<E> {
        Find::new(Source::Then(self.then.clone()))
    }
}
