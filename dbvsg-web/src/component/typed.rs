//! A component over an accessor, so that its hooks run.

use dbvsg::{
    Accessor, Error, Find, Import, Reference, Txn, Versioned, Writable, codec,
    sea_orm::{
        ColumnTrait, Condition, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn,
        sea_query::{ArrayType, SimpleExpr},
    },
};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};

use super::{
    Component, Field, Fields, ListQuery, Refused, Rows, Shape, filter,
    kind::{self, Kind},
};
use crate::problem::Problem;

/// The rows of an entity.
pub(crate) struct Typed<E: Versioned> {
    accessor: Accessor<E>,
    shape: Shape,
}

impl<E: Writable> Typed<E> {
    /// A component for an accessor whose table is tracked.
    pub(crate) async fn new(accessor: Accessor<E>) -> Result<Self, Error> {
        let tracked = accessor.vsg().tracked(&accessor.table()).await?;
        let fields = E::Column::iter().map(|column| field::<E>(column, &tracked.table)).collect();
        let key = E::PrimaryKey::iter().map(|key| key.into_column().as_str().to_owned()).collect();
        let shape = Shape {
            component: E::COMPONENT.to_owned(),
            table: accessor.table(),
            soft_delete: E::SOFT_DELETE.map(|column| column.as_str().to_owned()),
            fields,
            key,
        };
        Ok(Self { accessor, shape })
    }

    async fn find(&self, at: Option<Reference>) -> Result<Find<E>, Error> {
        Ok(match at {
            None => self.accessor.find(),
            Some(reference) => self.accessor.at(reference).await?.find(),
        })
    }

    fn active_model(&self, fields: &Fields) -> Result<E::ActiveModel, Problem> {
        codec::active_model::<E>(fields)
            .map_err(|error| Problem::from(error).in_body().component(&self.shape.component))
    }
}

fn field<E: Versioned>(column: E::Column, table: &dbvsg::Table) -> Field {
    let kind: ArrayType = <E::Model as ModelTrait>::get_value_type(column);
    let definition = column.def();
    let default = match definition.get_column_default() {
        Some(SimpleExpr::Value(value)) => Some(codec::show(value)),
        _ => None,
    };
    let stored = table.column(column.as_str());
    Field {
        name: column.as_str().to_owned(),
        kind: Kind::of(&kind),
        schema: kind::schema(&kind),
        nullable: codec::nullable::<E>(column),
        has_default: stored.is_some_and(|column| column.has_default),
        default,
        generated: stored.is_some_and(|column| column.generated),
    }
}

#[async_trait::async_trait]
impl<E: Writable> Component for Typed<E> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn list(&self, query: &ListQuery, at: Option<Reference>) -> Result<Rows, Problem> {
        let mut find = self.find(at).await?.include_deleted(query.include_deleted).page(query.limit, query.offset);
        for filter in &query.filters {
            find = find.filter(filter::condition::<E>(&self.accessor, filter)?);
        }
        if let Some((columns, order)) = &query.order {
            for column in columns.iter().filter_map(|name| filter::column::<E>(name)) {
                find = find.order_by(column, *order);
            }
        }
        let items: Vec<Fields> = find.all().await?.iter().map(codec::show_model::<E>).collect();
        // A page that is not full is the last one, so there is nothing to count.
        let seen = items.len() as u64;
        let is_last = seen < query.limit && (seen > 0 || query.offset == 0);
        let total = if is_last { query.offset + seen } else { find.count().await? };
        Ok(Rows { items, total })
    }

    async fn get(&self, key: &str, include_deleted: bool, at: Option<Reference>) -> Result<Option<Fields>, Problem> {
        let values = codec::key_values::<E>(key)?;
        let condition = values.into_iter().fold(Condition::all(), |all, (column, value)| all.add(column.eq(value)));
        // A whole key needs no LIMIT, whose parameter would make SQLite plan at each call.
        let found = self.find(at).await?.filter(condition).include_deleted(include_deleted).all().await?;
        Ok(found.first().map(codec::show_model::<E>))
    }

    async fn stream(
        &self,
        include_deleted: bool,
        at: Option<Reference>,
    ) -> Result<BoxStream<'static, Result<Fields, Problem>>, Problem> {
        let rows = match at {
            None => self.accessor.stream(include_deleted).boxed(),
            Some(reference) => self.accessor.at(reference).await?.stream(include_deleted).boxed(),
        };
        Ok(rows.map_ok(|row| codec::show_model::<E>(&row)).map_err(Problem::from).boxed())
    }

    async fn insert(&self, txn: &Txn, fields: Fields) -> Result<Fields, Problem> {
        let row = self.accessor.insert(txn, self.active_model(&fields)?).await?;
        Ok(codec::show_model::<E>(&row))
    }

    async fn insert_many(&self, txn: &Txn, rows: Vec<Fields>) -> Result<Vec<Fields>, Refused> {
        let read = rows.iter().enumerate().map(|(position, fields)| {
            self.active_model(fields).map_err(|problem| Refused { row: Some(position), problem })
        });
        let written = self.accessor.insert_many(txn, read.collect::<Result<_, _>>()?).await;
        let written = written.map_err(|error| Refused { row: None, problem: error.into() })?;
        Ok(written.iter().map(codec::show_model::<E>).collect())
    }

    async fn save(&self, txn: &Txn, fields: Fields) -> Result<(Fields, bool), Problem> {
        let saved = self.accessor.save(txn, self.active_model(&fields)?).await?;
        Ok((codec::show_model::<E>(&saved.row), saved.created))
    }

    async fn update(&self, txn: &Txn, key: &str, fields: Fields) -> Result<Fields, Problem> {
        let key = codec::parse_key::<E>(key)?;
        let row = self.accessor.update(txn, key, self.active_model(&fields)?).await?;
        Ok(codec::show_model::<E>(&row))
    }

    async fn delete(&self, txn: &Txn, key: &str) -> Result<(), Problem> {
        self.accessor.delete(txn, codec::parse_key::<E>(key)?).await?;
        Ok(())
    }

    async fn delete_many(&self, txn: &Txn, keys: &[String]) -> Result<u64, Problem> {
        let keys = keys.iter().map(|key| codec::parse_key::<E>(key)).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|error| Problem::from(error).in_body())?;
        Ok(self.accessor.delete_many(txn, keys).await?)
    }

    async fn restore(&self, txn: &Txn, key: &str) -> Result<bool, Problem> {
        let (_, restored) = self.accessor.restore(txn, codec::parse_key::<E>(key)?).await?;
        Ok(restored)
    }

    async fn rollback(&self, txn: &Txn, key: &str, to: Reference) -> Result<Fields, Problem> {
        let saved = self.accessor.rollback(txn, codec::parse_key::<E>(key)?, to).await?;
        Ok(codec::show_model::<E>(&saved.row))
    }

    fn import(&self) -> &dyn Import {
        &self.accessor
    }

    async fn key_fields(&self, key: &str) -> Result<Fields, Problem> {
        let values = codec::key_values::<E>(key)?;
        Ok(values.into_iter().map(|(column, value)| (column.as_str().to_owned(), codec::show(&value))).collect())
    }
}
