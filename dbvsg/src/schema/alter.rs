//! What gives history the shape of its table. Nothing that it holds is lost: columns are added, renamed and put aside.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use super::ShapeChange;
use crate::{
    Error, Result,
    backend::{Alteration, Backend},
    catalog::{KnownColumn, Tracked},
    journal,
    model::{Column, Table},
};

/// What stands before the name of a column that was put aside. No column of a tracked table can begin so.
const ASIDE: &str = "vsg_old_";

/// A table's columns on their way to a new shape.
pub(super) struct Shaping<'a> {
    txn: &'a DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &'a Tracked,
    table: &'a Table,
    known: Vec<KnownColumn>,
    /// The newest commit: what is added now, none up to it knows.
    newest: i64,
    alteration: Alteration,
    changes: Vec<ShapeChange>,
}

/// What has to become of the history of `tracked` for `table`, whose columns are the known ones that `pairs` says. `skip` are
/// the names now of columns that are never stored. Returns what is known of the columns then, too, and what changed.
pub(super) async fn shape(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    (table, ids): (&Table, &HashMap<String, String>),
    pairs: &[Option<usize>],
    skip: &[String],
) -> Result<(Vec<KnownColumn>, Vec<ShapeChange>, Alteration)> {
    let (known, alteration) = (tracked.known.clone(), Alteration::default());
    let newest = journal::newest(txn, backend).await?;
    let mut shaping = Shaping { txn, backend, tracked, table, known, newest, alteration, changes: Vec::new() };
    shaping.drop_missing(pairs);
    for (position, pair) in pairs.iter().enumerate() {
        let place = match pair {
            Some(place) => shaping.keep(position, *place).await?,
            None => {
                let column = &table.columns[position];
                shaping.changes.push(ShapeChange::Added { column: column.name.clone() });
                let place = shaping.add(column, !skip.contains(&column.name));
                shaping.known[place].since = Some(newest);
                place
            }
        };
        shaping.known[place].see(table, position, ids);
    }
    shaping.rename();
    Ok((shaping.known, shaping.changes, shaping.alteration))
}

impl<'a> Shaping<'a> {
    /// A dropped column stays in history, and leaves the table's.
    fn drop_missing(&mut self, pairs: &[Option<usize>]) {
        for (place, known) in self.known.iter_mut().enumerate() {
            if !pairs.contains(&Some(place))
                && let Some(column) = known.live.take()
            {
                (known.key_rank, known.engine_id) = (None, None);
                self.changes.push(ShapeChange::Dropped { column });
            }
        }
    }

    /// A column that was there before, perhaps under another name or with another type. Returns where it is known.
    async fn keep(&mut self, position: usize, place: usize) -> Result<usize> {
        let column = &self.table.columns[position];
        let known = self.known[place].clone();
        match &known.live {
            None => {
                self.known[place].since = Some(self.newest);
                self.changes.push(ShapeChange::Added { column: column.name.clone() });
            }
            Some(name) if *name != column.name => {
                self.changes.push(ShapeChange::Renamed { from: name.clone(), to: column.name.clone() });
            }
            Some(_) => {}
        }
        if known.live.is_some() && known.declared != column.declared {
            let (from, to) = (known.declared.clone(), column.declared.clone());
            self.changes.push(ShapeChange::Retyped { column: column.name.clone(), from, to });
        }
        let Some(stored) = &known.column else { return Ok(place) };
        if self.table.is_key(position) && known.collation != column.collation && self.backend.collation_decides() {
            let reason = format!(
                "its key column `{}` has another collation, under which other values are the same, so its rows could get each \
                 other's past; give it the old one back, or move the rows to another table and enable that",
                column.name,
            );
            return Err(Error::Unfollowable { table: self.table.name.to_string(), reason });
        }
        if self.backend.holds(stored, column) || self.retype(stored, column).await? {
            return Ok(place);
        }
        if self.table.is_key(position) {
            let reason = format!(
                "the values of its key column `{}` do not read the same as `{}`, so its rows would lose their past; give the \
                 column its old type back, or move the rows to another table and enable that",
                column.name, column.declared,
            );
            return Err(Error::Unfollowable { table: self.table.name.to_string(), reason });
        }
        let new = self.add(column, true);
        let successor = self.known[new].id;
        self.known[new].since = known.since;
        let old = &mut self.known[place];
        (old.live, old.engine_id, old.successor) = (None, None, Some(successor));
        Ok(new)
    }

    /// Lets a column of history have another type in place, if all its values read the same then.
    async fn retype(&mut self, stored: &Column, column: &Column) -> Result<bool> {
        let Some(retype) = self.backend.retype(&self.tracked.history, stored, column) else { return Ok(false) };
        let history = self.backend.quote_table(&self.tracked.history);
        let unlike = format!("SELECT 1 AS one FROM {history} WHERE {} LIMIT 1", retype.unlike);
        if self.txn.query_one_raw(Statement::from_string(self.backend.builder(), unlike)).await?.is_some() {
            return Ok(false);
        }
        self.alteration.retyped.extend(retype.sql);
        Ok(true)
    }

    /// A new column, hashed under a name that none was hashed under before. Returns where it is known.
    fn add(&mut self, column: &Column, stored: bool) -> usize {
        let is_taken = |name: &str| self.known.iter().any(|known| known.stored.is_some() && known.hashed == name);
        let numbered = (2..).map(|number| format!("{}#{number}", column.name));
        let hashed = std::iter::once(column.name.clone()).chain(numbered).find(|name| !is_taken(name));
        let id = self.known.iter().map(|known| known.id).max().unwrap_or_default() + 1;
        self.known.push(KnownColumn::new(id, hashed.unwrap_or_default(), stored));
        if stored {
            self.alteration.added.push(column.clone());
        }
        self.known.len() - 1
    }

    /// Lets the columns of history go by what those of the table are called. What is gone makes room.
    fn rename(&mut self) {
        let live: Vec<String> = self.known.iter().filter_map(|known| known.live.clone()).collect();
        let is_live = |name: &str| live.iter().any(|live| live.eq_ignore_ascii_case(name));
        for known in &mut self.known {
            let Some(stored) = known.stored.clone() else { continue };
            let wanted = match &known.live {
                Some(live) => live.clone(),
                None if known.successor.is_some() && !stored.starts_with(ASIDE) || is_live(&stored) => {
                    self.backend.fit_name(&format!("{ASIDE}{}_{stored}", known.id))
                }
                None => stored.clone(),
            };
            if !stored.is_empty() && stored != wanted {
                self.alteration.renamed.push((stored, wanted.clone()));
            }
            known.stored = Some(wanted);
        }
    }
}
