//! What would violate a constraint, found before anything is written, so that the answer can name table and row.

use sea_orm::{ConnectionTrait, DatabaseExecutor};

use super::{
    order::is,
    plan::{DELETES, Plan, SETS, UPDATES},
};
use crate::{
    Constraint, Error, Result,
    backend::{Backend, Sql},
    model::{ForeignKey, Key, Row, TableName},
};

/// Refuses plans after which a row would refer to none, or two rows would share a unique key. One query for each foreign
/// key of the tables, one or two for each foreign key that refers to them where rows go, and two for each unique key.
pub(super) async fn check<C: ConnectionTrait>(
    db: &C,
    executor: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    plans: &[Plan],
    is_state: bool,
) -> Result<()> {
    for plan in plans.iter().filter(|plan| !plan.is_empty()) {
        let checking = Checking { backend, plan, plans };
        for key in &plan.tracked.table.foreign_keys {
            checking.refers(db, executor, key).await?;
        }
        if plan.deleted + plan.updated > 0 {
            for (child, key) in backend.referring(executor, &plan.tracked.table.name).await? {
                checking.is_referred_to(db, &child, &key).await?;
            }
        }
        // A state that was there had no two rows that share a key.
        if !is_state {
            checking.unique(db).await?;
        }
    }
    Ok(())
}

struct Checking<'a> {
    backend: &'static dyn Backend,
    plan: &'a Plan,
    plans: &'a [Plan],
}

impl Checking<'_> {
    fn plan_of(&self, table: &TableName) -> Option<&Plan> {
        self.plans.iter().find(|plan| is(&plan.tracked.table.name, table))
    }

    /// A condition that holds where columns of two aliases are the same.
    fn equal(&self, (a, left): (&str, &[String]), (b, right): (&str, &[String])) -> String {
        let pairs = left
            .iter()
            .zip(right)
            .map(|(left, right)| format!("{a}.{} = {b}.{}", self.backend.quote(left), self.backend.quote(right)));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    /// The first row of the plan, as a query for its key; `rest` follows `FROM plan p`.
    async fn first<C: ConnectionTrait>(&self, db: &C, rest: &str) -> Result<Option<String>> {
        let tracked = &self.plan.tracked;
        let columns = tracked.table.columns.iter().enumerate().map(|(position, column)| {
            let is_key = tracked.table.is_key(position);
            let name = format!("p.{}", self.backend.quote(&column.name));
            if is_key { self.backend.project(column, &name) } else { "NULL".into() }
        });
        let sql = format!("SELECT {} FROM {} p {rest} LIMIT 1", columns.collect::<Vec<_>>().join(", "), self.plan.name);
        let row = Sql::new(self.backend, sql).one(db).await?;
        let read = row.map(|row| tracked.read(self.backend, &row, 0)).transpose()?;
        Ok(read.map(|row: Row| Key::of(&tracked.table, &row).to_text(&tracked.table)))
    }

    fn violated(&self, constraint: Constraint, detail: String) -> Error {
        Error::Violation { constraint, detail }
    }

    /// Every row that comes or changes finds the row that it refers to.
    async fn refers<C: ConnectionTrait>(
        &self,
        db: &C,
        executor: &DatabaseExecutor<'_>,
        key: &ForeignKey,
    ) -> Result<()> {
        if self.plan.inserted + self.plan.updated == 0 || !self.plan.holds(key.columns.iter()) {
            return Ok(());
        }
        let parent = self.plan_of(&key.references);
        let Some(referenced) = self.referenced(executor, key).await? else { return Ok(()) };
        let given: Vec<String> =
            key.columns.iter().map(|name| format!("p.{} IS NOT NULL", self.backend.quote(name))).collect();
        let (mut stays, mut comes) = (String::new(), String::new());
        if let Some(parent) = parent.filter(|parent| !parent.is_empty()) {
            stays = format!(
                " AND NOT EXISTS (SELECT 1 FROM {} q WHERE {})",
                parent.name,
                parent.tracked.same_key(self.backend, "q", "r")
            );
            if parent.holds(referenced.iter()) {
                comes = format!(
                    " AND NOT EXISTS (SELECT 1 FROM {} q WHERE {} AND {})",
                    parent.name,
                    SETS.replace("p.", "q."),
                    self.equal(("q", &referenced), ("p", &key.columns)),
                );
            }
        }
        let found = self
            .first(
                db,
                &format!(
                    "WHERE {SETS} AND {} AND NOT EXISTS (SELECT 1 FROM {} r WHERE {}{stays}){comes}",
                    given.join(" AND "),
                    self.backend.quote_table(&key.references),
                    self.equal(("r", &referenced), ("p", &key.columns)),
                ),
            )
            .await?;
        let Some(row) = found else { return Ok(()) };
        let detail = format!(
            "row `{row}` of `{}` would refer by {} to a row of `{}` that is not there; put that table back too, or that row \
             first",
            self.plan.tracked.name(),
            key.columns.join(", "),
            key.references,
        );
        Err(self.violated(Constraint::ForeignKey, detail))
    }

    /// The columns that a foreign key refers to: the primary key, where it names none.
    async fn referenced(&self, executor: &DatabaseExecutor<'_>, key: &ForeignKey) -> Result<Option<Vec<String>>> {
        if !key.referenced.is_empty() {
            return Ok(Some(key.referenced.clone()));
        }
        let described = match self.plan_of(&key.references) {
            Some(parent) => Some(parent.tracked.table.clone()),
            None => self.backend.describe(executor, &key.references).await?,
        };
        Ok(described.map(|table| table.key_names().into_iter().map(str::to_owned).collect()))
    }

    /// No row that stays refers to one that goes, or to what is no longer its key.
    async fn is_referred_to<C: ConnectionTrait>(&self, db: &C, child: &TableName, key: &ForeignKey) -> Result<()> {
        let tracked = &self.plan.tracked;
        let own: Vec<String> = tracked.table.key_names().into_iter().map(str::to_owned).collect();
        let referenced = if key.referenced.is_empty() { &own } else { &key.referenced };
        if !self.plan.holds(referenced.iter()) {
            return Ok(());
        }
        let stays = self.plan_of(child).filter(|plan| !plan.is_empty()).map(|plan| {
            format!(
                " AND NOT EXISTS (SELECT 1 FROM {} q WHERE {})",
                plan.name,
                plan.tracked.same_key(self.backend, "q", "c")
            )
        });
        let stays = stays.unwrap_or_default();
        let child_name = self.backend.quote_table(child);
        // Another row can take the key over.
        let taken = |alias: &str| {
            format!(
                " AND NOT EXISTS (SELECT 1 FROM {} s WHERE {} AND {})",
                self.plan.name,
                SETS.replace("p.", "s."),
                self.equal(("s", referenced), (alias, referenced)),
            )
        };
        let mut found = None;
        if self.plan.deleted > 0 {
            let refers = self.equal(("c", &key.columns), ("p", referenced));
            let rest = format!("JOIN {child_name} c ON {refers} WHERE {DELETES}{stays}{}", taken("p"));
            found = self.first(db, &rest).await?;
        }
        if found.is_none() && self.plan.updated > 0 && referenced.iter().any(|name| !own.contains(name)) {
            let rest = format!(
                "JOIN {} l ON {} JOIN {child_name} c ON {} WHERE {UPDATES} AND NOT ({}){stays}{}",
                self.backend.quote_table(&tracked.table.name),
                tracked.same_key(self.backend, "l", "p"),
                self.equal(("c", &key.columns), ("l", referenced)),
                self.equal(("l", referenced), ("p", referenced)),
                taken("l"),
            );
            found = self.first(db, &rest).await?;
        }
        let Some(row) = found else { return Ok(()) };
        let detail = format!(
            "row `{row}` of `{}` cannot go, because a row of `{child}` refers to it by {}; put that table back too, or delete \
             that row first",
            tracked.name(),
            key.columns.join(", "),
        );
        Err(self.violated(Constraint::ForeignKey, detail))
    }

    /// No two rows come to share a unique key.
    async fn unique<C: ConnectionTrait>(&self, db: &C) -> Result<()> {
        let tracked = &self.plan.tracked;
        for unique in tracked.table.unique.iter().filter(|unique| !unique.partial) {
            let columns: Vec<String> = unique.columns.iter().map(|(name, _)| name.clone()).collect();
            if !self.plan.holds(columns.iter()) {
                continue;
            }
            let live = format!(
                "JOIN {} l ON {} WHERE {SETS} AND NOT EXISTS (SELECT 1 FROM {} q WHERE {})",
                self.backend.quote_table(&tracked.table.name),
                self.equal(("l", &columns), ("p", &columns)),
                self.plan.name,
                tracked.same_key(self.backend, "q", "l"),
            );
            let planned = format!(
                "JOIN {} q ON {} AND q.vsg_id > p.vsg_id WHERE {SETS} AND {}",
                self.plan.name,
                self.equal(("q", &columns), ("p", &columns)),
                SETS.replace("p.", "q."),
            );
            for rest in [live, planned] {
                if let Some(row) = self.first(db, &rest).await? {
                    let detail = format!(
                        "row `{row}` of `{}` would have the same {} as another row",
                        tracked.name(),
                        columns.join(", ")
                    );
                    return Err(self.violated(Constraint::Unique, detail));
                }
            }
        }
        Ok(())
    }
}
