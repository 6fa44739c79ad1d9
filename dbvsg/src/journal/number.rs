//! The ids that commits have in the line.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{
    canonical::TableEntry,
    chain::Tail,
    pending::{Pending, TableState},
};
use crate::{
    Error, Result,
    backend::{Backend, Placing, Sql, Writers},
    catalog::Tracked,
};

/// The ids of the commits in the line, in the order given. They grow along it, so that a version's place is told by one
/// comparison. Where one transaction writes at a time they do so by themselves. No query, or one where the ids in hand do not
/// suffice.
pub(super) async fn number(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tail: &Tail,
    written: &[Pending],
) -> Result<Vec<i64>> {
    let damaged = || Error::Corrupted { detail: "a commit has a smaller id than one that was sealed before".into() };
    if backend.writers() == Writers::One {
        let own: Vec<i64> = written.iter().map(|pending| pending.header.id).collect();
        let grows = tail.id().into_iter().chain(own.iter().copied()).is_sorted_by(|a, b| a < b);
        return grows.then_some(own).ok_or_else(damaged);
    }
    let commits: Vec<(i64, i64)> = written.iter().map(|pending| (pending.header.id, pending.last_change())).collect();
    let mut ids = line_up(tail.id(), &commits);
    let missing = written.len() - ids.len();
    if missing > 0 {
        let rows = txn.query_all_raw(backend.next_ids(missing).ok_or_else(damaged)?).await?;
        let mut fresh = rows.iter().map(|row| row.try_get::<i64>("", "id")).collect::<Result<Vec<_>, _>>()?;
        fresh.sort_unstable();
        ids.extend(fresh);
    }
    Ok(ids)
}

/// Lines up commits, given by their ids and last changes, behind the last one that is sealed; as many of them as the ids in hand
/// suffice for.
///
/// Most keep their own. A commit that began before the one it follows takes the id of its last change. If that was made before,
/// too, because it came to its end after what it follows was sealed, it takes the next id in hand, which a later commit of these
/// would have had; that one takes the id of its own last change, and the line is as it was again. A fresh id would be
/// greater than those of all that wait, and of all that are written meanwhile: every one of them would have to be moved, and
/// then those behind it.
fn line_up(sealed: Option<i64>, commits: &[(i64, i64)]) -> Vec<i64> {
    let mut in_hand: Vec<i64> = commits.iter().flat_map(|(id, last_change)| [*id, *last_change]).collect();
    in_hand.sort_unstable();
    let (mut ids, mut last) = (Vec::with_capacity(commits.len()), sealed);
    for (id, last_change) in commits {
        let follows = |id: &i64| last.is_none_or(|last| *id > last);
        let next = || in_hand.get(in_hand.partition_point(|id| !follows(id))).copied();
        let Some(id) = [*id, *last_change].into_iter().find(follows).or_else(next) else { break };
        ids.push(id);
        last = Some(id);
    }
    ids
}

/// Moves the versions of commits that take another id. One statement for a table and a hundred commits.
///
/// From the last to the first: the id that a commit takes can be one that a later commit had.
pub(super) async fn renumber(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    placings: &[Placing],
    entries: &[(i64, TableEntry)],
    tables: &HashMap<i64, (Arc<Tracked>, TableState)>,
) -> Result<()> {
    let moved: HashMap<i64, i64> = placings
        .iter()
        .filter(|placing| placing.id != placing.written_id)
        .map(|placing| (placing.id, placing.written_id))
        .collect();
    for (table, (tracked, _)) in tables {
        let moves: Vec<(i64, &TableEntry)> = entries
            .iter()
            .filter(|(_, entry)| entry.table == *table && !entry.is_empty())
            .filter_map(|(id, entry)| Some((*moved.get(id)?, entry)))
            .collect();
        let target: HashMap<i64, i64> = moved.iter().map(|(id, written)| (*written, *id)).collect();
        for moves in moves.rchunks(100) {
            let first = moves.iter().map(|(_, entry)| entry.first_change).min().unwrap_or_default();
            let last = moves.iter().map(|(_, entry)| entry.last_change).max().unwrap_or_default();
            let history = backend.quote_table(&tracked.history);
            let mut sql = Sql::new(backend, format!("UPDATE {history} SET vsg_begin = CASE vsg_begin"));
            for (written, _) in moves {
                sql.push(&format!(" WHEN {written} THEN {}", target[written]));
            }
            sql.push(" END WHERE vsg_id BETWEEN ").bind(first).push(" AND ").bind(last);
            sql.push(" AND vsg_begin IN (").bind_all(moves.iter().map(|(written, _)| *written)).push(")");
            sql.execute(txn).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::line_up;

    #[test]
    fn commits_in_order_keep_their_ids() {
        assert_eq!(line_up(None, &[(1, 2), (3, 4), (5, 6)]), [1, 3, 5]);
        assert_eq!(line_up(Some(9), &[(10, 12), (11, 13)]), [10, 11]);
    }

    #[test]
    fn who_began_before_takes_the_id_of_its_last_change() {
        assert_eq!(line_up(Some(9), &[(11, 12), (10, 13), (14, 15)]), [11, 13, 14]);
    }

    #[test]
    fn who_comes_late_moves_but_the_next() {
        assert_eq!(line_up(Some(9), &[(1, 2), (10, 11), (12, 13), (14, 15)]), [10, 11, 12, 14]);
        assert_eq!(line_up(Some(9), &[(1, 2), (3, 4), (10, 11), (12, 13), (14, 15)]), [10, 11, 12, 13, 14]);
    }

    #[test]
    fn where_ids_run_out_the_rest_has_none() {
        assert_eq!(line_up(Some(9), &[(1, 2), (3, 4)]), [0_i64; 0]);
        assert_eq!(line_up(Some(9), &[(1, 2), (3, 4), (5, 6), (10, 11)]), [10, 11]);
    }
}
