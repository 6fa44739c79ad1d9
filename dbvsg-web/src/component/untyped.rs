//! A component over a gateway: a tracked table that has no model.

use std::sync::Arc;

use dbvsg::{Column, Error, Gateway, Import, Key, Query, Reference, Tracked, Txn, model::json};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};

use super::{
    Component, Field, Fields, ListQuery, Refused, Rows, Shape, filter,
    kind::{Kind, stored_schema},
};
use crate::problem::Problem;

/// The rows of a tracked table.
pub(crate) struct Untyped {
    gateway: Gateway,
    shape: Shape,
}

impl Untyped {
    /// A component of this name for a tracked table, with the columns that it has now.
    pub(crate) fn new(component: String, gateway: Gateway, tracked: &Tracked) -> Self {
        let table = &tracked.table;
        let shape = Shape {
            component,
            table: tracked.name(),
            soft_delete: None,
            fields: table.columns.iter().map(field).collect(),
            key: table.key_names().into_iter().map(str::to_owned).collect(),
        };
        Self { gateway, shape }
    }

    async fn find(&self, at: Option<Reference>) -> Result<Query, Error> {
        Ok(match at {
            None => self.gateway.find(),
            Some(reference) => self.gateway.at(reference).await?.find(),
        })
    }

    async fn tracked(&self) -> Result<Arc<Tracked>, Error> {
        self.gateway.tracked().await
    }

    async fn key(&self, text: &str) -> Result<Key, Error> {
        Key::parse(&self.tracked().await?.table, text)
    }

    /// What is wrong with fields that a body gave.
    fn in_body(&self, error: Error) -> Problem {
        match error {
            error @ (Error::UnknownColumn { .. } | Error::InvalidValue { .. }) => {
                Problem::from(error).in_body().component(&self.shape.component)
            }
            error => error.into(),
        }
    }
}

fn field(column: &Column) -> Field {
    Field {
        name: column.name.clone(),
        kind: Kind::stored(column.kind),
        schema: stored_schema(column.kind),
        nullable: column.nullable,
        has_default: column.has_default,
        default: None,
        generated: column.generated,
    }
}

#[async_trait::async_trait]
impl Component for Untyped {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn list(&self, query: &ListQuery, at: Option<Reference>) -> Result<Rows, Problem> {
        let tracked = self.tracked().await?;
        let mut find = self.find(at).await?.page(query.limit, query.offset);
        for filter in &query.filters {
            let unknown = || Problem::query(&filter.parameter, "there is no such column");
            let column = tracked.table.column(&filter.column).ok_or_else(unknown)?;
            find = find.filter(&filter.column, filter::compare(column, filter)?);
        }
        if let Some((columns, order)) = &query.order {
            for column in columns {
                find = find.order_by(column, *order);
            }
        }
        let refused = |error: Error| match &error {
            Error::InvalidValue { column, reason } => {
                let asked = query.filters.iter().find(|filter| filter.column == *column);
                asked.map_or_else(Problem::internal, |filter| Problem::query(&filter.parameter, reason))
            }
            _ => error.into(),
        };
        let items = find.all().await.map_err(refused)?;
        // A page that is not full is the last one, so there is nothing to count.
        let seen = items.len() as u64;
        let is_last = seen < query.limit && (seen > 0 || query.offset == 0);
        let total = if is_last { query.offset + seen } else { find.count().await.map_err(refused)? };
        Ok(Rows { items, total })
    }

    async fn get(&self, key: &str, _: bool, at: Option<Reference>) -> Result<Option<Fields>, Problem> {
        let key = self.key(key).await?;
        Ok(match at {
            None => self.gateway.get(&key).await?,
            Some(reference) => self.gateway.at(reference).await?.get(&key).await?,
        })
    }

    async fn stream(
        &self,
        _: bool,
        at: Option<Reference>,
    ) -> Result<BoxStream<'static, Result<Fields, Problem>>, Problem> {
        Ok(self.find(at).await?.stream().await?.map_err(Problem::from).boxed())
    }

    async fn insert(&self, txn: &Txn, fields: Fields) -> Result<Fields, Problem> {
        self.gateway.insert(txn, fields).await.map_err(|error| self.in_body(error))
    }

    async fn insert_many(&self, txn: &Txn, rows: Vec<Fields>) -> Result<Vec<Fields>, Refused> {
        let refused = |dbvsg::Refused { row, error }| Refused { row, problem: self.in_body(error) };
        self.gateway.insert_many(txn, &rows).await.map_err(refused)
    }

    async fn save(&self, txn: &Txn, fields: Fields) -> Result<(Fields, bool), Problem> {
        let saved = self.gateway.save(txn, fields).await.map_err(|error| self.in_body(error))?;
        Ok((saved.row, saved.created))
    }

    async fn replace(&self, txn: &Txn, fields: Fields) -> Result<(Fields, bool), Problem> {
        let saved = self.gateway.replace(txn, fields).await.map_err(|error| self.in_body(error))?;
        Ok((saved.row, saved.created))
    }

    async fn update(&self, txn: &Txn, key: &str, fields: Fields) -> Result<Fields, Problem> {
        let key = self.key(key).await?;
        self.gateway.update(txn, &key, fields).await.map_err(|error| self.in_body(error))
    }

    async fn delete(&self, txn: &Txn, key: &str) -> Result<(), Problem> {
        self.gateway.delete(txn, &self.key(key).await?).await?;
        Ok(())
    }

    async fn delete_many(&self, txn: &Txn, keys: &[String]) -> Result<u64, Problem> {
        let tracked = self.tracked().await?;
        let keys = keys.iter().map(|key| Key::parse(&tracked.table, key)).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|error| Problem::from(error).in_body())?;
        Ok(self.gateway.delete_many(txn, &keys).await?)
    }

    async fn restore(&self, _: &Txn, _: &str) -> Result<bool, Problem> {
        Err(Error::NoSoftDelete { table: self.shape.table.clone() }.into())
    }

    async fn rollback(&self, txn: &Txn, key: &str, to: Reference) -> Result<Fields, Problem> {
        Ok(self.gateway.rollback(txn, &self.key(key).await?, to).await?.row)
    }

    fn import(&self) -> &dyn Import {
        &self.gateway
    }

    async fn key_fields(&self, key: &str) -> Result<Fields, Problem> {
        let (table, key) = (&self.tracked().await?.table, self.key(key).await?);
        Ok(table
            .key_columns()
            .zip(&key.0)
            .map(|(column, value)| (column.name.clone(), json::encode(column, value)))
            .collect())
    }
}
