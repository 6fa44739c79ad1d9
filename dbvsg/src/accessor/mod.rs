//! The typed layer: an entity's rows, each write a commit or part of one.

pub mod codec;
mod explain;
mod find;
mod hooks;
mod insert;
mod read;
mod rollback;
mod scope;
mod versioned;
mod whole;
mod write;

use std::sync::Arc;

use sea_orm::{EntityTrait, IntoActiveModel, TryIntoModel};

pub(crate) use explain::explained;
pub use find::{Find, Order};
pub use hooks::{BoxFuture, Event, HookError, HookResult, Hooks, Operation};
pub(crate) use insert::{automatic_keys, key_given};
pub use read::AccessorAt;
pub(crate) use rollback::{WayBack, way_back};
pub use scope::Scope;
pub(crate) use scope::{Session, open};
pub use versioned::Versioned;
pub use whole::WholeTable;
pub use write::Saved;
pub(crate) use write::{BOUND_VALUES, NAMED_ROWS};

use crate::Vsg;

/// The rows of one entity.
///
/// Every write takes a [`Scope`]: the author of a commit of its own (`"ann"`, an [`Author`](crate::Author)), or `&txn`
/// to join a transaction. Hooks run inside the transaction, listeners after it. Writes that go past the accessor are
/// recorded all the same, but fire no hook.
///
/// A row that is soft-deleted is absent to `get`, `find` and `update`, until `restore` or
/// [`Find::include_deleted`] asks for it.
pub struct Accessor<E: Versioned> {
    vsg: Vsg,
    hooks: Vec<Arc<dyn Hooks<E>>>,
    max_records: Option<u64>,
}

impl<E: Versioned> Clone for Accessor<E> {
    fn clone(&self) -> Self {
        Self { vsg: self.vsg.clone(), hooks: self.hooks.clone(), max_records: self.max_records }
    }
}

impl<E: Versioned> std::fmt::Debug for Accessor<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accessor")
            .field("component", &E::COMPONENT)
            .field("hooks", &self.hooks.len())
            .finish_non_exhaustive()
    }
}

impl<E: Versioned> Accessor<E> {
    pub(crate) fn new(vsg: &Vsg) -> Self {
        Self { vsg: vsg.clone(), hooks: Vec::new(), max_records: E::MAX_RECORDS }
    }

    /// The database.
    pub fn vsg(&self) -> &Vsg {
        &self.vsg
    }

    /// Limits how many rows the table may hold, soft-deleted ones included; none: no limit.
    #[must_use]
    pub fn max_records(mut self, limit: Option<u64>) -> Self {
        self.max_records = limit;
        self
    }

    /// The limit on the number of rows.
    pub fn record_limit(&self) -> Option<u64> {
        self.max_records
    }

    /// Adds hooks. They run in the order in which they were added.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Hooks<E> + 'static) -> Self {
        self.hooks.push(Arc::new(hooks));
        self
    }

    /// The table's name as it is written in calls and answers.
    pub fn table(&self) -> String {
        let entity = E::default();
        match entity.schema_name() {
            Some(schema) => format!("{schema}.{}", entity.table_name()),
            None => entity.table_name().to_owned(),
        }
    }
}

/// What an entity's parts must be able to do for the accessor to write them. Every entity that SeaORM derives can.
pub trait Writable:
    Versioned<Model: IntoActiveModel<Self::ActiveModel>, ActiveModel: TryIntoModel<<Self as EntityTrait>::Model>>
{
}

impl<E> Writable for E where
    E: Versioned<Model: IntoActiveModel<E::ActiveModel>, ActiveModel: TryIntoModel<<E as EntityTrait>::Model>>
{
}
