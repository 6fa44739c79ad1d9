use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, PaginatorTrait, PrimaryKeyToColumn, QueryFilter, Value as Bound,
    sea_query::{ArrayType, Expr},
};

use super::{
    Accessor, Operation, Scope, Writable, codec,
    explain::explained,
    hooks::Event,
    insert,
    read::{KeyOf, is_present, values},
};
use crate::{Error, Result, Txn};

/// The most values one statement binds; every engine takes more.
pub(crate) const BOUND_VALUES: usize = 30_000;

/// The most rows one statement names by their keys: conditions on several columns nest, and SQLite takes a thousand levels.
pub(crate) const NAMED_ROWS: usize = 500;

/// What [`Accessor::save`] did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Saved<M> {
    /// The row as it is now.
    pub row: M,
    /// Whether it is new.
    pub created: bool,
}

/// What one write did, kept until the hooks after it and the listeners have run.
struct Done<E: Writable> {
    operation: Operation,
    before: Option<E::Model>,
    after: Option<E::Model>,
}

impl<E: Writable> Accessor<E> {
    /// Inserts a row. One statement, and one to count where there is a record limit.
    ///
    /// # Errors
    /// [`Error::RecordLimit`], [`Error::Violation`], [`Error::Hook`]; nothing is written then.
    pub async fn insert<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        row: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<E::Model> {
        let row = row.into_active_model();
        let session = self.open(scope).await?;
        let row = self.insert_in(session.txn(), row).await?;
        session.close().await?;
        Ok(row)
    }

    /// Inserts rows, as one commit and in one statement for many. Returns them in the same order.
    ///
    /// # Errors
    /// As [`Accessor::insert`]: all or nothing.
    pub async fn insert_many<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        rows: Vec<E::ActiveModel>,
    ) -> Result<Vec<E::Model>> {
        let session = self.open(scope).await?;
        let rows = self.insert_many_in(session.txn(), rows).await?;
        session.close().await?;
        Ok(rows)
    }

    /// Inserts the row, or, if its key is there already, sets the fields that are set. Two or three statements.
    ///
    /// # Errors
    /// [`Error::SoftDeleted`] if the row is soft-deleted, and as [`Accessor::insert`].
    pub async fn save<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        row: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<Saved<E::Model>> {
        let row = row.into_active_model();
        let session = self.open(scope).await?;
        let txn = session.txn();
        let present = match key_of::<E>(&row) {
            Some(key) => self.find_row(txn, &key).await?.map(|row| (key, row)),
            None => None,
        };
        let saved = match present {
            Some((key, before)) if !is_present::<E>(&before) => return Err(self.soft_deleted(&key)),
            Some((_, before)) => {
                Saved { row: self.update_in(txn, before, row, Operation::Update).await?, created: false }
            }
            None => Saved { row: self.insert_in(txn, row).await?, created: true },
        };
        session.close().await?;
        Ok(saved)
    }

    /// Sets the fields that are set in `changes`. Two statements.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if the row is absent or soft-deleted; [`Error::InvalidValue`] if it would change the key;
    /// [`Error::Violation`], [`Error::Hook`].
    pub async fn update<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        key: impl Into<KeyOf<E>> + Send,
        changes: E::ActiveModel,
    ) -> Result<E::Model> {
        let key = values::<E>(key.into());
        let session = self.open(scope).await?;
        let before = self.present_row(session.txn(), &key).await?;
        let row = self.update_in(session.txn(), before, changes, Operation::Update).await?;
        session.close().await?;
        Ok(row)
    }

    /// Deletes a row, softly where the model has a soft delete. Returns it as it was. Two statements.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] if it is absent or soft-deleted already; [`Error::Violation`], [`Error::Hook`].
    pub async fn delete<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        key: impl Into<KeyOf<E>> + Send,
    ) -> Result<E::Model> {
        let key = values::<E>(key.into());
        let session = self.open(scope).await?;
        let txn = session.txn();
        let before = self.present_row(txn, &key).await?;
        self.delete_in(txn, vec![before.clone()]).await?;
        session.close().await?;
        Ok(before)
    }

    /// Deletes rows, softly where the model has a soft delete; absent and soft-deleted ones are passed over. Returns how
    /// many there were. Two statements for every five hundred.
    ///
    /// # Errors
    /// [`Error::Violation`], [`Error::Hook`]: all or nothing.
    pub async fn delete_many<'a>(&self, scope: impl Into<Scope<'a>> + Send, keys: Vec<KeyOf<E>>) -> Result<u64> {
        let keys: Vec<Vec<Bound>> = keys.into_iter().map(values::<E>).collect();
        let session = self.open(scope).await?;
        let txn = session.txn();
        let mut deleted = 0;
        for keys in keys.chunks(NAMED_ROWS) {
            let rows: Vec<E::Model> = E::find().filter(any_of::<E>(keys)).all(txn).await?;
            let rows: Vec<E::Model> = rows.into_iter().filter(is_present::<E>).collect();
            deleted += rows.len() as u64;
            self.delete_in(txn, rows).await?;
        }
        session.close().await?;
        Ok(deleted)
    }

    /// Takes the deletion mark from a row. Returns the row, and whether it was marked. Two statements.
    ///
    /// # Errors
    /// [`Error::NoSoftDelete`] if the model has none, [`Error::UnknownRow`] if the row is absent.
    pub async fn restore<'a>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        key: impl Into<KeyOf<E>> + Send,
    ) -> Result<(E::Model, bool)> {
        let Some(column) = E::SOFT_DELETE else {
            return Err(Error::NoSoftDelete { table: self.table() });
        };
        let key = values::<E>(key.into());
        let session = self.open(scope).await?;
        let txn = session.txn();
        let before = self.find_row(txn, &key).await?.ok_or_else(|| self.unknown_row(&key))?;
        let restored = !is_present::<E>(&before);
        let mut row = before.clone();
        if restored {
            let mut changes = <E::ActiveModel as ActiveModelBehavior>::new();
            let null = codec::parse(&<E::Model as ModelTrait>::get_value_type(column), &serde_json::Value::Null);
            let null = null.map_err(|reason| Error::InvalidValue { column: column.as_str().to_owned(), reason })?;
            changes.set(column, null);
            row = self.update_in(txn, before, changes, Operation::Restore).await?;
        }
        session.close().await?;
        Ok((row, restored))
    }

    pub(super) async fn insert_in(&self, txn: &Txn, mut row: E::ActiveModel) -> Result<E::Model> {
        self.check_limit(txn, 1).await?;
        for hook in &self.hooks {
            hook.before_insert(txn, &mut row).await.map_err(Error::Hook)?;
        }
        let is_given = key_of::<E>(&row).is_some();
        let given = txn.vsg().backend().forgets_moments().then(|| row.clone());
        let row = explained(txn, &self.table(), insert::insert_one::<E>(txn, row).await).await?;
        given.map_or(Ok(()), |given| keeps_moments::<E>(&given, &row))?;
        if is_given {
            insert::keys_given::<E>(txn, std::slice::from_ref(&row)).await?;
        }
        self.inserted(txn, &row).await?;
        Ok(row)
    }

    async fn insert_many_in(&self, txn: &Txn, mut rows: Vec<E::ActiveModel>) -> Result<Vec<E::Model>> {
        self.check_limit(txn, rows.len() as u64).await?;
        for row in &mut rows {
            for hook in &self.hooks {
                hook.before_insert(txn, row).await.map_err(Error::Hook)?;
            }
        }
        let table = self.table();
        let chunk = (BOUND_VALUES / E::Column::iter().count().max(1)).max(1);
        let mut inserted = Vec::with_capacity(rows.len());
        // One statement gives all its rows the same columns, so rows that leave others to their defaults begin another.
        for alike in rows.chunk_by(|a, b| left_out::<E>(a) == left_out::<E>(b)) {
            for some in alike.chunks(chunk) {
                let done = explained(txn, &table, insert::insert::<E>(txn, some).await).await?;
                if txn.vsg().backend().forgets_moments() {
                    some.iter().zip(&done).try_for_each(|(given, row)| keeps_moments::<E>(given, row))?;
                }
                if some.iter().any(|row| key_of::<E>(row).is_some()) {
                    insert::keys_given::<E>(txn, &done).await?;
                }
                inserted.extend(done);
            }
        }
        for row in &inserted {
            self.inserted(txn, row).await?;
        }
        Ok(inserted)
    }

    async fn inserted(&self, txn: &Txn, row: &E::Model) -> Result<()> {
        for hook in &self.hooks {
            hook.after_insert(txn, row).await.map_err(Error::Hook)?;
        }
        self.announce(txn, || Done { operation: Operation::Insert, before: None, after: Some(row.clone()) });
        Ok(())
    }

    pub(super) async fn update_in(
        &self,
        txn: &Txn,
        before: E::Model,
        mut changes: E::ActiveModel,
        operation: Operation,
    ) -> Result<E::Model> {
        for column in E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column) {
            let key = before.get(column);
            if let ActiveValue::Set(other) | ActiveValue::Unchanged(other) = changes.get(column)
                && other != key
            {
                let reason = "the key of a row cannot be changed".to_owned();
                return Err(Error::InvalidValue { column: column.as_str().to_owned(), reason });
            }
            changes.set(column, key);
        }
        for hook in &self.hooks {
            hook.before_update(txn, &before, &mut changes).await.map_err(Error::Hook)?;
        }
        let is_key = |column: &E::Column| E::PrimaryKey::from_column(*column).is_some();
        let any =
            E::Column::iter().any(|column| !is_key(&column) && matches!(changes.get(column), ActiveValue::Set(_)));
        let given = txn.vsg().backend().forgets_moments().then(|| changes.clone());
        let after = if any { explained(txn, &self.table(), changes.update(txn).await).await? } else { before.clone() };
        given.map_or(Ok(()), |given| keeps_moments::<E>(&given, &after))?;
        for hook in &self.hooks {
            hook.after_update(txn, &before, &after).await.map_err(Error::Hook)?;
        }
        self.announce(txn, || Done { operation, before: Some(before), after: Some(after.clone()) });
        Ok(after)
    }

    async fn delete_in(&self, txn: &Txn, rows: Vec<E::Model>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            for hook in &self.hooks {
                hook.before_delete(txn, row).await.map_err(Error::Hook)?;
            }
        }
        let keys: Vec<Vec<Bound>> = rows.iter().map(row_key::<E>).collect();
        match E::SOFT_DELETE {
            Some(column) => {
                let mark = now(&<E::Model as ModelTrait>::get_value_type(column));
                let mark = mark.map_err(|reason| Error::InvalidValue { column: column.as_str().to_owned(), reason })?;
                E::update_many().col_expr(column, Expr::val(mark)).filter(any_of::<E>(&keys)).exec(txn).await?;
            }
            None => {
                E::delete_many().filter(any_of::<E>(&keys)).exec(txn).await?;
            }
        }
        for row in rows {
            for hook in &self.hooks {
                hook.after_delete(txn, &row).await.map_err(Error::Hook)?;
            }
            self.announce(txn, || Done { operation: Operation::Delete, before: Some(row), after: None });
        }
        Ok(())
    }

    /// Has the listeners called with this once the commit is safe.
    fn announce(&self, txn: &Txn, done: impl FnOnce() -> Done<E>) {
        let listeners: Vec<_> = self.hooks.iter().filter(|hooks| hooks.listens()).cloned().collect();
        if listeners.is_empty() {
            return;
        }
        let Done { operation, before, after } = done();
        txn.after_commit(move |commit| {
            Box::pin(async move {
                let event = Event { commit, operation, before, after };
                for listener in listeners {
                    listener.after_commit(&event).await;
                }
            })
        });
    }

    async fn check_limit(&self, txn: &Txn, more: u64) -> Result<()> {
        let Some(limit) = self.max_records else {
            return Ok(());
        };
        let present = PaginatorTrait::count(E::find(), txn).await?;
        if present.saturating_add(more) <= limit {
            return Ok(());
        }
        Err(Error::RecordLimit { component: E::COMPONENT.to_owned(), limit })
    }

    pub(super) async fn find_row<C: ConnectionTrait>(&self, db: &C, key: &[Bound]) -> Result<Option<E::Model>> {
        Ok(E::find().filter(any_of::<E>(&[key.to_vec()])).one(db).await?)
    }

    async fn present_row(&self, txn: &Txn, key: &[Bound]) -> Result<E::Model> {
        let found = self.find_row(txn, key).await?;
        found.filter(is_present::<E>).ok_or_else(|| self.unknown_row(key))
    }

    pub(super) fn unknown_row(&self, key: &[Bound]) -> Error {
        Error::UnknownRow { table: self.table(), key: codec::values_text(key) }
    }

    fn soft_deleted(&self, key: &[Bound]) -> Error {
        Error::SoftDeleted { table: self.table(), key: codec::values_text(key) }
    }
}

pub(super) fn row_key<E: Writable>(row: &E::Model) -> Vec<Bound> {
    E::PrimaryKey::iter().map(|key| row.get(key.into_column())).collect()
}

/// Refuses a row that was written with NULL where a moment was given.
fn keeps_moments<E: Writable>(given: &E::ActiveModel, row: &E::Model) -> Result<()> {
    let is_moment = |value: &Bound| {
        matches!(
            value,
            Bound::ChronoDateTimeUtc(Some(_))
                | Bound::ChronoDateTimeLocal(Some(_))
                | Bound::ChronoDateTimeWithTimeZone(Some(_))
        )
    };
    let forgotten = E::Column::iter().find(|column| {
        matches!(given.get(*column), ActiveValue::Set(value) if is_moment(&value)) && codec::is_null(&row.get(*column))
    });
    match forgotten {
        Some(column) => {
            let reason = "the database has no TIMESTAMP for a moment so long ago or so far ahead".to_owned();
            Err(Error::InvalidValue { column: column.as_str().to_owned(), reason })
        }
        None => Ok(()),
    }
}

/// For each column whether a row leaves it to its default.
fn left_out<E: Writable>(row: &E::ActiveModel) -> Vec<bool> {
    E::Column::iter().map(|column| row.get(column).is_not_set()).collect()
}

/// The key that is set in a row to be saved, if all of it is.
pub(super) fn key_of<E: Writable>(row: &E::ActiveModel) -> Option<Vec<Bound>> {
    let parts = E::PrimaryKey::iter().map(|key| match row.get(key.into_column()) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value),
        ActiveValue::NotSet => None,
    });
    parts.collect()
}

/// A condition that holds for the rows with these keys.
pub(super) fn any_of<E: Writable>(keys: &[Vec<Bound>]) -> Condition {
    let columns: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    if let [only] = columns[..] {
        return Condition::all().add(only.is_in(keys.iter().flatten().cloned()));
    }
    keys.iter().fold(Condition::any(), |any, key| {
        let all =
            columns.iter().zip(key).fold(Condition::all(), |all, (column, value)| all.add(column.eq(value.clone())));
        any.add(all)
    })
}

/// The mark of a soft delete: the time now, in the type of the column.
fn now(kind: &ArrayType) -> Result<Bound, String> {
    let now = chrono::Utc::now();
    // Microseconds are what every engine and the HTTP interface keep.
    let now = crate::model::time::from_micros(now.timestamp_micros());
    Ok(match kind {
        ArrayType::ChronoDateTimeUtc => now.into(),
        ArrayType::ChronoDateTimeWithTimeZone => now.fixed_offset().into(),
        ArrayType::ChronoDateTimeLocal => now.with_timezone(&chrono::Local).into(),
        ArrayType::ChronoDateTime => now.naive_utc().into(),
        ArrayType::ChronoDate => now.date_naive().into(),
        ArrayType::BigInt => now.timestamp_micros().into(),
        ArrayType::Bool => true.into(),
        ArrayType::String => crate::model::time::to_text(now).into(),
        _ => {
            return Err(
                "a soft-delete column must be an optional date-time, date, bigint (microseconds), text or bool".into(),
            );
        }
    })
}
