//! Rows that are inserted, many in a statement, and returned as the database has stored them.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::read::{projection, rows};
use crate::{
    Constraint, Error, Key, Result, Row, Tracked, Txn,
    accessor::{BOUND_VALUES, automatic_keys, explained, key_given},
    backend::Sql,
    model::{ColumnKind, Value},
};

/// The most bytes of values that one statement carries, about: servers limit what they take at a time.
const BYTES: usize = 1 << 20;

/// What a row sets: the positions of columns, in table order, with their values.
pub(super) type Values = Vec<(usize, Value)>;

/// Inserts rows and returns them in the same order. One statement for many; one more, or two where the database gives the
/// keys, on an engine that returns nothing.
pub(super) async fn insert(txn: &Txn, tracked: &Tracked, given: &[Values]) -> Result<Vec<Row>> {
    let mut inserted = Vec::with_capacity(given.len());
    // One statement gives all its rows the same columns, so rows that leave others to their defaults begin another.
    let columns = |row: &Values| row.iter().map(|(position, _)| *position).collect::<Vec<_>>();
    for alike in given.chunk_by(|a, b| columns(a) == columns(b)) {
        let mut rest = alike;
        while !rest.is_empty() {
            let (some, others) = rest.split_at(batch(rest));
            let written = write(txn, tracked, some).await;
            inserted.extend(explained(txn, &tracked.name(), written).await?);
            rest = others;
        }
    }
    if let Some(greatest) = given.iter().filter_map(|row| automatic_key(tracked, row)?).max()
        && let Some(column) = tracked.table.key_columns().next()
    {
        key_given(txn, &tracked.table.name, &column.name, greatest).await?;
    }
    Ok(inserted)
}

/// How many of these rows one statement takes.
fn batch(rows: &[Values]) -> usize {
    let columns = rows.first().map_or(0, Vec::len);
    if columns == 0 {
        return 1;
    }
    let (mut bytes, mut count) = (0, 0);
    for row in rows.iter().take((BOUND_VALUES / columns).max(1)) {
        bytes += row.iter().map(|(_, value)| size(value)).sum::<usize>();
        if count > 0 && bytes > BYTES {
            break;
        }
        count += 1;
    }
    count
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

/// The key that a row gives, where it is one that the database would make by itself; none inside if it is to make it.
fn automatic_key(tracked: &Tracked, row: &Values) -> Option<Option<i64>> {
    let [position] = tracked.table.key[..] else { return None };
    let column = &tracked.table.columns[position];
    let is_automatic = column.has_default && column.kind == ColumnKind::Integer;
    let given = row.iter().find(|(column, _)| *column == position).map(|(_, value)| value);
    is_automatic.then(|| match given? {
        Value::Integer(key) => Some(*key),
        Value::Text(key) => key.parse().ok(),
        _ => None,
    })
}

/// Inserts rows that set the same columns.
async fn write(txn: &Txn, tracked: &Tracked, given: &[Values]) -> Result<Vec<Row>> {
    let backend = txn.vsg().backend();
    let table = backend.quote_table(&tracked.table.name);
    let columns: Vec<usize> = given.first().into_iter().flatten().map(|(position, _)| *position).collect();
    let mut sql = Sql::new(backend, format!("INSERT INTO {table} "));
    if columns.is_empty() {
        sql.push(backend.only_defaults());
    } else {
        let names: Vec<String> =
            columns.iter().map(|&position| backend.quote(&tracked.table.columns[position].name)).collect();
        sql.push(&format!("({}){} VALUES ", names.join(", "), backend.inserting()));
        for (number, row) in given.iter().enumerate() {
            sql.push(if number > 0 { ", (" } else { "(" });
            for (place, (position, value)) in row.iter().enumerate() {
                sql.push(if place > 0 { ", " } else { "" }).bind_to(&tracked.table.columns[*position], value);
            }
            sql.push(")");
        }
    }
    let inserted = if backend.returns_written() {
        sql.push(&format!(" RETURNING {}", projection(backend, tracked, "")));
        sql.all(txn).await?.iter().map(|row| tracked.read(backend, row, 0)).collect::<Result<Vec<_>>>()?
    } else {
        let done = txn.execute_raw(sql.statement()).await?;
        read_back(txn, tracked, given, done.last_insert_id()).await?
    };
    if inserted.len() == given.len() {
        return Ok(inserted);
    }
    let detail = format!("a trigger or rule of `{}` kept a row out", tracked.name());
    Err(Error::Violation { constraint: Constraint::Check, detail })
}

/// The rows just inserted, in the same order. `first` is the key that the database gave to the first of them.
async fn read_back(txn: &Txn, tracked: &Tracked, given: &[Values], first: u64) -> Result<Vec<Row>> {
    let made = match given.first().and_then(|row| automatic_key(tracked, row)) {
        Some(None) => automatic_keys(txn, first, given.len()).await?,
        _ => Vec::new(),
    };
    let keys = given.iter().enumerate().map(|(number, row)| {
        let parts = tracked.table.key.iter().map(|position| {
            let part = row.iter().find(|(column, _)| column == position).map(|(_, value)| value.clone());
            part.or_else(|| made.get(number).map(|key| Value::Text(key.to_string())))
        });
        parts.collect::<Option<Vec<Value>>>().map(Key).ok_or_else(|| Error::UnsupportedDatabase {
            reason: "it does not tell the key that it gave to a row; give the key".to_owned(),
        })
    });
    let keys = keys.collect::<Result<Vec<Key>>>()?;
    let places: HashMap<String, usize> =
        keys.iter().enumerate().map(|(place, key)| (key.to_text(&tracked.table), place)).collect();
    let mut found = rows(txn, tracked, &keys).await?;
    found.sort_by_key(|row| places.get(&Key::of(&tracked.table, row).to_text(&tracked.table)).copied());
    Ok(found)
}
