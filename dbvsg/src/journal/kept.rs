//! What retention left of the past of a table from before its horizon, and what its PRUNE commits say of that.

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, StreamTrait};
use serde::{Deserialize, Serialize};

use super::{
    canonical::{Header, KeptDigest, TableEntry},
    stored::ChangeReader,
};
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    catalog::{Retained, Tracked},
    model::Hash,
};

/// The operation of a commit that records what was pruned.
pub(crate) const PRUNE: &str = "PRUNE";

/// What a PRUNE commit says of one table, in its meta under `prune.tables`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PruneNote {
    /// The table's id in the catalog.
    pub(crate) id: i64,
    /// Its name at that time.
    pub(crate) table: String,
    /// The seq from which its past is whole since then.
    pub(crate) horizon: i64,
    /// How many versions were taken away.
    pub(crate) removed: u64,
    /// How many were left.
    pub(crate) kept: u64,
    /// The digest of those that were left from before the horizon, in hex digits.
    pub(crate) digest: String,
}

/// What a commit says of tables, if it is a PRUNE commit. Others may call theirs so, but those change something.
pub(super) fn notes(header: &Header, entries: &[TableEntry]) -> Vec<PruneNote> {
    if header.operation != PRUNE || entries.is_empty() || !entries.iter().all(TableEntry::is_empty) {
        return Vec::new();
    }
    let said: Vec<PruneNote> = header.meta.as_deref().map(read).unwrap_or_default();
    said.into_iter().filter(|note| entries.iter().any(|entry| entry.table == note.id)).collect()
}

fn read(meta: &str) -> Vec<PruneNote> {
    let meta: serde_json::Value = serde_json::from_str(meta).unwrap_or_default();
    serde_json::from_value(meta["prune"]["tables"].clone()).unwrap_or_default()
}

/// The digest of the versions of a table whose commits are not after the horizon. Reads them as a stream.
pub(crate) async fn kept_digest(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    retained: &Retained,
) -> Result<Hash> {
    let mut digest = KeptDigest::new(retained.horizon, &retained.kept);
    let mut reader = ChangeReader::new(backend, tracked);
    let mut sql = reader.select();
    sql.push(" WHERE vsg_begin IN (SELECT c.id FROM dbvsg_commit c WHERE c.seq <= ").bind(retained.horizon);
    sql.push(") ORDER BY vsg_id");
    let mut rows = txn.stream_raw(sql.statement()).await?;
    while let Some(row) = rows.try_next().await? {
        let change = reader.read(&row)?;
        reader.keep(&mut digest, &change, retained.horizon);
    }
    Ok(digest.finish())
}

/// The digest of a table of which nothing is left.
pub(crate) fn nothing_kept(horizon: i64) -> Hash {
    KeptDigest::new(horizon, &[]).finish()
}

/// Versions that do not end where the next of their key begins, ten at most. What ended before the horizon of a pruned
/// table is left out: the next one may be gone, and its digest tells where it ended.
pub(super) async fn wrong_ends<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<Vec<i64>> {
    let history = backend.quote_table(&tracked.history);
    let key: Vec<String> = tracked.quoted_key(backend).into_iter().map(|name| format!("v.{name}")).collect();
    // Once over all versions: MariaDB would look for the next of each from the first of its key, of which there can be very many.
    let mut sql = format!(
        "SELECT h.vsg_id FROM (SELECT v.vsg_id, v.vsg_begin, v.vsg_end, \
         LEAD(c.seq) OVER (PARTITION BY {} ORDER BY v.vsg_id) AS vsg_next \
         FROM {history} v LEFT JOIN dbvsg_commit c ON c.id = v.vsg_begin) h \
         WHERE coalesce(h.vsg_end, -1) <> coalesce(h.vsg_next, -1)",
        key.join(", "),
    );
    let horizon = tracked.retained.horizon;
    if horizon > 0 {
        sql += &format!(
            " AND NOT (coalesce(h.vsg_end, {horizon} + 1) <= {horizon} \
             AND h.vsg_begin IN (SELECT b.id FROM dbvsg_commit b WHERE b.seq <= {horizon}))"
        );
    }
    let rows = Sql::new(backend, sql + " LIMIT 10").all(db).await?;
    Ok(rows.iter().map(|row| row.try_get("", "vsg_id")).collect::<Result<_, _>>()?)
}

/// Refuses to go on with a history in which what pruning relies on was tampered with: afterwards nobody could tell.
pub(crate) async fn expect_sound(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<()> {
    let damaged = |what: &str| {
        let detail = format!("{what} of table `{}`, so nothing of it can be taken away", tracked.name());
        Error::Corrupted { detail }
    };
    if !wrong_ends(txn, backend, tracked).await?.is_empty() {
        return Err(damaged("versions do not end where the next begin in the history"));
    }
    if tracked.retained.horizon == 0 {
        return Ok(());
    }
    let mut sql = Sql::new(
        backend,
        "SELECT c.meta FROM dbvsg_commit_table x JOIN dbvsg_commit c ON c.id = x.commit_id WHERE x.last_change = 0 AND c.operation = ",
    );
    sql.bind(PRUNE).push(" AND x.table_id = ").bind(tracked.id).push(" ORDER BY x.commit_id DESC LIMIT 1");
    let meta = sql.one(txn).await?.map(|row| row.try_get::<Option<String>>("", "meta")).transpose()?.flatten();
    let said = meta.map(|meta| read(&meta)).unwrap_or_default().into_iter().find(|note| note.id == tracked.id);
    let digest = kept_digest(txn, backend, tracked, &tracked.retained).await?.to_string();
    match said {
        Some(note) if note.horizon == tracked.retained.horizon && note.digest == digest => Ok(()),
        _ => Err(damaged("what is left is not what the last PRUNE commit left")),
    }
}
