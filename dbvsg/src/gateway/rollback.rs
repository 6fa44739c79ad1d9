//! One row goes back to what it was.

use super::{
    Fields, Gateway,
    insert::{self, Values},
    read::rows,
    write::set,
};
use crate::{
    Error, Key, Reference, Result, Row, Saved, Scope,
    accessor::{WayBack, way_back},
    model::json,
};

impl Gateway {
    /// Gives a row the values that it had at a commit, as a new version of it; the operation of a commit of its own is
    /// ROLLBACK. A row that was deleted since is inserted again under its old key. Where nothing differs that would make a
    /// version, nothing is written. Some five statements, and what sealing takes.
    ///
    /// A column keeps what it holds (an inserted row: its default) if history does not have it, if the database computes it,
    /// or if it was not there at the commit.
    ///
    /// # Errors
    /// [`Error::UnknownRowAt`] if the row was absent then; [`Error::UnknownReference`] and its kin; [`Error::Violation`] if
    /// the old values are not allowed any more. Nothing is changed then.
    pub async fn rollback<'a, R>(&self, scope: impl Into<Scope<'a>> + Send, key: &Key, to: R) -> Result<Saved<Fields>>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let (to, tracked) = (to.try_into()?, self.tracked_for(std::slice::from_ref(key)).await?);
        let session = self.open(scope.into().labelled("ROLLBACK")).await?;
        let txn = session.txn();
        let then = |row: Row, columns: Vec<usize>| -> Values {
            columns.into_iter().map(|position| (position, row.values[position].clone())).collect()
        };
        let (row, created) = match way_back(txn, &tracked, key, &to, None, |_| true).await? {
            WayBack::None => (rows(txn, &tracked, std::slice::from_ref(key)).await?.pop(), false),
            WayBack::Update(row, columns) => (set(txn, &tracked, key, &then(row, columns), &[]).await?, false),
            WayBack::Insert(row, columns) => (insert::insert(txn, &tracked, &[then(row, columns)]).await?.pop(), true),
        };
        let row = row.ok_or_else(|| Error::UnknownRow { table: tracked.name(), key: key.to_text(&tracked.table) })?;
        session.close().await?;
        Ok(Saved { row: json::encode_row(&tracked.table, &row), created })
    }
}
