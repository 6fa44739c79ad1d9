use super::{Compare, Fields, Gateway, Query};
use crate::{
    CommitId, Error, Key, Reference, Result, Row, Tracked,
    backend::{Backend, Sql},
    history::Position,
    model::json,
};

impl Gateway {
    /// The row with this key. One query.
    ///
    /// # Errors
    /// [`Error::InvalidKey`]; if the database fails.
    pub async fn get(&self, key: &Key) -> Result<Option<Fields>> {
        self.get_at(None, key).await
    }

    /// Begins a query.
    pub fn find(&self) -> Query {
        Query::new(self, None)
    }

    /// The rows as they were at a commit.
    ///
    /// # Errors
    /// [`Error::UnknownReference`] and its kin; [`Error::Pruned`].
    pub async fn at<R>(&self, reference: R) -> Result<GatewayAt>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let position = self.vsg.position(Some(&self.name), &reference.try_into()?).await?;
        position.check(&*self.tracked().await?)?;
        Ok(GatewayAt { gateway: self.clone(), position })
    }

    async fn get_at(&self, place: Option<&Position>, key: &Key) -> Result<Option<Fields>> {
        let tracked = self.tracked_for(std::slice::from_ref(key)).await?;
        let table = &tracked.table;
        let by_key =
            table.key_columns().zip(&key.0).fold(Query::new(self, place.cloned()), |query, (column, value)| {
                query.filter(&column.name, Compare::Equal(json::encode(column, value)))
            });
        by_key.one().await.map_err(|error| match error {
            Error::InvalidValue { column, reason } => Error::InvalidKey {
                table: tracked.name(),
                key: key.to_text(table),
                reason: format!("`{column}`: {reason}"),
            },
            other => other,
        })
    }
}

/// The rows of a tracked table as they were at a commit.
#[derive(Clone, Debug)]
pub struct GatewayAt {
    gateway: Gateway,
    position: Position,
}

impl GatewayAt {
    /// The commit.
    pub fn commit(&self) -> CommitId {
        self.position.uuid
    }

    /// The row with this key. One query.
    ///
    /// # Errors
    /// As [`Gateway::get`].
    pub async fn get(&self, key: &Key) -> Result<Option<Fields>> {
        self.gateway.get_at(Some(&self.position), key).await
    }

    /// Begins a query.
    pub fn find(&self) -> Query {
        Query::new(&self.gateway, Some(self.position.clone()))
    }
}

/// All columns of a table, those included that history does not hold, as [`Tracked::read`] reads them. `before` stands before
/// each name.
pub(super) fn projection(backend: &dyn Backend, tracked: &Tracked, before: &str) -> String {
    let columns = tracked.table.columns.iter();
    let columns = columns.map(|column| backend.project(column, &format!("{before}{}", backend.quote(&column.name))));
    columns.collect::<Vec<_>>().join(", ")
}

/// The rows with these keys, inside a transaction and in no order. One query.
pub(super) async fn rows(txn: &crate::Txn, tracked: &Tracked, keys: &[Key]) -> Result<Vec<Row>> {
    let backend = txn.vsg().backend();
    let (columns, table) = (projection(backend, tracked, "t."), backend.quote_table(&tracked.table.name));
    let mut sql = Sql::new(backend, format!("SELECT {columns} FROM {table} t WHERE "));
    sql.has_one_of(tracked, "t.", keys);
    sql.all(txn).await?.iter().map(|row| tracked.read(backend, row, 0)).collect()
}
