//! What the triggers wrote down, made what was meant: one version for each row of the plan.

use sea_orm::ConnectionTrait;

use super::plan::Plan;
use crate::{
    Error, Result, Txn,
    backend::{Backend, Sql},
};

/// The last version before a plan is applied. One query.
pub(super) async fn floor(txn: &Txn, backend: &'static dyn Backend, plan: &Plan) -> Result<i64> {
    let history = backend.quote_table(&plan.tracked.history);
    let row = Sql::new(backend, format!("SELECT coalesce(max(vsg_id), 0) AS id FROM {history}")).one(txn).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?.unwrap_or_default())
}

/// Makes sure that exactly the rows of the plan got a version. A row that had to step aside on the way, so that another
/// could take its unique value, got several: the last one stays. One query, and three more for such rows.
pub(super) async fn settle(txn: &Txn, backend: &'static dyn Backend, plan: &Plan, floor: i64) -> Result<()> {
    if count(txn, backend, plan, floor).await? == plan.versions() {
        return Ok(());
    }
    let history = backend.quote_table(&plan.tracked.history);
    let own = |alias: &str| format!("{alias}vsg_id > {floor} AND {alias}vsg_begin = {}", backend.running_commit());
    // MySQL does not delete from what it reads, unless it has read it before.
    let outdone = format!(
        "DELETE FROM {history} WHERE vsg_id IN (SELECT id FROM (SELECT a.vsg_id AS id FROM {history} a JOIN {history} b \
         ON {} AND b.vsg_id > a.vsg_id WHERE {} AND {}) x)",
        plan.tracked.same_key(backend, "a", "b"),
        own("a."),
        own("b."),
    );
    let same = plan.tracked.quoted_key(backend).into_iter().map(|name| format!("p.{name} = {history}.{name}"));
    let same = same.collect::<Vec<_>>().join(" AND ");
    let named = format!(
        "UPDATE {history} SET vsg_op = (SELECT p.vsg_op FROM {} p WHERE {same}) WHERE {} AND vsg_op <> 'delete' \
         AND EXISTS (SELECT 1 FROM {} p WHERE {same})",
        plan.name,
        own(""),
        plan.name,
    );
    for sql in [outdone, named] {
        txn.execute_unprepared(&sql).await?;
    }
    let made = count(txn, backend, plan, floor).await?;
    if made == plan.versions() {
        return Ok(());
    }
    Err(Error::NotExact {
        table: plan.tracked.name(),
        reason: format!(
            "{made} rows changed where {} were to; what does that beside DBVSG (a rule, a foreign key's action) has to be put \
             out of the way",
            plan.versions()
        ),
    })
}

async fn count(txn: &Txn, backend: &'static dyn Backend, plan: &Plan, floor: i64) -> Result<u64> {
    let history = backend.quote_table(&plan.tracked.history);
    let sql = format!(
        "SELECT count(*) AS n FROM {history} WHERE vsg_id > {floor} AND vsg_begin = {}",
        backend.running_commit()
    );
    let row = Sql::new(backend, sql).one(txn).await?;
    Ok(row.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or_default().unsigned_abs())
}
