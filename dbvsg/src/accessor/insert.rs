//! Rows that are inserted and read back, in few statements, whether the engine returns what it inserts or not.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DbErr, IdenStatic, Iterable, PrimaryKeyToColumn,
    PrimaryKeyTrait, QueryFilter, QueryTrait, TryFromU64, Value as Bound, sea_query::IntoValueTuple,
};

use super::{
    Writable,
    read::KeyOf,
    write::{any_of, key_of, row_key},
};
use crate::{Result, Txn, backend::Sql, model::TableName};

/// Inserts rows that set the same columns, and returns them in the same order. One statement; one more, or two where the
/// database gives the keys, on an engine that returns nothing.
pub(super) async fn insert<E: Writable>(txn: &Txn, rows: &[E::ActiveModel]) -> Result<Vec<E::Model>> {
    let statement = E::insert_many(rows.iter().cloned());
    if txn.support_returning() {
        return Ok(statement.exec_with_returning(txn).await?);
    }
    let given: Option<Vec<Vec<Bound>>> = rows.iter().map(key_of::<E>).collect();
    if given.is_none() && !<E::PrimaryKey as PrimaryKeyTrait>::auto_increment() {
        // A key that only the database knows how to make. SeaORM says what it thinks of it.
        let mut inserted = Vec::with_capacity(rows.len());
        for row in rows {
            inserted.push(row.clone().insert(txn).await?);
        }
        return Ok(inserted);
    }
    let done = txn.execute(&statement.into_query()).await?;
    let keys = match given {
        Some(keys) => keys,
        None => generated::<E>(txn, done.last_insert_id(), rows.len()).await?,
    };
    read_back::<E>(txn, &keys).await
}

/// Inserts one row and returns it, with what the model itself does before and after. One statement; one more on an engine
/// that returns nothing.
pub(super) async fn insert_one<E: Writable>(txn: &Txn, row: E::ActiveModel) -> Result<E::Model> {
    if txn.support_returning() || key_of::<E>(&row).is_none() {
        return Ok(row.insert(txn).await?);
    }
    // SeaORM would ask such an engine for the automatic key it gave, which it does not tell of one that is below zero.
    let row = row.before_save(txn, true).await?;
    let inserted = insert::<E>(txn, &[row]).await?.pop();
    let inserted = inserted.ok_or_else(|| DbErr::RecordNotFound("the row that was inserted is not there".into()))?;
    Ok(<E::ActiveModel as ActiveModelBehavior>::after_save(inserted, txn, true).await?)
}

/// Lets the database go on behind keys that were given by hand to rows that could have had automatic ones. One query where
/// it does not do so itself.
pub(super) async fn keys_given<E: Writable>(txn: &Txn, rows: &[E::Model]) -> Result<()> {
    if !<E::PrimaryKey as PrimaryKeyTrait>::auto_increment() {
        return Ok(());
    }
    let number = |row| match row_key::<E>(row).as_slice() {
        [Bound::Int(Some(key))] => Some(i64::from(*key)),
        [Bound::BigInt(key)] => *key,
        [Bound::Unsigned(Some(key))] => Some(i64::from(*key)),
        _ => None,
    };
    let column = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column);
    let (Some(greatest), Some(column)) = (rows.iter().filter_map(number).max(), column) else { return Ok(()) };
    let entity = E::default();
    let table = TableName { schema: entity.schema_name().map(str::to_owned), name: entity.table_name().to_owned() };
    key_given(txn, &table, column.as_str(), greatest).await
}

/// The same for the greatest key that was given.
pub(crate) async fn key_given(txn: &Txn, table: &TableName, column: &str, greatest: i64) -> Result<()> {
    if let Some(statement) = txn.vsg().backend().key_given(table, column, greatest) {
        txn.query_one_raw(statement).await?;
    }
    Ok(())
}

/// The automatic keys that the database gave to the rows of a statement, of which it tells the first.
pub(crate) async fn automatic_keys(txn: &Txn, first: u64, count: usize) -> Result<Vec<u64>> {
    let backend = txn.vsg().backend();
    let row = Sql::new(backend, format!("SELECT {} AS step", backend.key_step())).one(txn).await?;
    let step: i64 = row.map(|row| row.try_get("", "step")).transpose()?.unwrap_or(1);
    Ok((0..count as u64).map(|position| first + position * step.unsigned_abs()).collect())
}

async fn generated<E: Writable>(txn: &Txn, first: u64, count: usize) -> Result<Vec<Vec<Bound>>> {
    let keys = automatic_keys(txn, first, count).await?.into_iter();
    keys.map(|key| Ok(KeyOf::<E>::try_from_u64(key)?.into_value_tuple().into_iter().collect())).collect()
}

async fn read_back<E: Writable>(txn: &Txn, keys: &[Vec<Bound>]) -> Result<Vec<E::Model>> {
    let mut rows = E::find().filter(any_of::<E>(keys)).all(txn).await?;
    if rows.len() != keys.len() {
        return Err(DbErr::RecordNotFound("not all rows are there that were inserted".into()).into());
    }
    let places: HashMap<&Vec<Bound>, usize> = keys.iter().enumerate().map(|(place, key)| (key, place)).collect();
    rows.sort_by_key(|row| places.get(&row_key::<E>(row)).copied());
    Ok(rows)
}
