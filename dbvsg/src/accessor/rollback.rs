//! One row goes back to what it was.

use sea_orm::{IdenStatic, Value as Bound};

use super::{
    Accessor, Operation, Saved, Scope, Writable, codec,
    read::{KeyOf, is_present, values},
};
use crate::{Column, Constraint, Error, Key, Reference, Result, Row, Tracked, Txn, history};

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
        let mark = E::SOFT_DELETE.and_then(|column| tracked.table.position(column.as_str()));
        let has = |column: &Column| codec::column_of::<E>(&column.name).is_some();
        let (then, columns) = match way_back(txn, &tracked, &untyped, to, mark, has).await? {
            WayBack::None => {
                let row = self.find_row(txn, key).await?.ok_or_else(|| self.unknown_row(key))?;
                return Ok(Saved { row, created: false });
            }
            WayBack::Insert(then, columns) => {
                let row = codec::active_model_of_row::<E>(&tracked.table, &then, columns)?;
                return Ok(Saved { row: self.insert_in(txn, row).await?, created: true });
            }
            WayBack::Update(then, columns) => (then, columns),
        };
        let before = self.find_row(txn, key).await?.ok_or_else(|| self.unknown_row(key))?;
        let changes = codec::active_model_of_row::<E>(&tracked.table, &then, columns)?;
        let operation = if is_present::<E>(&before) { Operation::Update } else { Operation::Restore };
        Ok(Saved { row: self.update_in(txn, before, changes, operation).await?, created: false })
    }
}

/// What has to be done so that a row is what it was: the row then, and the positions of its columns that have a part in it.
pub(crate) enum WayBack {
    None,
    Insert(Row, Vec<usize>),
    Update(Row, Vec<usize>),
}

/// Compares a row with what it was at a commit, as both are stored, so that what is the same stays untouched whatever a model
/// makes of it. It locks the row. `mark` is the column that marks rows as deleted, `has` tells which columns can be written.
/// Two queries once the reference is resolved.
///
/// # Errors
/// [`Error::UnknownRowAt`] if it was absent then or marked; [`Error::Violation`] if NULL is not allowed any more.
pub(crate) async fn way_back(
    txn: &Txn,
    tracked: &Tracked,
    key: &Key,
    to: &Reference,
    mark: Option<usize>,
    has: impl Fn(&Column) -> bool,
) -> Result<WayBack> {
    let table = &tracked.table;
    let (place, then) = txn.row_at(tracked, key, to).await?;
    let is_there = |row: &Row| mark.is_none_or(|mark| row.values[mark].is_null());
    let then = then.filter(is_there).ok_or_else(|| Error::UnknownRowAt {
        table: tracked.name(),
        key: key.to_text(table),
        reference: to.to_string(),
    })?;
    let goes_back = |position: &usize| {
        let column = &table.columns[*position];
        let was_there = tracked.held(*position, place.seq) || mark == Some(*position);
        was_there && !column.generated && has(column)
    };
    let now = history::row_now(txn, txn.vsg().backend(), tracked, key).await?;
    let mut columns = match &now {
        Some(now) => now.changed(&then),
        None => (0..table.columns.len()).collect(),
    };
    columns.retain(|position| goes_back(position) && (now.is_none() || !table.is_key(*position)));
    if now.is_some() && columns.iter().all(|&position| tracked.ignore.contains(&table.columns[position].name)) {
        return Ok(WayBack::None);
    }
    let is_missing = |position: &&usize| then.values[**position].is_null() && !table.columns[**position].nullable;
    if let Some(&position) = columns.iter().find(is_missing) {
        let detail = format!("{}.{}", tracked.name(), table.columns[position].name);
        return Err(Error::Violation { constraint: Constraint::NotNull, detail });
    }
    Ok(if now.is_some() { WayBack::Update(then, columns) } else { WayBack::Insert(then, columns) })
}
