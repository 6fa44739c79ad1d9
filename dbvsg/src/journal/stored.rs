//! What is stored, read as it is hashed.

use sea_orm::QueryResult;

use super::canonical::{Header, KeptDigest, TableDigest, TableEntry};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{Column, Hash, Value},
};

/// Reads a commit's row; to which commit it is reset stands elsewhere.
pub(super) fn header(row: &QueryResult) -> Result<Header> {
    Ok(Header {
        id: row.try_get("", "id")?,
        uuid: row.try_get("", "uuid")?,
        branch: row.try_get("", "branch_id")?,
        seq: row.try_get("", "seq")?,
        parent: row.try_get("", "parent_id")?,
        merged: row.try_get("", "merged_id")?,
        actor: row.try_get("", "actor")?,
        operation: row.try_get("", "operation")?,
        query: row.try_get("", "query")?,
        message: row.try_get("", "message")?,
        meta: row.try_get("", "meta")?,
        written_at: row.try_get("", "written_at")?,
        committed_at: row.try_get("", "committed_at")?,
        reset: None,
    })
}

/// What a commit says of a table, as columns of `x`.
pub(super) const ENTRY: &str = "x.commit_id, x.table_id, x.first_change, x.last_change, x.baseline, x.inserted, x.updated, x.deleted, \
                                x.soft_deleted, x.restored, x.live_rows, x.parent_id, x.rollbacked_at";

/// What is noted there of what retention took away.
pub(super) const LOSS: &str = "x.pruned_digest, x.pruned_baseline, x.pruned_inserted, x.pruned_updated, x.pruned_deleted, \
                               x.pruned_soft_deleted, x.pruned_restored";

/// Reads what a commit says of one table; to which commit it is reset stands elsewhere.
pub(super) fn table_entry(row: &QueryResult) -> Result<TableEntry> {
    let number = |name: &str| row.try_get::<i64>("", name);
    Ok(TableEntry {
        table: number("table_id")?,
        first_change: number("first_change")?,
        last_change: number("last_change")?,
        baseline: number("baseline")?,
        inserted: number("inserted")?,
        updated: number("updated")?,
        deleted: number("deleted")?,
        soft_deleted: number("soft_deleted")?,
        restored: number("restored")?,
        rows: number("live_rows")?,
        parent: row.try_get("", "parent_id")?,
        reset: None,
    })
}

/// What retention took away from a commit's changes to a table.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// The digest of all of them, as they were; none only where something is wrong.
    pub(super) digest: Option<Hash>,
    /// How many of each kind are gone.
    pub(super) gone: TableEntry,
}

/// Reads it, if anything was taken away.
pub(super) fn loss(row: &QueryResult) -> Result<Option<Loss>> {
    let digest: Option<Vec<u8>> = row.try_get("", "pruned_digest")?;
    let number = |name: &str| row.try_get::<i64>("", name);
    let gone = TableEntry {
        baseline: number("pruned_baseline")?,
        inserted: number("pruned_inserted")?,
        updated: number("pruned_updated")?,
        deleted: number("pruned_deleted")?,
        soft_deleted: number("pruned_soft_deleted")?,
        restored: number("pruned_restored")?,
        ..TableEntry::default()
    };
    // One of another length is that of nothing.
    let digest = digest.map(|digest| Hash(digest.try_into().unwrap_or_default()));
    Ok((digest.is_some() || gone != TableEntry::default()).then_some(Loss { digest, gone }))
}

/// Counts one change more.
pub(super) fn count(entry: &mut TableEntry, op: &Value) {
    let Value::Text(op) = op else { return };
    match op.as_str() {
        "baseline" => entry.baseline += 1,
        "insert" => entry.inserted += 1,
        "update" => entry.updated += 1,
        "delete" => entry.deleted += 1,
        "soft_delete" => entry.soft_deleted += 1,
        "restore" => entry.restored += 1,
        _ => {}
    }
}

/// Reads the rows of a history table as they are hashed: all columns that it ever had, in their order there, under the
/// names that they were first hashed with.
pub(super) struct ChangeReader<'a> {
    backend: &'static dyn Backend,
    tracked: &'a Tracked,
    columns: Vec<(&'a str, &'a Column)>,
}

/// A history row as it is hashed.
pub(super) struct RawChange {
    pub(super) id: i64,
    pub(super) begin: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) branch: Value,
    pub(super) op: Value,
    pub(super) values: Vec<Value>,
}

impl<'a> ChangeReader<'a> {
    pub(super) fn new(backend: &'static dyn Backend, tracked: &'a Tracked) -> Self {
        let columns = tracked.known.iter().filter_map(|known| Some((known.hashed.as_str(), known.column.as_ref()?)));
        Self { backend, tracked, columns: columns.collect() }
    }

    /// SELECT .. FROM the history table, to be given a WHERE.
    pub(super) fn select(&self) -> Sql {
        let columns: String = self
            .columns
            .iter()
            .map(|(_, column)| format!(", {}", self.backend.project(column, &self.backend.quote(&column.name))))
            .collect();
        let history = self.backend.quote_table(&self.tracked.history);
        // A connection remembers a statement by its text, and PostgreSQL refuses one whose columns have changed their types.
        let shape = self.tracked.shape;
        Sql::new(
            self.backend,
            format!("SELECT vsg_id, vsg_begin, vsg_end, vsg_branch, vsg_op{columns} FROM {history} /* {shape} */"),
        )
    }

    pub(super) fn read(&mut self, row: &QueryResult) -> Result<RawChange> {
        let integer = |index| -> Result<Option<i64>> {
            let value = self.backend.decode(row, index)?;
            Ok(if let Value::Integer(value) = value { Some(value) } else { None })
        };
        let values = (5..5 + self.columns.len()).map(|index| self.backend.decode(row, index));
        Ok(RawChange {
            id: row.try_get_by_index(0)?,
            begin: integer(1)?,
            end: integer(2)?,
            branch: self.backend.decode(row, 3)?,
            op: self.backend.decode(row, 4)?,
            values: values.collect::<Result<_>>()?,
        })
    }

    pub(super) fn digest(&self, digest: &mut TableDigest, change: &RawChange) {
        digest.change(change.id, &change.branch, &change.op, self.named(change));
    }

    /// Adds a version to what is kept from before a horizon.
    pub(super) fn keep(&self, digest: &mut KeptDigest, change: &RawChange, horizon: i64) {
        let span = (change.begin, change.end.filter(|end| *end <= horizon));
        digest.version(span, change.id, &change.branch, &change.op, self.named(change));
    }

    fn named<'b>(&'b self, change: &'b RawChange) -> impl Iterator<Item = (&'b str, &'b Value)> {
        self.columns.iter().map(|(name, _)| *name).zip(&change.values)
    }
}
