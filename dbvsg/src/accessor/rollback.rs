//! One row goes back to what it was.

use sea_orm::{IdenStatic, QueryFilter, QuerySelect, Value as Bound};

use super::{
    Accessor, Operation, Saved, Scope, Writable, codec,
    read::{KeyOf, is_present, values},
    write::any_of,
};
use crate::{Constraint, Error, Reference, Result, Row, Tracked, Txn, history};

impl<E: Writable> Accessor<E> {
    /// Gives a row the values that it had at a commit, as a new version of it; the operation of a commit of its own is
    /// ROLLBACK. A row that was deleted since is inserted again under its old key, one that was marked as deleted loses the
    /// mark. Where nothing differs that would make a version, nothing is written. Some five
    /// statements, and what sealing takes.
    ///
    /// A column keeps what it holds (an inserted row: its default) if history or the model does not have it, if the database
    /// computes it, or if it was not there at the commit.
    ///
    /// # Errors
    /// [`Error::UnknownRowAt`] if the row was absent or soft-deleted then; [`Error::UnknownReference`] and its kin;
    /// [`Error::Violation`] if the old values are not allowed any more; [`Error::InvalidValue`] if the model cannot hold
    /// them; [`Error::RecordLimit`], [`Error::Hook`]. Nothing is changed then.
    pub async fn rollback<'a, R>(
        &self,
        scope: impl Into<Scope<'a>> + Send,
        key: impl Into<KeyOf<E>> + Send,
        to: R,
    ) -> Result<Saved<E::Model>>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let (to, key) = (to.try_into()?, values::<E>(key.into()));
        let session = self.open(scope.into().labelled("ROLLBACK")).await?;
        let saved = self.rollback_in(session.txn(), &key, &to).await?;
        session.close().await?;
        Ok(saved)
    }

    async fn rollback_in(&self, txn: &Txn, key: &[Bound], to: &Reference) -> Result<Saved<E::Model>> {
        let (tracked, untyped) = self.untyped(key).await?;
        let (place, then) = txn.row_at(&tracked, &untyped, to).await?;
        let mark = E::SOFT_DELETE.and_then(|column| tracked.table.position(column.as_str()));
        let is_there = |row: &Row| mark.is_none_or(|mark| row.values[mark].is_null());
        let then = then.filter(is_there).ok_or_else(|| Error::UnknownRowAt {
            table: self.table(),
            key: codec::values_text(key),
            reference: to.to_string(),
        })?;
        let goes_back = |position: &usize| {
            let column = &tracked.table.columns[*position];
            let was_there = tracked.held(*position, place.seq) || mark == Some(*position);
            was_there && !column.generated && codec::column_of::<E>(&column.name).is_some()
        };
        let Some(before) = E::find().filter(any_of::<E>(&[key.to_vec()])).lock_exclusive().one(txn).await? else {
            let columns = (0..tracked.table.columns.len()).filter(goes_back).collect();
            let row = self.as_it_was(&tracked, &then, columns)?;
            return Ok(Saved { row: self.insert_in(txn, row).await?, created: true });
        };
        // Compared as it is stored, so that what is the same stays untouched whatever the model makes of it.
        let now = history::row_now(txn, self.vsg.backend(), &tracked, &untyped).await?;
        let now = now.ok_or_else(|| self.unknown_row(key))?;
        let mut columns = now.changed(&then);
        columns.retain(|position| goes_back(position) && !tracked.table.is_key(*position));
        if columns.iter().all(|&position| tracked.ignore.contains(&tracked.table.columns[position].name)) {
            return Ok(Saved { row: before, created: false });
        }
        let changes = self.as_it_was(&tracked, &then, columns)?;
        let operation = if is_present::<E>(&before) { Operation::Update } else { Operation::Restore };
        Ok(Saved { row: self.update_in(txn, before, changes, operation).await?, created: false })
    }

    /// What the columns at these positions held.
    fn as_it_was(&self, tracked: &Tracked, then: &Row, columns: Vec<usize>) -> Result<E::ActiveModel> {
        let is_missing = |position: &usize| then.values[*position].is_null();
        let required = |position: &usize| !tracked.table.columns[*position].nullable;
        if let Some(position) = columns.iter().copied().filter(is_missing).find(required) {
            let detail = format!("{}.{}", self.table(), tracked.table.columns[position].name);
            return Err(Error::Violation { constraint: Constraint::NotNull, detail });
        }
        codec::active_model_of_row::<E>(&tracked.table, then, columns)
    }
}
