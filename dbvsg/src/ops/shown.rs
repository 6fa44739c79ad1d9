//! Rows of a plan for people: the first of each kind, and those that cannot be brought together.

use sea_orm::{ConnectionTrait, QueryResult};

use super::{
    answer::{Cell, Conflict, ConflictKind, Preview},
    plan::{DELETES, INSERTS, Plan, UPDATES},
};
use crate::{
    Result,
    backend::{Backend, Sql},
    history::RowDiff,
    model::{Key, Row, Value, json},
};

/// How many conflicts of a table are told.
const MOST: u64 = 1000;

/// The first rows of each kind of change, in key order. A query for each kind that there is.
pub(super) async fn preview<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    plan: &Plan,
    limit: u64,
) -> Result<Preview> {
    let mut rows = Vec::new();
    for (kind, count) in [(INSERTS, plan.inserted), (DELETES, plan.deleted), (UPDATES, plan.updated)] {
        if count > 0 && limit > 0 {
            for row in select(backend, plan, kind, limit).all(db).await? {
                rows.push(difference(backend, plan, kind, &row)?);
            }
        }
    }
    Ok(Preview { table: plan.tracked.name(), rows })
}

/// Rows of a plan: as they are, and as they become. What a plan does not hold stays.
fn select(backend: &'static dyn Backend, plan: &Plan, kind: &str, limit: u64) -> Sql {
    let tracked = &plan.tracked;
    let becomes = tracked.table.columns.iter().zip(&tracked.captured).map(|(column, captured)| {
        if plan.columns.iter().any(|known| known.name == column.name) {
            backend.project(column, &format!("p.{}", backend.quote(&column.name)))
        } else if *captured {
            backend.project(column, &tracked.past(backend, column, "o"))
        } else {
            "NULL".into()
        }
    });
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT {}, {} FROM {} p LEFT JOIN {} o ON o.vsg_id = p.vsg_begin WHERE {kind} ORDER BY {} LIMIT ",
            tracked.projection(backend, "o"),
            becomes.collect::<Vec<_>>().join(", "),
            plan.name,
            backend.quote_table(&tracked.history),
            keys(backend, plan, "p"),
        ),
    );
    sql.bind(limit as i64);
    sql
}

pub(super) fn keys(backend: &dyn Backend, plan: &Plan, alias: &str) -> String {
    let names = plan.tracked.quoted_key(backend).into_iter().map(|name| format!("{alias}.{name}"));
    names.collect::<Vec<_>>().join(", ")
}

fn difference(backend: &dyn Backend, plan: &Plan, kind: &str, row: &QueryResult) -> Result<RowDiff> {
    let (tracked, width) = (&plan.tracked, plan.tracked.table.columns.len());
    let key = |row: &Row| Key::of(&tracked.table, row);
    let to = tracked.read(backend, row, width)?;
    if kind == INSERTS {
        return Ok(RowDiff::Added { key: key(&to), row: to });
    }
    let from = tracked.read(backend, row, 0)?;
    if kind == DELETES {
        return Ok(RowDiff::Removed { key: key(&from), row: from });
    }
    let columns = from.changed(&to);
    Ok(RowDiff::Changed { key: key(&to), from, to, columns })
}

/// The conflicts of a plan, in key order. One query.
pub(super) async fn conflicts<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    plan: &Plan,
) -> Result<Vec<Conflict>> {
    let (tracked, history) = (&plan.tracked, backend.quote_table(&plan.tracked.history));
    let join = |alias: &str, id: &str| format!(" LEFT JOIN {history} {alias} ON {alias}.vsg_id = p.{id}");
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT p.vsg_begin AS vsg_ours, p.vsg_end AS vsg_base, p.vsg_branch AS vsg_theirs, {}, {}, {} FROM {} p{}{}{} \
             WHERE p.vsg_op = 'conflict' ORDER BY {} LIMIT ",
            tracked.projection(backend, "o"),
            tracked.projection(backend, "b"),
            tracked.projection(backend, "t"),
            plan.name,
            join("o", "vsg_begin"),
            join("b", "vsg_end"),
            join("t", "vsg_branch"),
            keys(backend, plan, "p"),
        ),
    );
    sql.bind(MOST as i64);
    sql.all(db).await?.iter().map(|row| conflict(backend, plan, row)).collect()
}

fn conflict(backend: &dyn Backend, plan: &Plan, row: &QueryResult) -> Result<Conflict> {
    let (table, width) = (&plan.tracked.table, plan.tracked.table.columns.len());
    let side = |id: &str, first: usize| -> Result<Option<Row>> {
        let is_there = row.try_get::<i64>("", id)? != 0;
        is_there.then(|| plan.tracked.read(backend, row, first)).transpose()
    };
    let (ours, base, theirs) = (side("vsg_ours", 3)?, side("vsg_base", 3 + width)?, side("vsg_theirs", 3 + 2 * width)?);
    let kind = match (&ours, &base, &theirs) {
        (None, ..) => ConflictKind::DeleteModify,
        (_, _, None) => ConflictKind::ModifyDelete,
        (_, None, _) => ConflictKind::AddAdd,
        _ => ConflictKind::ModifyModify,
    };
    let key = ours.as_ref().or(theirs.as_ref()).map(|row| Key::of(table, row)).unwrap_or_else(|| Key(Vec::new()));
    let value =
        |row: &Option<Row>, position: usize| row.as_ref().map_or(Value::Null, |row: &Row| row.values[position].clone());
    let mut cells = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        let (a, b, c) = (value(&ours, position), value(&base, position), value(&theirs, position));
        let differs = match kind {
            ConflictKind::ModifyModify => !a.same(&b) && !c.same(&b) && !a.same(&c),
            ConflictKind::AddAdd => !a.same(&c),
            ConflictKind::ModifyDelete => !a.same(&b),
            ConflictKind::DeleteModify => !c.same(&b),
        };
        if differs && plan.columns.iter().any(|known| known.name == column.name) {
            let shown = |value: &Value| json::encode(column, value);
            cells.push(Cell { column: column.name.clone(), base: shown(&b), ours: shown(&a), theirs: shown(&c) });
        }
    }
    Ok(Conflict { table: plan.tracked.name(), key, kind, cells, base, ours, theirs })
}
