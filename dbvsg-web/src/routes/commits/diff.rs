//! `/vsg/diff`

use std::sync::Arc;

use dbvsg::{DiffCount, Error, Reference, RowDiff, Table, Tracked, Vsg, model::json as stored};
use futures_util::{Stream, StreamExt, TryStreamExt, future};
use serde_json::{Value as Json, json};

use crate::{
    call::Call,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    routes::shown,
    stream,
};

pub(super) fn operation() -> Operation {
    let either = json!({"oneOf": [schema::named("Diff"), schema::named("DiffCount")]});
    Operation::get("/vsg/diff", "vsg.diff")
        .tag("commits")
        .summary("Shows which rows of a table differ between two commits")
        .parameters([
            Parameter::table().required(),
            Parameter::text("from", "the first commit").required(),
            Parameter::text("to", "the second commit").required(),
            Parameter::flag("stat", "whether the rows are only counted"),
        ])
        .answers(200, "the rows, or how many they are", Some(Content::json(either)))
        .errors(&[404])
        .run(diff)
}

async fn diff(call: Call) -> Reply {
    let table = call.table(call.required("table")?).await?;
    let compared = Compared {
        vsg: call.vsg().clone(),
        tracked: call.vsg().tracked(&table).await?,
        from: pinned(&call, &table, "from").await?,
        to: pinned(&call, &table, "to").await?,
    };
    if call.flag("stat", false)? {
        let rows = compared.rows().await?;
        let count = rows.try_fold(DiffCount::default(), |mut count, row| {
            count.add(&row);
            future::ok(count)
        });
        return reply::ok(&count.await?);
    }
    stream::answer("application/json", compared.written()).await
}

/// The commit that a parameter names, so that all that follows speaks of the same one.
async fn pinned(call: &Call, table: &str, parameter: &str) -> Result<Reference, Problem> {
    let reference = call.required(parameter)?.parse()?;
    Ok(call.vsg().as_of_in(Some(table), &reference).await?.commit().into())
}

/// Two states of a table.
struct Compared {
    vsg: Vsg,
    tracked: Arc<Tracked>,
    from: Reference,
    to: Reference,
}

impl Compared {
    async fn rows(&self) -> Result<impl Stream<Item = Result<RowDiff, Error>> + Send + 'static + use<>, Error> {
        self.vsg.diff(&self.tracked.name(), &self.from, &self.to).await
    }

    /// The rows, sorted by what happened to them. Each kind is read anew rather than kept: what grows with the difference
    /// is time, not memory.
    fn written(self) -> impl Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static {
        async_stream::try_stream! {
            for (kind, opening) in [(Kind::Added, "{\"added\":"), (Kind::Removed, ",\"removed\":"), (Kind::Changed, ",\"changed\":")] {
                yield opening.as_bytes().to_vec();
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
pub(in crate::routes) enum Kind {
    Added,
    Removed,
    Changed,
}

impl Kind {
    /// The row, if it is of this kind.
    pub(in crate::routes) fn show(self, table: &Table, row: &RowDiff) -> Option<Json> {
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
