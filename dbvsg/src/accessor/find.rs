use sea_orm::{
    ColumnTrait, Condition, Iterable, Order as Direction, PaginatorTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{IntoCondition, NullOrdering},
};

use super::Versioned;
use crate::{AsOf, Result, Vsg, backend::Backend};

/// A direction of sorting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Where rows are read: now, or at a commit.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Now(Vsg),
    Then(AsOf),
}

impl Source {
    fn backend(&self) -> &'static dyn Backend {
        match self {
            Self::Now(vsg) => vsg.backend(),
            Self::Then(past) => past.backend(),
        }
    }
}

/// Runs a SeaORM call on the connection of a source.
macro_rules! on {
    ($source:expr, $db:ident => $call:expr) => {
        match &$source {
            $crate::accessor::find::Source::Now(vsg) => {
                let $db = vsg.db();
                $call
            }
            $crate::accessor::find::Source::Then($db) => $call,
        }
    };
}
pub(super) use on;

/// A query for rows of one entity: in key order, without soft-deleted ones, unless told otherwise.
#[derive(Clone, Debug)]
#[must_use = "a query does nothing until it is run"]
pub struct Find<E: Versioned> {
    source: Source,
    condition: Condition,
    order: Vec<(E::Column, Order)>,
    include_deleted: bool,
    page: Option<(u64, u64)>,
}

impl<E: Versioned> Find<E> {
    pub(super) fn new(source: Source) -> Self {
        Self { source, condition: Condition::all(), order: Vec::new(), include_deleted: false, page: None }
    }

    /// Keeps only rows for which this holds too.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.condition = self.condition.add(condition.into_condition());
        self
    }

    /// Sorts by this column, after those named before; NULL is the smallest value, and the key decides between equal rows.
    pub fn order_by(mut self, column: E::Column, order: Order) -> Self {
        self.order.push((column, order));
        self
    }

    /// Finds soft-deleted rows too.
    pub fn include_deleted(mut self, include: bool) -> Self {
        self.include_deleted = include;
        self
    }

    /// Returns at most `limit` rows, after leaving out `offset`.
    pub fn page(mut self, limit: u64, offset: u64) -> Self {
        self.page = Some((limit, offset));
        self
    }

    fn select(&self) -> Select<E> {
        let mut select = E::find().filter(self.condition.clone());
        if let (false, Some(column)) = (self.include_deleted, E::SOFT_DELETE) {
            select = select.filter(column.is_null());
        }
        select
    }

    /// The rows. One query.
    ///
    /// # Errors
    /// If the database fails, or, in the past, if the table was not tracked yet.
    pub async fn all(&self) -> Result<Vec<E::Model>> {
        let mut select = self.select();
        for (column, order) in &self.order {
            let direction = match order {
                Order::Ascending => Direction::Asc,
                Order::Descending => Direction::Desc,
            };
            let nulls = match order {
                Order::Ascending => NullOrdering::First,
                Order::Descending => NullOrdering::Last,
            };
            // NULL is the smallest value everywhere, as most engines have it.
            select = match self.source.backend().sorts_null_first() {
                true => select.order_by(*column, direction),
                false => select.order_by_with_nulls(*column, direction, nulls),
            };
        }
        for key in E::PrimaryKey::iter() {
            select = select.order_by(key.into_column(), Direction::Asc);
        }
        if let Some((limit, offset)) = self.page {
            select = select.limit(limit).offset(offset);
        }
        Ok(on!(self.source, db => select.all(db).await)?)
    }

    /// The first row, if there is one. One query.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn one(mut self) -> Result<Option<E::Model>> {
        let offset = self.page.map_or(0, |(_, offset)| offset);
        self.page = Some((1, offset));
        Ok(self.all().await?.pop())
    }

    /// How many rows there are, whatever the page. One query.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn count(&self) -> Result<u64> {
        Ok(on!(self.source, db => <Select<E> as PaginatorTrait<'_, _>>::count(self.select(), db).await)?)
    }
}
