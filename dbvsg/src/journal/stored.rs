//! What is stored, read as it is hashed.

use sea_orm::QueryResult;

use super::canonical::{Header, TableDigest, TableEntry};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{Column, Value},
};

/// Reads a commit's row; what sealing has yet to set is zero.
pub(super) fn header(row: &QueryResult) -> Result<Header> {
    Ok(Header {
        id: row.try_get("", "id")?,
        uuid: row.try_get::<Option<String>>("", "uuid")?.unwrap_or_default(),
        branch: row.try_get("", "branch_id")?,
        seq: row.try_get::<Option<i64>>("", "seq")?.unwrap_or_default(),
        parent: row.try_get("", "parent_id")?,
        merged: row.try_get("", "merged_id")?,
        actor: row.try_get("", "actor")?,
        operation: row.try_get::<Option<String>>("", "operation")?.unwrap_or_default(),
        query: row.try_get("", "query")?,
        message: row.try_get("", "message")?,
        meta: row.try_get("", "meta")?,
        written_at: row.try_get("", "written_at")?,
        committed_at: row.try_get::<Option<i64>>("", "committed_at")?.unwrap_or_default(),
        reset: None,
    })
}

/// What a commit says of a table, as columns of `x`.
pub(super) const ENTRY: &str = "x.commit_id, x.table_id, x.first_change, x.last_change, x.baseline, x.inserted, x.updated, x.deleted, \
                                x.soft_deleted, x.restored, x.live_rows, x.parent_id, x.rollbacked_at";

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
            format!("SELECT vsg_id, vsg_begin, vsg_branch, vsg_op{columns} FROM {history} /* {shape} */"),
        )
    }

    pub(super) fn read(&mut self, row: &QueryResult) -> Result<RawChange> {
        let begin = match self.backend.decode(row, 1)? {
            Value::Integer(begin) => Some(begin),
            _ => None,
        };
        let values = (4..4 + self.columns.len()).map(|index| self.backend.decode(row, index));
        Ok(RawChange {
            id: row.try_get_by_index(0)?,
            begin,
            branch: self.backend.decode(row, 2)?,
            op: self.backend.decode(row, 3)?,
            values: values.collect::<Result<_>>()?,
        })
    }

    pub(super) fn digest(&self, digest: &mut TableDigest, change: &RawChange) {
        let names = self.columns.iter().map(|(name, _)| *name);
        digest.change(change.id, &change.branch, &change.op, names.zip(&change.values));
    }
}
