//! What going back needs of its engine: a plan is made in a temporary table, and then applied to the rows.

use sea_orm::{DatabaseConnection, DatabaseExecutor, IsolationLevel};

use crate::{
    Result,
    catalog::Tracked,
    model::{Column, ColumnKind, ForeignKey, TableName},
};

/// The application's own triggers and rules of a table.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// What holds them still.
    pub(crate) hold: Vec<String>,
    /// What lets them act again.
    pub(crate) release: Vec<String>,
}

/// The part of a backend that applies plans.
#[async_trait::async_trait]
pub(crate) trait Applying: Send + Sync {
    /// The temporary table that holds the plan of a table, quoted.
    fn plan_name(&self, tracked: &Tracked) -> String;

    /// Creates it, made like the history.
    fn create_plan(&self, tracked: &Tracked) -> Vec<String>;

    /// What follows once it is filled.
    fn plan_is_filled(&self, _tracked: &Tracked) -> Vec<String> {
        Vec::new()
    }

    /// Drops it, if it is there.
    fn drop_plan(&self, tracked: &Tracked) -> Vec<String>;

    /// Changes the rows `l` of a table for which a plan has a row `p` of the same key, and a condition holds. `sets` are
    /// columns and what they become.
    fn update_planned(
        &self,
        table: &str,
        plan: &str,
        same_key: &str,
        sets: &[(String, String)],
        condition: &str,
    ) -> String {
        let sets: Vec<String> = sets.iter().map(|(column, value)| format!("{column} = {value}")).collect();
        format!("UPDATE {table} AS l SET {} FROM {plan} p WHERE {same_key} AND {condition}", sets.join(", "))
    }

    /// Deletes the rows of a table for which a plan has a row `p` of the same key, and a condition holds.
    fn delete_planned(&self, table: &str, plan: &str, key: &[String], condition: &str) -> String;

    /// What follows the columns of an INSERT that gives the values of automatic keys.
    fn inserting(&self) -> &'static str {
        ""
    }

    /// A value of this column that no row is likely to have, made from a number that no other has.
    fn token(&self, column: &Column, number: &str) -> Option<String> {
        match column.kind {
            ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Float => Some(format!("-{number}")),
            ColumnKind::Text => Some(format!("CAST({number} AS {})", self.text())),
            _ => None,
        }
    }

    /// The type that a number is cast to so that it is text.
    fn text(&self) -> &'static str {
        "TEXT"
    }

    /// The commit of the running transaction, as an expression, once it has captured something.
    fn running_commit(&self) -> &'static str;

    /// Opens the commit of the running transaction though nothing was captured.
    fn open_commit(&self) -> Vec<String>;

    /// A pool of one connection to apply plans over, where that has to be set up in a way that no other may inherit.
    async fn apply_pool(&self, _db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
        Ok(None)
    }

    /// The isolation under which a plan is made and applied.
    fn apply_isolation(&self) -> Option<IsolationLevel>;

    /// Keeps writers off a table until the transaction ends, those included that would add rows.
    fn lock_for_apply(&self, table: &TableName) -> Option<String>;

    /// Whether foreign keys neither refuse nor do anything over [`Applying::apply_pool`].
    fn ignores_references(&self) -> bool {
        false
    }

    /// Puts off what foreign keys of these tables refuse to the end of what follows. Returns what ends it.
    async fn ease(&self, db: &DatabaseExecutor<'_>, children: &[&TableName]) -> Result<Vec<String>>;

    /// The foreign keys that refer to a table, with the tables that have them.
    async fn referring(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Vec<(TableName, ForeignKey)>>;

    /// The triggers and rules of a table that are not DBVSG's.
    async fn own_triggers(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Held>;
}
