//! Which versions go: they are listed in `dbvsg_doomed`, once, for all that is done about them.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::PrunedTable;
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
};

/// What a version takes beside its values, about.
const OVERHEAD: &str = "40";

/// Which versions of a table may go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Candidates {
    /// Those that ended at or before this seq.
    EndedBy(i64),
    /// Those that have ended and are beyond so many of their row.
    Beyond(u64),
    /// All of them.
    All,
}

/// Lists the versions that go. One statement.
pub(super) async fn doom(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    candidates: Candidates,
) -> Result<()> {
    let history = backend.quote_table(&tracked.history);
    let into = "INSERT INTO dbvsg_doomed (vsg_id, commit_id, op) SELECT h.vsg_id, h.vsg_begin, h.vsg_op";
    let from = format!("{into} FROM {history} h JOIN dbvsg_commit c ON c.id = h.vsg_begin");
    let sql = match candidates {
        Candidates::All => from,
        Candidates::EndedBy(end) => {
            let ended = format!("h.vsg_end <= {end}");
            format!("{from} WHERE c.seq <= {end} AND {}", useless(backend, tracked, &ended))
        }
        Candidates::Beyond(versions) => {
            let (ranked, useless) = (ranked(backend, tracked), useless(backend, tracked, "h.vsg_end IS NOT NULL"));
            format!("{from} JOIN ({ranked}) r ON r.vsg_id = h.vsg_id WHERE r.place > {versions} AND {useless}")
        }
    };
    Sql::new(backend, sql).execute(txn).await?;
    Ok(())
}

/// The sealed versions with their places among those of their row; the newest has the first.
fn ranked(backend: &dyn Backend, tracked: &Tracked) -> String {
    let key: Vec<String> = tracked.quoted_key(backend).into_iter().map(|name| format!("v.{name}")).collect();
    format!(
        "SELECT v.vsg_id, row_number() OVER (PARTITION BY {} ORDER BY v.vsg_id DESC) AS place \
         FROM {} v JOIN dbvsg_commit s ON s.id = v.vsg_begin",
        key.join(", "),
        backend.quote_table(&tracked.history),
    )
}

/// A condition that holds for a version `h` of a commit `c` if no state that stays needs it.
///
/// The mark of a deletion is needed as long as something before it stays, which would seem to be there again without it.
/// The newest version of all stays in any case, for where a history counts its own changes, the next is counted on from it.
fn useless(backend: &dyn Backend, tracked: &Tracked, ended: &str) -> String {
    let history = backend.quote_table(&tracked.history);
    let before = format!(
        "SELECT 1 FROM {history} u JOIN dbvsg_commit w ON w.id = u.vsg_begin \
         WHERE {} AND u.vsg_id < h.vsg_id AND u.vsg_op <> 'delete' AND {}",
        tracked.same_key(backend, "u", "h"),
        stays(tracked, "u", "w"),
    );
    format!(
        "h.vsg_id < (SELECT max(m.vsg_id) FROM {history} m) \
         AND (({ended} AND NOT {}) OR (h.vsg_op = 'delete' AND NOT EXISTS ({before})))",
        stays(tracked, "h", "c"),
    )
}

/// A condition that holds for an ended version of a commit if it is valid in a state of `dbvsg_kept`: as those do not
/// overlap, in the last one that begins before it ends.
fn stays(tracked: &Tracked, version: &str, commit: &str) -> String {
    format!(
        "coalesce((SELECT k.end_seq FROM dbvsg_kept k WHERE k.table_id = {} AND k.first_seq < {version}.vsg_end \
         ORDER BY k.first_seq DESC LIMIT 1), 0) > {commit}.seq",
        tracked.id,
    )
}

/// How much goes and stays. One query, which reads the whole history.
pub(super) async fn weigh(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<PrunedTable> {
    let columns = tracked.known.iter().filter_map(|known| known.column.as_ref());
    let sizes = columns
        .map(|column| format!(" + coalesce({}, 0)", backend.size(&format!("h.{}", backend.quote(&column.name)))));
    let size = backend.integer(OVERHEAD) + &sizes.collect::<String>();
    let sum = |condition: &str| {
        backend.integer(&format!("coalesce(sum(CASE WHEN d.vsg_id IS {condition} THEN {size} END), 0)"))
    };
    let sql = format!(
        "SELECT count(d.vsg_id) AS removed, count(*) AS versions, {} AS removed_bytes, {} AS kept_bytes \
         FROM {} h JOIN dbvsg_commit c ON c.id = h.vsg_begin LEFT JOIN dbvsg_doomed d ON d.vsg_id = h.vsg_id",
        sum("NOT NULL"),
        sum("NULL"),
        backend.quote_table(&tracked.history),
    );
    let row = Sql::new(backend, sql).one(txn).await?;
    let number = |name: &str| -> Result<u64> {
        let found = row.as_ref().map(|row| row.try_get::<i64>("", name)).transpose()?;
        Ok(found.unwrap_or_default().unsigned_abs())
    };
    let removed = number("removed")?;
    Ok(PrunedTable {
        table: tracked.name(),
        removed,
        removed_bytes: number("removed_bytes")?,
        kept: number("versions")? - removed,
        kept_bytes: number("kept_bytes")?,
        horizon: None,
    })
}

/// The greatest seq at which one of them ended; a mark of a deletion, which ends nothing that is there, where it began.
pub(super) async fn last_end(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<i64> {
    let sql = format!(
        "SELECT coalesce(max(coalesce(h.vsg_end, c.seq)), 0) AS seq FROM dbvsg_doomed d JOIN {} h ON h.vsg_id = d.vsg_id \
         JOIN dbvsg_commit c ON c.id = h.vsg_begin",
        backend.quote_table(&tracked.history),
    );
    let row = Sql::new(backend, sql).one(txn).await?;
    Ok(row.map(|row| row.try_get("", "seq")).transpose()?.unwrap_or_default())
}

/// Takes them away.
pub(super) async fn remove(txn: &DatabaseTransaction, backend: &'static dyn Backend, tracked: &Tracked) -> Result<()> {
    txn.execute_unprepared(&backend.remove_doomed(tracked)).await?;
    Ok(())
}

/// Clears the list.
pub(super) async fn clear(txn: &DatabaseTransaction) -> Result<()> {
    txn.execute_unprepared("DELETE FROM dbvsg_doomed").await?;
    Ok(())
}
