//! Two states of a table side by side.

use std::sync::Arc;

use dbvsg::{DiffCount, Error, Reference, RowDiff, Table, Tracked, Vsg, model::json as stored};
use futures_util::{Stream, StreamExt, TryStreamExt, future};
use serde_json::{Value as Json, json};

use crate::{call::Call, problem::Problem, routes::shown, stream};

/// The commit that a parameter names, so that all that follows speaks of the same one.
pub(super) async fn pinned(call: &Call, table: &str, parameter: &str) -> Result<Reference, Problem> {
    let reference = call.required(parameter)?.parse()?;
    Ok(call.vsg().as_of_in(Some(table), &reference).await?.commit().into())
}

/// Two states of a table.
pub(super) struct Compared {
    vsg: Vsg,
    tracked: Arc<Tracked>,
    from: Reference,
    to: Reference,
}

impl Compared {
    /// The states at the parameters `from` and `to`.
    pub(super) async fn of(call: &Call, table: &str) -> Result<Self, Problem> {
        Ok(Self {
            vsg: call.vsg().clone(),
            tracked: call.vsg().tracked(table).await?,
            from: pinned(call, table, "from").await?,
            to: pinned(call, table, "to").await?,
        })
    }

    async fn rows(&self) -> Result<impl Stream<Item = Result<RowDiff, Error>> + Send + 'static + use<>, Error> {
        self.vsg.diff(&self.tracked.name(), &self.from, &self.to).await
    }

    /// How many rows differ.
    pub(super) async fn count(&self) -> Result<DiffCount, Error> {
        let counted = self.rows().await?.try_fold(DiffCount::default(), |mut count, row| {
            count.add(&row);
            future::ok(count)
        });
        counted.await
    }

    /// The rows, sorted by what happened to them: added, removed, changed, under these names. Each kind is read anew rather
    /// than kept: what grows with the difference is time, not memory.
    pub(super) fn written(
        self,
        names: [&'static str; 3],
    ) -> impl Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static {
        async_stream::try_stream! {
            for (kind, name) in [Kind::Added, Kind::Removed, Kind::Changed].into_iter().zip(names) {
                let before = if matches!(kind, Kind::Added) { '{' } else { ',' };
                yield format!("{before}\"{name}\":").into_bytes();
                let tracked = self.tracked.clone();
                let rows = self.rows().await?.try_filter_map(move |row| future::ok(kind.show(&tracked.table, &row)));
                let mut pieces = stream::array(rows).boxed();
                while let Some(piece) = pieces.try_next().await? {
                    yield piece;
                }
            }
            yield b"}".to_vec();
        }
    }
}

/// What happened to a row between two states.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Added,
    Removed,
    Changed,
}

impl Kind {
    /// The row, if it is of this kind.
    pub(super) fn show(self, table: &Table, row: &RowDiff) -> Option<Json> {
        match (self, row) {
            (Self::Added, RowDiff::Added { row, .. }) | (Self::Removed, RowDiff::Removed { row, .. }) => {
                Some(shown::row(table, Some(row)))
            }
            (Self::Changed, RowDiff::Changed { key, from, to, .. }) => Some(json!({
                "id": stored::encode_key(table, key),
                "from": shown::row(table, Some(from)),
                "to": shown::row(table, Some(to)),
                "fields": shown::fields(table, Some(from), Some(to)),
            })),
            _ => None,
        }
    }
}
