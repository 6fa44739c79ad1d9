//! What a portable copy of a database needs of its engine.

use sea_orm::{DatabaseConnection, DatabaseExecutor, DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    model::{Column, Stored, Table, TableName},
};

/// Something that a database holds beside rows, and the statements that make it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    /// What tells it from others of its kind.
    pub(crate) name: String,
    /// The table that it is, or that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableName>,
    pub(crate) sql: Vec<String>,
}

impl Object {
    pub(crate) fn new(kind: Kind, name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { kind, name: name.into(), table: None, sql: vec![sql.into()] }
    }

    pub(crate) fn of(mut self, table: TableName) -> Self {
        self.table = Some(table);
        self
    }
}

/// What kind of thing an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Schema,
    Type,
    Sequence,
    Routine,
    /// A table with rows of its own.
    Table,
    /// A table whose rows are kept by others: a partition's by its root, a virtual table's by its shadows.
    Part,
    Constraint,
    View,
    Index,
    ForeignKey,
    Trigger,
    /// What is computed from rows and kept.
    Materialized,
}

impl Kind {
    /// Whether it is a table.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Part)
    }

    /// Whether it is made once the rows are there: it would be slow, or act on them.
    pub(crate) fn is_late(self) -> bool {
        matches!(self, Self::Index | Self::ForeignKey | Self::Trigger | Self::Materialized)
    }
}

/// What a sequence or an automatic key goes on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counter {
    /// The sequence, where it has a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The table whose key it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    pub(crate) next: i64,
}

/// The part of a backend that takes a database apart and puts it together again.
#[async_trait::async_trait]
pub(crate) trait Portable: Send + Sync {
    /// What is set for a transaction so that everything is read, and values that come as text are exact, whatever the session or
    /// the role are set to.
    fn wholly(&self) -> Vec<String> {
        Vec::new()
    }

    /// The schema that holds the catalog, where statements that make objects name it.
    fn home(&self) -> Option<&str> {
        None
    }

    /// Everything that can be made anew but DBVSG's own tables, triggers and routines. Histories are tables here.
    async fn objects(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Object>>;

    /// Takes an object away again, where no transaction does.
    fn unmake(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }

    /// The counters, those of DBVSG's own tables included.
    async fn counters(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Counter>>;

    /// Lets a counter go on there.
    fn set_counter(&self, counter: &Counter) -> Vec<String>;

    /// What the counter of commits and changes gives next, where there is such a counter.
    async fn next_change(&self, _db: &DatabaseExecutor<'_>) -> Result<Option<i64>> {
        Ok(None)
    }

    /// Lets the counter of commits and changes go on there, which must be further than it has come.
    fn skip_changes(&self, _next: i64) -> Vec<String> {
        Vec::new()
    }

    /// A table where its own rows are meant, and not those of tables that inherit from it.
    fn only(&self, table: &Table) -> String;

    /// Reads one column of a row, so that it can be stored again just as it is.
    fn stored(&self, row: &QueryResult, index: usize) -> Result<Stored>;

    /// A bound value that is stored in a column just as it was read.
    fn storing(&self, column: &Column, value: &Stored, placeholder: &str) -> String;

    /// A pool of one connection for a restore, set up in a way that no other may inherit.
    async fn restore_pool(&self, db: &DatabaseConnection) -> Result<DatabaseConnection>;

    /// Keeps writers off these tables until the transaction ends.
    fn lock_all(&self, _tables: &[&TableName]) -> Vec<String> {
        Vec::new()
    }

    /// Takes away what foreign keys from and to these tables would do or refuse, where [`Portable::restore_pool`] does not see
    /// to that. Returns what brings it back, and finds what violates them.
    async fn untie(&self, _db: &DatabaseExecutor<'_>, _tables: &[&TableName]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Empties what is known of transactions that are running, and of those that are not sealed yet.
    async fn forget_running(&self, _txn: &DatabaseTransaction) -> Result<()> {
        Ok(())
    }
}
