//! What is known of each column of a table and of its history, beyond what the database tells.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, QueryResult, Value as Bound};

use crate::{
    Result,
    backend::{Backend, Sql},
    model::{Column, ColumnKind, Form, Table, TableName},
};

/// A column that a table has or had.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownColumn {
    /// Counts from 1 in each table and is never given again: history's own order, in which columns are hashed.
    pub(crate) id: i64,
    /// Its name in the table; none once it is gone from there.
    pub(crate) live: Option<String>,
    /// Its name in history; none if it is never stored.
    pub(crate) stored: Option<String>,
    /// The name under which it is hashed, whatever it is called by now.
    pub(crate) hashed: String,
    /// The type that it had in the table when it was last looked at.
    pub(crate) declared: String,
    /// The collation that it had there.
    pub(crate) collation: Option<String>,
    /// Where it stood there, counted from 0.
    pub(crate) position: i64,
    /// Its rank in the primary key, if it belongs to it.
    pub(crate) key_rank: Option<i64>,
    /// What the engine calls it by, whatever its name.
    pub(crate) engine_id: Option<String>,
    /// The column that took its place when its type changed.
    pub(crate) successor: Option<i64>,
    /// The last commit that does not know it yet; none if it was there when the table was enabled.
    pub(crate) since: Option<i64>,
    /// The column of the history table, as the database describes it now.
    pub(crate) column: Option<Column>,
}

impl KnownColumn {
    /// Whether a column of the table is this one, and nothing about it has changed.
    pub(crate) fn is_as_known(&self, table: &Table, position: usize, ids: &HashMap<String, String>) -> bool {
        let column = &table.columns[position];
        self.live.as_ref() == Some(&column.name)
            && self.declared == column.declared
            && self.collation == column.collation
            && self.position == position as i64
            && self.key_rank == rank(table, position)
            && (ids.is_empty() || self.engine_id == ids.get(&column.name).cloned())
    }

    /// Takes over what the database says of the column now.
    pub(crate) fn see(&mut self, table: &Table, position: usize, ids: &HashMap<String, String>) {
        let column = &table.columns[position];
        self.live = Some(column.name.clone());
        self.declared = column.declared.clone();
        self.collation = column.collation.clone();
        self.position = position as i64;
        self.key_rank = rank(table, position);
        self.engine_id = ids.get(&column.name).cloned();
        self.successor = None;
    }

    /// A column that was not known before.
    pub(crate) fn new(id: i64, hashed: String, stored: bool) -> Self {
        Self {
            id,
            live: None,
            stored: stored.then(String::new),
            hashed,
            declared: String::new(),
            collation: None,
            position: 0,
            key_rank: None,
            engine_id: None,
            successor: None,
            since: None,
            column: None,
        }
    }

    /// Those of a table that is being enabled.
    pub(crate) fn all(table: &Table, skip: &[String], ids: &HashMap<String, String>) -> Vec<Self> {
        let known = table.columns.iter().enumerate().map(|(position, column)| {
            let mut known = Self::new(position as i64 + 1, column.name.clone(), !skip.contains(&column.name));
            known.see(table, position, ids);
            known.stored = known.stored.map(|_| column.name.clone());
            known.column = known.stored.is_some().then(|| column.clone());
            known
        });
        known.collect()
    }

    fn read(row: &QueryResult) -> Result<(i64, Self)> {
        let known = Self {
            id: row.try_get("", "column_id")?,
            live: row.try_get("", "live_name")?,
            stored: row.try_get("", "history_name")?,
            hashed: row.try_get("", "hashed_name")?,
            declared: row.try_get("", "declared")?,
            collation: row.try_get("", "collation_name")?,
            position: row.try_get("", "live_position")?,
            key_rank: row.try_get("", "key_rank")?,
            engine_id: row.try_get("", "engine_id")?,
            successor: row.try_get("", "successor_id")?,
            since: row.try_get("", "since_seq")?,
            column: None,
        };
        Ok((row.try_get("", "table_id")?, known))
    }
}

fn rank(table: &Table, position: usize) -> Option<i64> {
    table.key.iter().position(|&key| key == position).map(|rank| rank as i64)
}

/// What is kept of a column.
const COLUMNS: &str = "column_id, live_name, history_name, hashed_name, declared, collation_name, live_position, key_rank, engine_id, \
                       successor_id, since_seq";

/// The known columns of all tables, by the tables' ids. One query.
pub(super) async fn load(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
) -> Result<HashMap<i64, Vec<KnownColumn>>> {
    let mut found: HashMap<i64, Vec<KnownColumn>> = HashMap::new();
    for row in Sql::new(backend, format!("SELECT table_id, {COLUMNS} FROM dbvsg_column ORDER BY table_id, column_id"))
        .all(db)
        .await?
    {
        let (table, known) = KnownColumn::read(&row)?;
        found.entry(table).or_default().push(known);
    }
    Ok(found)
}

/// Writes down what is known of a table's columns, in place of what was.
pub(crate) async fn write(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    table: i64,
    columns: &[KnownColumn],
) -> Result<()> {
    txn.execute_unprepared(&format!("DELETE FROM dbvsg_column WHERE table_id = {table}")).await?;
    for known in columns {
        let values: Vec<Bound> = vec![
            table.into(),
            known.id.into(),
            known.live.clone().into(),
            known.stored.clone().into(),
            known.hashed.clone().into(),
            known.declared.clone().into(),
            known.collation.clone().into(),
            known.position.into(),
            known.key_rank.into(),
            known.engine_id.clone().into(),
            known.successor.into(),
            known.since.into(),
        ];
        let mut sql = Sql::new(backend, format!("INSERT INTO dbvsg_column (table_id, {COLUMNS}) VALUES ("));
        sql.bind_all(values).push(")");
        sql.execute(txn).await?;
    }
    Ok(())
}

/// A table that is gone, as it was when it was last looked at.
pub(super) fn remembered(name: TableName, known: &[KnownColumn]) -> Table {
    let mut live: Vec<&KnownColumn> = known.iter().filter(|known| known.live.is_some()).collect();
    live.sort_by_key(|known| known.position);
    let columns = live.iter().map(|known| {
        let name = known.live.clone().unwrap_or_default();
        match &known.column {
            Some(column) => Column { name, ..column.clone() },
            None => Column {
                name,
                declared: known.declared.clone(),
                kind: ColumnKind::Any,
                form: Form::Any,
                nullable: true,
                has_default: false,
                generated: false,
                collation: None,
            },
        }
    });
    let mut key: Vec<(i64, usize)> =
        live.iter().enumerate().filter_map(|(position, known)| Some((known.key_rank?, position))).collect();
    key.sort_unstable();
    Table {
        name,
        columns: columns.collect(),
        key: key.into_iter().map(|(_, position)| position).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        partitioned: false,
        obstacle: None,
        stamped: Vec::new(),
        cascades: Vec::new(),
    }
}
