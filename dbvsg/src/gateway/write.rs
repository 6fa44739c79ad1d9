use sea_orm::{ConnectionTrait, DatabaseExecutor};

use super::{
    Fields, Gateway, Refused,
    insert::{self, Values},
    read::{projection, rows},
};
use crate::{
    Error, Key, Result, Row, Saved, Scope, Tracked, Txn,
    accessor::{NAMED_ROWS, explained},
    backend::Sql,
    model::json,
};

impl Gateway {
    /// Inserts a row, and returns it as the database has stored it. One statement; up to two more on MySQL.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`]; [`Error::InvalidValue`], also for a column that the database computes;
    /// [`Error::Violation`]. Nothing is written then.
    pub async fn insert<'a>(&self, scope: impl Into<Scope<'a>> + Send, row: Fields) -> Result<Fields> {
        let inserted = self.insert_many(scope, &[row]).await.map_err(|refused| refused.error)?.pop();
        Ok(inserted.unwrap_or_default())
    }

    /// Inserts rows, as one commit. Returns them in the same order. One statement for all that set the same columns, as long as
    /// they are not too large for one.
    ///
    /// # Errors
    /// As [`Gateway::insert`], with the row where that can be told: all or nothing.
    pub async fn insert_many<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        rows: &[Fields],
    ) -> Result<Vec<Fields>, Refused> {
        let tracked = self.tracked().await?;
        let read = rows
            .iter()
            .enumerate()
            .map(|(row, fields)| values(&tracked, fields).map_err(|error| Refused { row: Some(row), error }));
        let read = read.collect::<Result<Vec<Values>, _>>()?;
        let session = self.open(scope).await?;
        let written = insert::insert(session.txn(), &tracked, &read).await?;
        session.close().await?;
        Ok(written.iter().map(|row| json::encode_row(&tracked.table, row)).collect())
    }

    /// Inserts the row, or, if its key is there already, sets the fields given. One to three statements.
    ///
    /// # Errors
    /// As [`Gateway::insert`].
    pub async fn save<'a>(&self, scope: impl Into<Scope<'a>> + Send, row: Fields) -> Result<Saved<Fields>> {
        self.put(scope, row, false).await
    }

    /// Inserts the row, or puts it in the place of the one with its key: what it leaves out gets its default, or NULL. One to
    /// three statements; on SQLite one more for each default.
    ///
    /// # Errors
    /// As [`Gateway::insert`].
    pub async fn replace<'a>(&self, scope: impl Into<Scope<'a>> + Send, row: Fields) -> Result<Saved<Fields>> {
        self.put(scope, row, true).await
    }

    async fn put<'a>(&self, scope: impl Into<Scope<'a>> + Send, row: Fields, whole: bool) -> Result<Saved<Fields>> {
        let tracked = self.tracked().await?;
        let values = values(&tracked, &row)?;
        let session = self.open(scope).await?;
        let txn = session.txn();
        let present = match key_of(&tracked, &values) {
            Some(key) => {
                let resets = if whole { resets(txn, &tracked, &values).await? } else { Vec::new() };
                set(txn, &tracked, &key, &without_key(&tracked, &values), &resets).await?
            }
            None => None,
        };
        let created = present.is_none();
        let row = match present {
            Some(row) => row,
            None => insert::insert(txn, &tracked, &[values]).await?.pop().unwrap_or_else(|| Row::new(vec![])),
        };
        session.close().await?;
        Ok(Saved { row: json::encode_row(&tracked.table, &row), created })
    }

    /// Sets the fields given, and returns the row. One to three statements.
    ///
    /// # Errors
    /// [`Error::UnknownRow`]; [`Error::InvalidValue`], also if it would change the key; as [`Gateway::insert`].
    pub async fn update<'a>(&self, scope: impl Into<Scope<'a>> + Send, key: &Key, changes: Fields) -> Result<Fields> {
        let tracked = self.tracked_for(std::slice::from_ref(key)).await?;
        let values = values(&tracked, &changes)?;
        let session = self.open(scope).await?;
        if values.iter().any(|(position, _)| tracked.table.is_key(*position)) {
            let before = self.present_row(session.txn(), &tracked, key).await?;
            keeps_key(&tracked, &before, &values)?;
        }
        let row = set(session.txn(), &tracked, key, &without_key(&tracked, &values), &[]).await?;
        let row = row.ok_or_else(|| unknown_row(&tracked, key))?;
        session.close().await?;
        Ok(json::encode_row(&tracked.table, &row))
    }

    /// Deletes a row. Returns it as it was. One statement; two on MySQL.
    ///
    /// # Errors
    /// [`Error::UnknownRow`]; [`Error::Violation`] if others refer to it.
    pub async fn delete<'a>(&self, scope: impl Into<Scope<'a>> + Send, key: &Key) -> Result<Fields> {
        let tracked = self.tracked_for(std::slice::from_ref(key)).await?;
        let session = self.open(scope).await?;
        let txn = session.txn();
        let backend = txn.vsg().backend();
        let mut sql = Sql::new(backend, format!("DELETE FROM {} WHERE ", backend.quote_table(&tracked.table.name)));
        sql.has_one_of(&tracked, "", std::slice::from_ref(key));
        let deleted = if backend.returns_written() {
            sql.push(&format!(" RETURNING {}", projection(backend, &tracked, "")));
            let deleted = explained(txn, &self.name, sql.all(txn).await).await?;
            let row = deleted.first().ok_or_else(|| unknown_row(&tracked, key))?;
            tracked.read(backend, row, 0)?
        } else {
            let before = self.present_row(txn, &tracked, key).await?;
            explained(txn, &self.name, sql.execute(txn).await).await?;
            before
        };
        session.close().await?;
        Ok(json::encode_row(&tracked.table, &deleted))
    }

    /// Deletes rows; absent ones are passed over. Returns how many there were. One statement for every five hundred.
    ///
    /// # Errors
    /// [`Error::Violation`] if others refer to one of them: all or nothing.
    pub async fn delete_many<'a>(&self, scope: impl Into<Scope<'a>> + Send, keys: &[Key]) -> Result<u64> {
        let tracked = self.tracked_for(keys).await?;
        let session = self.open(scope).await?;
        let (txn, backend) = (session.txn(), self.vsg.backend());
        let mut deleted = 0;
        for keys in keys.chunks(NAMED_ROWS) {
            let table = backend.quote_table(&tracked.table.name);
            let mut sql = Sql::new(backend, format!("DELETE FROM {table} WHERE "));
            sql.has_one_of(&tracked, "", keys);
            deleted += explained(txn, &self.name, sql.execute(txn).await).await?.rows_affected();
        }
        session.close().await?;
        Ok(deleted)
    }

    async fn present_row(&self, txn: &Txn, tracked: &Tracked, key: &Key) -> Result<Row> {
        let found = rows(txn, tracked, std::slice::from_ref(key)).await?.pop();
        found.ok_or_else(|| unknown_row(tracked, key))
    }
}

/// What the fields of a row say, each value as its column stores it.
fn values(tracked: &Tracked, fields: &Fields) -> Result<Values> {
    let mut values = Values::with_capacity(fields.len());
    for (name, json) in fields {
        let unknown = || Error::UnknownColumn { table: tracked.name(), column: name.clone() };
        let position = tracked.table.position(name).ok_or_else(unknown)?;
        let column = &tracked.table.columns[position];
        let invalid = |reason: String| Error::InvalidValue { column: name.clone(), reason };
        if column.generated {
            return Err(invalid("the database computes it".into()));
        }
        values.push((position, json::parse(column, json).map_err(invalid)?));
    }
    values.sort_by_key(|(position, _)| *position);
    Ok(values)
}

/// The key that a row to be saved gives, if it gives all of it.
fn key_of(tracked: &Tracked, values: &Values) -> Option<Key> {
    let part = |position: &usize| values.iter().find(|(column, _)| column == position).map(|(_, value)| value.clone());
    tracked.table.key.iter().map(part).collect::<Option<Vec<_>>>().map(Key)
}

fn without_key(tracked: &Tracked, values: &Values) -> Values {
    values.iter().filter(|(position, _)| !tracked.table.is_key(*position)).cloned().collect()
}

/// Refuses values that would give a row another key.
fn keeps_key(tracked: &Tracked, before: &Row, values: &Values) -> Result<()> {
    let other = values.iter().find(|(position, value)| {
        let column = &tracked.table.columns[*position];
        let [old, new] = [&before.values[*position], value].map(|value| json::encode(column, value));
        // What the database has stored may be written in other words.
        let is_same = old == new || json::parse_decimal(&old).is_ok_and(|old| json::parse_decimal(&new) == Ok(old));
        tracked.table.is_key(*position) && !is_same
    });
    match other {
        Some((position, _)) => {
            let reason = "the key of a row cannot be changed".to_owned();
            Err(Error::InvalidValue { column: tracked.table.columns[*position].name.clone(), reason })
        }
        None => Ok(()),
    }
}

fn unknown_row(tracked: &Tracked, key: &Key) -> Error {
    Error::UnknownRow { table: tracked.name(), key: key.to_text(&tracked.table) }
}

/// What becomes of the columns that a whole row leaves out: their positions, and their defaults as expressions.
async fn resets(txn: &Txn, tracked: &Tracked, values: &Values) -> Result<Vec<(usize, String)>> {
    let (backend, db) = (txn.vsg().backend(), DatabaseExecutor::Transaction(txn.inner()));
    let mut resets = Vec::new();
    for (position, column) in tracked.table.columns.iter().enumerate() {
        let is_given = values.iter().any(|(given, _)| *given == position);
        if is_given || column.generated || tracked.table.is_key(position) {
            continue;
        }
        let default = if column.has_default {
            backend.default_of(&db, &tracked.table.name, column).await?
        } else {
            "NULL".to_owned()
        };
        resets.push((position, default));
    }
    Ok(resets)
}

/// Sets columns of the row with this key, to values and to expressions, and returns it; none if it is not there.
pub(super) async fn set(
    txn: &Txn,
    tracked: &Tracked,
    key: &Key,
    values: &Values,
    resets: &[(usize, String)],
) -> Result<Option<Row>> {
    let key = std::slice::from_ref(key);
    if values.is_empty() && resets.is_empty() {
        return Ok(rows(txn, tracked, key).await?.pop());
    }
    let backend = txn.vsg().backend();
    let name = |position: usize| backend.quote(&tracked.table.columns[position].name);
    let mut sql = Sql::new(backend, format!("UPDATE {} SET ", backend.quote_table(&tracked.table.name)));
    for (place, (position, value)) in values.iter().enumerate() {
        sql.push(if place > 0 { ", " } else { "" }).push(&format!("{} = ", name(*position)));
        sql.bind_to(&tracked.table.columns[*position], value);
    }
    for (place, (position, expression)) in resets.iter().enumerate() {
        sql.push(if place + values.len() > 0 { ", " } else { "" });
        sql.push(&format!("{} = {expression}", name(*position)));
    }
    sql.push(" WHERE ").has_one_of(tracked, "", key);
    if backend.returns_updated() {
        sql.push(&format!(" RETURNING {}", projection(backend, tracked, "")));
        let updated = explained(txn, &tracked.name(), sql.all(txn).await).await?;
        return updated.first().map(|row| tracked.read(backend, row, 0)).transpose();
    }
    explained(txn, &tracked.name(), txn.execute_raw(sql.statement()).await).await?;
    Ok(rows(txn, tracked, key).await?.pop())
}
