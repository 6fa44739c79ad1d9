//! Parts commits that several transactions of outside writers share, where this program saw one end and the next begin.

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;

use crate::{
    Result,
    backend::{Backend, Boundary, Sql},
    catalog::Catalog,
};

/// A transaction to be taken out of the commit that it shares.
struct Part {
    shared: i64,
    at: i64,
    /// The histories it wrote to, quoted, with the first change that is its own.
    first_changes: Vec<(String, i64)>,
}

/// Gives each transaction after a boundary a commit of its own. From the last to the first, so that each version is
/// moved once. Two statements a boundary, and one a table it wrote to.
pub(super) async fn part(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    boundaries: &[Boundary],
) -> Result<()> {
    let mut parts = Vec::with_capacity(boundaries.len());
    for boundary in boundaries {
        parts.extend(find(txn, backend, catalog, boundary).await?);
    }
    let mut left: HashMap<i64, i64> = HashMap::new();
    for part in &parts {
        *left.entry(part.shared).or_default() += 1;
    }
    let mut above: HashMap<String, i64> = HashMap::new();
    for part in parts.into_iter().rev() {
        let number = left.entry(part.shared).or_default();
        let own = part.shared + *number;
        *number -= 1;
        take_out(txn, backend, &part, own, &mut above).await?;
    }
    Ok(())
}

/// Which unsealed commit the transaction after a boundary shares; none if it was undone after all.
async fn find(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    boundary: &Boundary,
) -> Result<Option<Part>> {
    let tables = boundary.first_changes.iter().filter_map(|(history, first)| {
        let tracked = catalog.all().find(|tracked| tracked.history.name == *history)?;
        Some((backend.quote_table(&tracked.history), *first))
    });
    let first_changes: Vec<(String, i64)> = tables.collect();
    let Some((history, first)) = first_changes.first() else { return Ok(None) };
    let shared = format!("SELECT c.id FROM {history} h JOIN dbvsg_pending c ON c.id = h.vsg_begin WHERE h.vsg_id = ");
    let mut sql = Sql::new(backend, shared);
    sql.bind(*first);
    let Some(row) = sql.one(txn).await? else { return Ok(None) };
    Ok(Some(Part { shared: row.try_get("", "id")?, at: boundary.at, first_changes }))
}

/// `above` holds, for each history, where what was taken out before begins.
async fn take_out(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    part: &Part,
    own: i64,
    above: &mut HashMap<String, i64>,
) -> Result<()> {
    let mut sql = Sql::new(backend, "INSERT INTO dbvsg_pending (id, actor, operation, written_at) SELECT ");
    sql.bind(own).push(", actor, operation, ").bind(part.at);
    sql.push(" FROM dbvsg_pending WHERE id = ").bind(part.shared);
    // The room that ids leave is ample; if it is used up all the same, the transaction stays where it is.
    sql.push(" AND NOT EXISTS (SELECT 1 FROM dbvsg_pending o WHERE o.id = ").bind(own).push(")");
    if sql.execute(txn).await?.rows_affected() == 0 {
        return Ok(());
    }
    for (history, first) in &part.first_changes {
        let mut sql = Sql::new(backend, format!("UPDATE {history} SET vsg_begin = "));
        sql.bind(own).push(" WHERE vsg_begin = ").bind(part.shared).push(" AND vsg_id >= ").bind(*first);
        if let Some(end) = above.insert(history.clone(), *first) {
            sql.push(" AND vsg_id < ").bind(end);
        }
        sql.execute(txn).await?;
    }
    Ok(())
}
