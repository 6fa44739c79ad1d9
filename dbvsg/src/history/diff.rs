use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt, future, stream};
use sea_orm::DatabaseConnection;
use serde::Serialize;

use super::{Position, state, touched};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{Key, Row},
};

/// A row that is not the same at two commits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RowDiff {
    /// It is only there at the second.
    Added {
        /// Its key.
        key: Key,
        /// The row.
        row: Row,
    },
    /// It is only there at the first.
    Removed {
        /// Its key.
        key: Key,
        /// The row.
        row: Row,
    },
    /// It is there at both, and differs.
    Changed {
        /// Its key.
        key: Key,
        /// The row at the first.
        from: Row,
        /// The row at the second.
        to: Row,
        /// The positions of the columns that differ.
        columns: Vec<usize>,
    },
}

/// How many rows differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffCount {
    /// Rows only there at the second commit.
    pub added: u64,
    /// Rows only there at the first.
    pub removed: u64,
    /// Rows that are there at both, and differ.
    pub changed: u64,
}

impl DiffCount {
    /// Counts one row more.
    pub fn add(&mut self, row: &RowDiff) {
        match row {
            RowDiff::Added { .. } => self.added += 1,
            RowDiff::Removed { .. } => self.removed += 1,
            RowDiff::Changed { .. } => self.changed += 1,
        }
    }
}

/// The rows that differ between two commits, in key order: two queries, which look only at keys touched in between.
pub(crate) async fn diff(
    db: DatabaseConnection,
    backend: &'static dyn Backend,
    tracked: Arc<Tracked>,
    from: Position,
    to: Position,
) -> Result<impl Stream<Item = Result<RowDiff>> + Send + 'static> {
    let between = from.seq.min(to.seq) + 1..=from.seq.max(to.seq);
    let Some(touched) = touched(&db, backend, &tracked, between).await? else { return Ok(stream::empty().boxed()) };
    let key = tracked.quoted_key(backend);
    let order: Vec<String> = key.iter().map(|name| format!("k.{name}")).collect();
    let history = backend.quote_table(&tracked.history);
    let sql = format!(
        "SELECT a.vsg_id AS vsg_from, b.vsg_id AS vsg_to, {from_columns}, {to_columns} FROM \
         ({touched}) k \
         LEFT JOIN {history} a ON {same_a} AND {valid_a} LEFT JOIN {history} b ON {same_b} AND {valid_b} ORDER BY {order}",
        from_columns = tracked.projection(backend, "a"),
        to_columns = tracked.projection(backend, "b"),
        same_a = tracked.same_key(backend, "a", "k"),
        valid_a = from.valid(backend, "a"),
        same_b = tracked.same_key(backend, "b", "k"),
        valid_b = to.valid(backend, "b"),
        order = order.join(", "),
    );
    let width = tracked.table.columns.len();
    let rows = state::stream(db, Sql::new(backend, sql).statement(), move |row| {
        let side = |id: &str, first: usize| -> Result<Option<Row>> {
            let present = row.try_get::<Option<i64>>("", id)?.is_some();
            present.then(|| tracked.read(backend, row, first)).transpose()
        };
        let key = |row: &Row| Key::of(&tracked.table, row);
        Ok(match (side("vsg_from", 2)?, side("vsg_to", 2 + width)?) {
            (None, Some(row)) => Some(RowDiff::Added { key: key(&row), row }),
            (Some(row), None) => Some(RowDiff::Removed { key: key(&row), row }),
            (Some(from), Some(to)) => {
                let columns = from.changed(&to);
                (!columns.is_empty()).then(|| RowDiff::Changed { key: key(&to), from, to, columns })
            }
            (None, None) => None,
        })
    });
    Ok(rows.try_filter_map(future::ok).boxed())
}
