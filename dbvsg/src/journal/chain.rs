//! Puts commits in line behind the last sealed one.

use std::{collections::HashMap, sync::Arc};

use sea_orm::DatabaseTransaction;

use super::{
    canonical::{TableEntry, commit_hash},
    pending::{Pending, TableState},
};
use crate::{
    Result,
    backend::{Backend, Placing, Sql},
    catalog::Tracked,
    model::{CommitId, Hash},
};

/// Where the line ends.
#[derive(Default)]
pub(super) struct Tail {
    id: Option<i64>,
    /// The commit that the next one follows: the last one, or what that goes back to.
    parent: Option<i64>,
    seq: i64,
    time: i64,
    hash: Vec<u8>,
}

impl Tail {
    /// Reads it; the next commit's time will be after `promised` at least.
    pub(super) async fn read(txn: &DatabaseTransaction, backend: &'static dyn Backend, promised: i64) -> Result<Self> {
        let sql = "SELECT c.id, c.seq, c.committed_at, c.hash, e.reset_id FROM dbvsg_commit c \
                   LEFT JOIN dbvsg_entry e ON e.commit_uuid = c.uuid AND e.table_id = 0 \
                   ORDER BY c.seq DESC LIMIT 1";
        let Some(row) = Sql::new(backend, sql).one(txn).await? else {
            return Ok(Self { time: promised, ..Self::default() });
        };
        let id: i64 = row.try_get("", "id")?;
        Ok(Self {
            id: Some(id),
            parent: row.try_get::<Option<i64>>("", "reset_id")?.or(Some(id)),
            seq: row.try_get("", "seq")?,
            time: row.try_get::<i64>("", "committed_at")?.max(promised),
            hash: row.try_get("", "hash")?,
        })
    }

    pub(super) fn id(&self) -> Option<i64> {
        self.id
    }

    pub(super) fn seq(&self) -> i64 {
        self.seq
    }
}

/// What is to be written.
pub(super) struct Chained {
    pub(super) placings: Vec<Placing>,
    /// The tables of each commit, by its id.
    pub(super) entries: Vec<(i64, TableEntry)>,
}

/// Places the commits in the order given, under these ids, and brings the states of their tables up to date.
pub(super) fn chain(
    tail: Tail,
    written: Vec<Pending>,
    ids: &[i64],
    tables: &mut HashMap<i64, (Arc<Tracked>, TableState)>,
) -> Chained {
    let Tail { mut parent, mut seq, mut time, mut hash, .. } = tail;
    let mut chained = Chained { placings: Vec::with_capacity(written.len()), entries: Vec::new() };
    for (Pending { mut header, operation, tables: changed }, id) in written.into_iter().zip(ids) {
        let written_id = std::mem::replace(&mut header.id, *id);
        seq += 1;
        time = header.written_at.max(time + 1);
        (header.seq, header.committed_at, header.parent) = (seq, time, parent);
        if header.uuid.is_empty() {
            header.uuid = CommitId::random().to_string();
        }
        let mut sealed: Vec<(TableEntry, Hash)> = Vec::with_capacity(changed.len());
        for (id, (mut entry, digest)) in changed {
            if let Some((_, state)) = tables.get_mut(&id) {
                state.rows += entry.baseline + entry.inserted - entry.deleted;
                entry.rows = state.rows;
                entry.parent = state.head.replace(entry.reset.unwrap_or(header.id));
                state.sealed = state.sealed.max(entry.last_change);
            }
            sealed.push((entry, digest.finish()));
        }
        header.operation = operation.unwrap_or_else(|| label(&sealed).to_owned());
        hash = commit_hash(&hash, &header, &sealed).0.to_vec();
        parent = header.reset.or(Some(header.id));
        chained.entries.extend(sealed.into_iter().map(|(entry, _)| (header.id, entry)));
        chained.placings.push(Placing {
            written_id,
            id: header.id,
            uuid: header.uuid,
            seq,
            committed_at: time,
            parent_id: header.parent,
            operation: header.operation,
            hash: hash.clone(),
        });
    }
    chained
}

/// What a transaction is called that was not given a name: its one kind of change, or TRANSACTION.
fn label(tables: &[(TableEntry, Hash)]) -> &'static str {
    let any = |of: fn(&TableEntry) -> i64| tables.iter().any(|(entry, _)| of(entry) > 0);
    let kinds = [
        (any(|entry| entry.inserted), "INSERT"),
        (any(|entry| entry.updated), "UPDATE"),
        (any(|entry| entry.deleted), "DELETE"),
        (any(|entry| entry.soft_deleted), "SOFT_DELETE"),
        (any(|entry| entry.restored), "UNDELETE"),
        (any(|entry| entry.baseline), "BASELINE"),
    ];
    let mut found = kinds.into_iter().filter(|(any, _)| *any).map(|(_, name)| name);
    match (found.next(), found.next()) {
        (Some(only), None) => only,
        _ => "TRANSACTION",
    }
}

pub(super) async fn insert_entries(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    entries: &[(i64, TableEntry)],
) -> Result<()> {
    let mut sql = Sql::new(
        backend,
        "INSERT INTO dbvsg_commit_table (commit_id, table_id, first_change, last_change, baseline, inserted, updated, \
         deleted, soft_deleted, restored, live_rows, parent_id) VALUES ",
    );
    for (position, (commit, entry)) in entries.iter().enumerate() {
        sql.push(if position > 0 { ", (" } else { "(" });
        sql.bind_all([
            *commit,
            entry.table,
            entry.first_change,
            entry.last_change,
            entry.baseline,
            entry.inserted,
            entry.updated,
            entry.deleted,
            entry.soft_deleted,
            entry.restored,
            entry.rows,
        ]);
        sql.push(", ").bind(entry.parent).push(")");
    }
    sql.execute(txn).await?;
    Ok(())
}
