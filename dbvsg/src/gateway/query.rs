use std::sync::Arc;

use futures_util::Stream;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value as Json;

use super::{Fields, Gateway, read::projection};
use crate::{
    Error, Order, Result, Tracked,
    backend::{Backend, Sql},
    history::{self, Position},
    model::{Column, ColumnKind, json},
};

/// What a column's value must be. Values are in their JSON forms; only [`Compare::NotEqual`] and [`Compare::Null`] hold for
/// NULL.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Compare {
    /// This.
    Equal(Json),
    /// Something else, or NULL.
    NotEqual(Json),
    /// Greater.
    Greater(Json),
    /// This or greater.
    GreaterOrEqual(Json),
    /// Less.
    Less(Json),
    /// This or less.
    LessOrEqual(Json),
    /// One of these.
    OneOf(Vec<Json>),
    /// Text that holds this somewhere, in letters of either case, ASCII or not.
    Contains(String),
    /// NULL, or anything but that.
    Null(bool),
}

/// A query for rows of one table: in key order, unless told otherwise.
#[derive(Clone, Debug)]
#[must_use = "a query does nothing until it is run"]
pub struct Query {
    gateway: Gateway,
    place: Option<Position>,
    filters: Vec<(String, Compare)>,
    order: Vec<(String, Order)>,
    page: Option<(u64, u64)>,
}

impl Query {
    pub(super) fn new(gateway: &Gateway, place: Option<Position>) -> Self {
        Self { gateway: gateway.clone(), place, filters: Vec::new(), order: Vec::new(), page: None }
    }

    /// Keeps only rows for which this holds too.
    pub fn filter(mut self, column: impl Into<String>, compare: Compare) -> Self {
        self.filters.push((column.into(), compare));
        self
    }

    /// Sorts by this column, after those named before; NULL is the smallest value, and the key decides between equal rows.
    pub fn order_by(mut self, column: impl Into<String>, order: Order) -> Self {
        self.order.push((column.into(), order));
        self
    }

    /// Returns at most `limit` rows, after leaving out `offset`.
    pub fn page(mut self, limit: u64, offset: u64) -> Self {
        self.page = Some((limit, offset));
        self
    }

    /// The rows. One query.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`]; [`Error::InvalidValue`] for a value that its column cannot take; if the database fails.
    pub async fn all(&self) -> Result<Vec<Fields>> {
        let (tracked, statement) = self.select().await?;
        let backend = self.backend();
        let rows =
            self.gateway.vsg.db().query_all_raw(statement).await.map_err(|error| self.unreadable(error.into()))?;
        rows.iter().map(|row| fields(backend, &tracked, row)).collect()
    }

    /// The first row, if there is one. One query.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn one(mut self) -> Result<Option<Fields>> {
        let offset = self.page.map_or(0, |(_, offset)| offset);
        self.page = Some((1, offset));
        Ok(self.all().await?.pop())
    }

    /// The rows one by one, all of one moment: one query, whose memory does not grow with the table. The stream holds a
    /// connection until it ends or is dropped.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn stream(&self) -> Result<impl Stream<Item = Result<Fields>> + Send + 'static + use<>> {
        let (tracked, statement) = self.select().await?;
        let backend = self.backend();
        let read = move |row: &QueryResult| fields(backend, &tracked, row);
        Ok(history::stream(self.gateway.vsg.connection(), statement, read))
    }

    /// How many rows there are, whatever the page. One query.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn count(&self) -> Result<u64> {
        let tracked = self.gateway.tracked().await?;
        let mut sql = Sql::new(self.backend(), format!("SELECT count(*) AS n FROM {} t", self.from(&tracked)?));
        self.conditions(&mut sql, &tracked)?;
        let row = sql.one(self.gateway.vsg.db()).await.map_err(|error| self.unreadable(error))?;
        let count: i64 = row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default();
        Ok(count.unsigned_abs())
    }

    fn backend(&self) -> &'static dyn Backend {
        self.gateway.vsg.backend()
    }

    async fn select(&self) -> Result<(Arc<Tracked>, Statement)> {
        let (backend, tracked) = (self.backend(), self.gateway.tracked().await?);
        let columns = projection(backend, &tracked, "t.");
        let mut sql = Sql::new(backend, format!("SELECT {columns} FROM {} t", self.from(&tracked)?));
        self.conditions(&mut sql, &tracked)?;
        sql.push(" ORDER BY ");
        for (name, order) in &self.order {
            let by = backend.comparable(self.column(&tracked, name)?, &format!("t.{}", backend.quote(name)));
            // NULL is the smallest value everywhere, as most engines have it.
            sql.push(&by).push(match (order, backend.sorts_null_first()) {
                (Order::Ascending, true) => " ASC, ",
                (Order::Descending, true) => " DESC, ",
                (Order::Ascending, false) => " ASC NULLS FIRST, ",
                (Order::Descending, false) => " DESC NULLS LAST, ",
            });
        }
        let key: Vec<String> = tracked.quoted_key(backend).into_iter().map(|name| format!("t.{name}")).collect();
        sql.push(&key.join(", "));
        if let Some((limit, offset)) = self.page {
            let [limit, offset] = [limit, offset].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            sql.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
        }
        Ok((tracked, sql.statement()))
    }

    /// The table, or what it was.
    fn from(&self, tracked: &Tracked) -> Result<String> {
        Ok(match &self.place {
            None => self.backend().quote_table(&tracked.table.name),
            Some(place) => {
                // Asked for anew each time: it may have been pruned since.
                place.check(tracked)?;
                format!("({})", history::state_of(self.backend(), tracked, place))
            }
        })
    }

    fn column<'a>(&self, tracked: &'a Tracked, name: &str) -> Result<&'a Column> {
        let unknown = || Error::UnknownColumn { table: tracked.name(), column: name.to_owned() };
        tracked.table.column(name).ok_or_else(unknown)
    }

    fn conditions(&self, sql: &mut Sql, tracked: &Tracked) -> Result<()> {
        for (position, (name, compare)) in self.filters.iter().enumerate() {
            sql.push(if position == 0 { " WHERE " } else { " AND " });
            self.condition(sql, self.column(tracked, name)?, compare)?;
        }
        Ok(())
    }

    fn condition(&self, sql: &mut Sql, column: &Column, compare: &Compare) -> Result<()> {
        let backend = self.backend();
        let invalid = |reason: String| Error::InvalidValue { column: column.name.clone(), reason };
        let own = format!("t.{}", backend.quote(&column.name));
        let read = |value: &Json| match value {
            Json::Null => Err(invalid("nothing compares with NULL; ask whether it is NULL".into())),
            value => json::parse(column, value).map_err(invalid),
        };
        let mut compared = |operator: &str, value: &Json| -> Result<()> {
            let value = read(value)?;
            sql.push(&backend.comparable(column, &own)).push(operator).bind_comparable(column, &value);
            Ok(())
        };
        match compare {
            Compare::Equal(value) => compared(" = ", value)?,
            Compare::Greater(value) => compared(" > ", value)?,
            Compare::GreaterOrEqual(value) => compared(" >= ", value)?,
            Compare::Less(value) => compared(" < ", value)?,
            Compare::LessOrEqual(value) => compared(" <= ", value)?,
            Compare::NotEqual(value) => {
                let value = read(value)?;
                sql.push(&format!("({own} IS NULL OR {} <> ", backend.comparable(column, &own)));
                sql.bind_comparable(column, &value).push(")");
            }
            Compare::OneOf(values) if values.is_empty() => {
                sql.push("1 = 0");
            }
            Compare::OneOf(values) => {
                sql.push(&backend.comparable(column, &own)).push(" IN (");
                for (position, value) in values.iter().enumerate() {
                    let value = read(value)?;
                    sql.push(if position > 0 { ", " } else { "" }).bind_comparable(column, &value);
                }
                sql.push(")");
            }
            Compare::Contains(_) if column.kind != ColumnKind::Text => {
                return Err(invalid("only text can be searched".into()));
            }
            Compare::Contains(text) => match backend.pattern(text) {
                Some(pattern) => {
                    let placeholder = sql.hold(pattern);
                    sql.push(&backend.contains(&own, &placeholder));
                }
                None => {
                    sql.push("1 = 0");
                }
            },
            Compare::Null(true) => {
                sql.push(&own).push(" IS NULL");
            }
            Compare::Null(false) => {
                sql.push(&own).push(" IS NOT NULL");
            }
        }
        Ok(())
    }

    /// What a database refuses of a query are the values that it asks for.
    fn unreadable(&self, error: Error) -> Error {
        match (error, &self.filters[..]) {
            (Error::Violation { detail, .. }, [(column, _), ..]) => {
                Error::InvalidValue { column: column.clone(), reason: detail }
            }
            (other, _) => other,
        }
    }
}

fn fields(backend: &dyn Backend, tracked: &Tracked, row: &QueryResult) -> Result<Fields> {
    Ok(json::encode_row(&tracked.table, &tracked.read(backend, row, 0)?))
}
