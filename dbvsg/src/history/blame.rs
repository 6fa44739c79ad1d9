//! Who set what a row holds.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sea_orm::{DatabaseConnection, QueryResult, StreamTrait};
use serde::Serialize;

use super::changes::{COMMIT, of_row, op};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    model::{CommitId, Key, Op, Row, json, time},
};

/// One value of a row, and the commit that last set it to what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Blame {
    /// The column.
    pub column: String,
    /// The value, in its JSON form.
    pub value: serde_json::Value,
    /// The commit.
    pub commit: CommitId,
    /// Who.
    pub actor: String,
    /// Why.
    pub message: Option<String>,
    /// When (UTC, microseconds).
    #[serde(serialize_with = "time::serialize")]
    pub at: DateTime<Utc>,
}

/// A version with what is told of its commit.
struct Told {
    seq: i64,
    end: Option<i64>,
    op: Op,
    row: Row,
    commit: CommitId,
    actor: String,
    message: Option<String>,
    at: DateTime<Utc>,
}

/// How many columns stand before those of the table.
const LEADING: usize = 8;

/// The columns whose change makes a version, each with the commit it has its value from; none if the row is not there. One
/// query, read from the newest version on until every column is explained. Where retention took away what came before a
/// version, its values are as old as that is.
pub(crate) async fn blame(
    db: &DatabaseConnection,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    key: &Key,
) -> Result<Option<Vec<Blame>>> {
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT h.vsg_id, h.vsg_op, {COMMIT}, h.vsg_end, {} FROM {} h JOIN dbvsg_commit c ON c.id = h.vsg_begin",
            tracked.projection(backend, "h"),
            backend.quote_table(&tracked.history),
        ),
    );
    of_row(&mut sql, tracked, key);
    sql.push(" ORDER BY h.vsg_id DESC");
    let mut versions = db.stream_raw(sql.statement()).await?;
    let Some(newest) = versions.try_next().await? else { return Ok(None) };
    let mut version = told(backend, tracked, &newest)?;
    if version.op == Op::Delete {
        return Ok(None);
    }
    let mut open: Vec<usize> = tracked.watched_columns().filter_map(|c| tracked.table.position(&c.name)).collect();
    let mut explained = BTreeMap::new();
    while !open.is_empty() {
        // What came at once has all its values from there.
        let before = match version.op {
            Op::Insert | Op::Baseline => None,
            _ => versions.try_next().await?.map(|row| told(backend, tracked, &row)).transpose()?,
        };
        let before = before.filter(|before| before.op != Op::Delete && before.end == Some(version.seq));
        open.retain(|&position| {
            let value = &version.row.values[position];
            let is_older = before.as_ref().is_some_and(|before| before.row.values[position].same(value));
            if !is_older {
                explained.insert(position, version.set(tracked, position));
            }
            is_older
        });
        let Some(before) = before else { break };
        version = before;
    }
    Ok(Some(explained.into_values().collect()))
}

fn told(backend: &dyn Backend, tracked: &Tracked, row: &QueryResult) -> Result<Told> {
    Ok(Told {
        seq: row.try_get("", "vsg_seq")?,
        end: row.try_get("", "vsg_end")?,
        op: op(tracked, row)?,
        row: tracked.read(backend, row, LEADING)?,
        commit: row.try_get::<String>("", "vsg_uuid")?.parse()?,
        actor: row.try_get("", "vsg_actor")?,
        message: row.try_get("", "vsg_message")?,
        at: time::from_micros(row.try_get("", "vsg_committed_at")?),
    })
}

impl Told {
    /// The column at this position has its value from here.
    fn set(&self, tracked: &Tracked, position: usize) -> Blame {
        let column = &tracked.table.columns[position];
        Blame {
            column: column.name.clone(),
            value: json::encode(column, &self.row.values[position]),
            commit: self.commit,
            actor: self.actor.clone(),
            message: self.message.clone(),
            at: self.at,
        }
    }
}
