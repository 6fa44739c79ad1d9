//! Applying plans: a few statements a table, in an order in which every row finds what it refers to.

use sea_orm::{ConnectionTrait, DatabaseExecutor};

use super::{
    order::{is, is_circular, parents_first},
    plan::{DELETES, INSERTS, Plan, UPDATES},
    settle,
};
use crate::{
    Error, Result, Txn,
    backend::{Backend, Sql},
    model::{ColumnKind, ForeignKey, Table, UniqueKey},
};

/// What a plan's row has in `vsg_branch` while it has stepped aside.
const ASIDE: &str = "p.vsg_branch = -1";

/// Makes the tables what the plans say. Some ten statements a table.
pub(super) async fn apply(txn: &Txn, backend: &'static dyn Backend, plans: &[Plan]) -> Result<()> {
    let plans: Vec<&Plan> = plans.iter().filter(|plan| !plan.is_empty()).collect();
    let tables: Vec<&Table> = plans.iter().map(|plan| &plan.tracked.table).collect();
    let order: Vec<&Plan> = parents_first(&tables).into_iter().map(|place| plans[place]).collect();
    let mut floors = Vec::with_capacity(order.len());
    for plan in &order {
        floors.push(settle::floor(txn, backend, plan).await?);
    }
    let applying = Applying { txn, backend, plans: &plans };
    let eased = applying.eased(&tables).await?;
    let names: Vec<_> = eased.iter().map(|plan| &plan.tracked.table.name).collect();
    let settled = backend.ease(&DatabaseExecutor::Transaction(txn.inner()), &names).await?;
    for plan in eased {
        applying.let_go(plan).await?;
    }
    for plan in order.iter().rev() {
        applying.delete(plan).await?;
    }
    for plan in &order {
        let replaced = applying.step_aside(plan).await?;
        applying.update(plan, replaced).await?;
        applying.insert(plan, replaced).await?;
    }
    applying.run(&settled).await?;
    for (plan, floor) in order.iter().zip(floors) {
        settle::settle(txn, backend, plan, floor).await?;
    }
    Ok(())
}

struct Applying<'a> {
    txn: &'a Txn,
    backend: &'static dyn Backend,
    plans: &'a [&'a Plan],
}

impl<'a> Applying<'a> {
    async fn run(&self, statements: &[String]) -> Result<u64> {
        let mut affected = 0;
        for sql in statements {
            affected += self.txn.execute_unprepared(sql).await?.rows_affected();
        }
        Ok(affected)
    }

    fn parent(&self, key: &ForeignKey) -> Option<&'a Plan> {
        self.plans.iter().copied().find(|plan| is(&plan.tracked.table.name, &key.references))
    }

    fn live(&self, plan: &Plan) -> String {
        self.backend.quote_table(&plan.tracked.table.name)
    }

    fn equal(&self, (a, left): (&str, &[String]), (b, right): (&str, &[String])) -> String {
        let pairs = left
            .iter()
            .zip(right)
            .map(|(left, right)| format!("{a}.{} = {b}.{}", self.backend.quote(left), self.backend.quote(right)));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    /// The plans whose tables have foreign keys that cannot hold at every step: those in a circle, and those that change
    /// a row so that it refers to one that comes, and no longer to one that goes.
    async fn eased(&self, tables: &[&Table]) -> Result<Vec<&'a Plan>> {
        let mut eased = Vec::new();
        for (place, plan) in self.plans.iter().enumerate() {
            if self.backend.ignores_references() {
                break;
            }
            if is_circular(tables, place) || self.changes_references(plan).await? {
                eased.push(*plan);
            }
        }
        Ok(eased)
    }

    async fn changes_references(&self, plan: &Plan) -> Result<bool> {
        let keys = plan.tracked.table.foreign_keys.iter().filter(|key| {
            let moves = self.parent(key).is_some_and(|parent| parent.inserted + parent.deleted > 0);
            plan.updated > 0 && moves && plan.holds(key.columns.iter())
        });
        for key in keys {
            let columns = key.columns.iter().filter_map(|name| plan.tracked.table.column(name));
            let differ: Vec<String> = columns
                .map(|column| {
                    let name = self.backend.quote(&column.name);
                    self.backend.differs(column, &format!("l.{name}"), &format!("p.{name}"))
                })
                .collect();
            let sql = format!(
                "SELECT 1 AS one FROM {} p JOIN {} l ON {} WHERE {UPDATES} AND ({}) LIMIT 1",
                plan.name,
                self.live(plan),
                plan.tracked.same_key(self.backend, "l", "p"),
                differ.join(" OR "),
            );
            if Sql::new(self.backend, sql).one(self.txn).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets rows that stay refer to what they will, where what they refer to now is about to go: its going would take them
    /// with it.
    async fn let_go(&self, plan: &Plan) -> Result<()> {
        for key in &plan.tracked.table.foreign_keys {
            let Some(parent) = self.parent(key).filter(|parent| parent.deleted > 0) else { continue };
            if plan.updated == 0 || !plan.holds(key.columns.iter()) {
                continue;
            }
            let own: Vec<String> = parent.tracked.table.key_names().into_iter().map(str::to_owned).collect();
            let referenced = if key.referenced.is_empty() { &own } else { &key.referenced };
            let condition = format!(
                "{UPDATES} AND EXISTS (SELECT 1 FROM {} d WHERE {} AND {})",
                parent.name,
                DELETES.replace("p.", "d."),
                self.equal(("d", referenced), ("l", &key.columns)),
            );
            let sets =
                key.columns.iter().map(|name| self.backend.quote(name)).map(|name| (name.clone(), format!("p.{name}")));
            self.change(plan, &sets.collect::<Vec<_>>(), &condition).await?;
        }
        Ok(())
    }

    async fn change(&self, plan: &Plan, sets: &[(String, String)], condition: &str) -> Result<()> {
        let key = plan.tracked.same_key(self.backend, "l", "p");
        let sql = self.backend.update_planned(&self.live(plan), &plan.name, &key, sets, condition);
        self.txn.execute_unprepared(&self.backend.copying(sql)).await?;
        Ok(())
    }

    async fn remove(&self, plan: &Plan, condition: &str) -> Result<()> {
        let sql = self.backend.delete_planned(
            &self.live(plan),
            &plan.name,
            &plan.tracked.quoted_key(self.backend),
            condition,
        );
        self.txn.execute_unprepared(&sql).await?;
        Ok(())
    }

    async fn delete(&self, plan: &Plan) -> Result<()> {
        if plan.deleted > 0 {
            self.remove(plan, DELETES).await?;
        }
        Ok(())
    }

    /// Makes room where rows are to have a unique value that another one still has, as where two rows swap theirs. Returns
    /// whether these rows were taken out, to be put in again.
    async fn step_aside(&self, plan: &Plan) -> Result<bool> {
        let keys: Vec<&UniqueKey> = self.changing(plan);
        let mut aside = Vec::new();
        for key in keys {
            let same =
                key.columns.iter().map(|(name, _)| self.backend.quote(name)).map(|name| format!("l.{name} = p.{name}"));
            let sql = format!(
                "UPDATE {} AS p SET vsg_branch = -1 WHERE {UPDATES} AND EXISTS (SELECT 1 FROM {} l WHERE {} AND NOT ({}))",
                plan.name,
                self.live(plan),
                same.collect::<Vec<_>>().join(" AND "),
                plan.tracked.same_key(self.backend, "l", "p"),
            );
            if self.run(&[sql]).await? > 0 {
                aside.push(key);
            }
        }
        if aside.is_empty() {
            return Ok(false);
        }
        let condition = format!("{UPDATES} AND {ASIDE}");
        let table = &plan.tracked.table;
        let is_whole = table.columns.iter().all(|column| column.generated || plan.columns.contains(column));
        let executor = DatabaseExecutor::Transaction(self.txn.inner());
        let is_free =
            self.backend.ignores_references() || self.backend.referring(&executor, &table.name).await?.is_empty();
        if is_whole && is_free {
            self.remove(plan, &condition).await?;
            return Ok(true);
        }
        // Others refer to the row, or it has values that are kept nowhere else: it stays, with another value for a moment.
        for key in aside {
            let set = self.another(table, key).ok_or_else(|| Error::NotExact {
                table: plan.tracked.name(),
                reason: format!(
                    "rows that others refer to swap their {}, which cannot be done step by step; change one of them by hand \
                     first",
                    key.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
                ),
            })?;
            self.change(plan, &[set], &condition).await?;
        }
        Ok(false)
    }

    /// The unique keys that updates can change.
    fn changing<'b>(&self, plan: &'b Plan) -> Vec<&'b UniqueKey> {
        let keys = plan.tracked.table.unique.iter();
        keys.filter(|key| plan.updated > 0 && plan.holds(key.columns.iter().map(|(name, _)| name))).collect()
    }

    /// A value that no row has, for one column of a unique key, made from the id of a version.
    fn another(&self, table: &Table, key: &UniqueKey) -> Option<(String, String)> {
        let refers = |name: &String| table.foreign_keys.iter().any(|key| key.columns.contains(name));
        let mut columns =
            key.columns.iter().filter(|(name, _)| !refers(name)).filter_map(|(name, _)| table.column(name));
        let nullable = columns.clone().find(|column| column.nullable);
        let made = nullable
            .map(|column| (column, "NULL".to_owned()))
            .or_else(|| columns.find_map(|column| Some((column, self.backend.token(column, "p.vsg_id")?))));
        made.map(|(column, value)| (self.backend.quote(&column.name), value))
    }

    async fn update(&self, plan: &Plan, replaced: bool) -> Result<()> {
        let table = &plan.tracked.table;
        // A key under a collation can be written in another case and be the same.
        let is_set = |position: usize| {
            let column = &table.columns[position];
            let is_fixed = table.is_key(position) && (column.collation.is_none() || column.kind != ColumnKind::Text);
            !is_fixed && !plan.tracked.ignore.contains(&column.name) && plan.columns.contains(column)
        };
        let columns = (0..table.columns.len()).filter(|position| is_set(*position));
        let sets: Vec<(String, String)> = columns
            .map(|position| self.backend.quote(&table.columns[position].name))
            .map(|name| (name.clone(), format!("p.{name}")))
            .collect();
        if plan.updated == 0 || sets.is_empty() {
            return Ok(());
        }
        let condition = if replaced { format!("{UPDATES} AND NOT {ASIDE}") } else { UPDATES.to_owned() };
        self.change(plan, &sets, &condition).await
    }

    async fn insert(&self, plan: &Plan, replaced: bool) -> Result<()> {
        if plan.inserted == 0 && !replaced {
            return Ok(());
        }
        let condition = if replaced { format!("{INSERTS} OR {UPDATES} AND {ASIDE}") } else { INSERTS.to_owned() };
        let names: Vec<String> = plan.columns.iter().map(|column| self.backend.quote(&column.name)).collect();
        let values: Vec<String> = names.iter().map(|name| format!("p.{name}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}){} SELECT {} FROM {} p WHERE {condition}",
            self.live(plan),
            names.join(", "),
            self.backend.inserting(),
            values.join(", "),
            plan.name,
        );
        self.txn.execute_unprepared(&self.backend.copying(sql)).await?;
        self.go_on_behind(plan).await
    }

    /// Moves the counter of an automatic key behind the keys that came back.
    async fn go_on_behind(&self, plan: &Plan) -> Result<()> {
        let table = &plan.tracked.table;
        let [position] = table.key[..] else { return Ok(()) };
        let column = &table.columns[position];
        if column.kind != ColumnKind::Integer
            || !column.has_default
            || self.backend.key_given(&table.name, "", 0).is_none()
        {
            return Ok(());
        }
        let name = self.backend.quote(&column.name);
        let sql = format!(
            "SELECT {} AS last FROM {} p WHERE {INSERTS}",
            self.backend.integer(&format!("max(p.{name})")),
            plan.name
        );
        let row = Sql::new(self.backend, sql).one(self.txn).await?;
        let last = row.map(|row| row.try_get::<Option<i64>>("", "last")).transpose()?.flatten();
        if let Some(statement) = last.and_then(|last| self.backend.key_given(&table.name, &column.name, last)) {
            self.txn.query_one_raw(statement).await?;
        }
        Ok(())
    }
}
