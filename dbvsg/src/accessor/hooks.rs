use std::{future::Future, pin::Pin};

use super::{Accessor, Versioned};
use crate::{CommitId, Txn};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a hook refuses a write.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// What a hook returns: an error undoes the whole transaction.
pub type HookResult = Result<(), HookError>;

/// What an accessor did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// A new row.
    Insert,
    /// Other values.
    Update,
    /// Gone, or marked as deleted.
    Delete,
    /// The mark taken away.
    Restore,
}

/// A row's change that is safely committed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<E: Versioned> {
    /// The commit.
    pub commit: CommitId,
    /// What was done.
    pub operation: Operation,
    /// The row before.
    pub before: Option<E::Model>,
    /// The row after.
    pub after: Option<E::Model>,
}

/// What happens around an accessor's writes.
///
/// The `before` and `after` methods run inside the transaction: what they write through `txn` joins the commit, and an
/// error from any of them undoes everything. Use `txn`, never the pool: it may be the only connection. A restore fires
/// the update hooks; a soft delete fires the delete hooks; a rollback fires those of the update or insert that it is.
///
/// ```
/// # use dbvsg::{HookResult, Hooks, Txn, Versioned, sea_orm::{Set, entity::prelude::*}};
/// # mod user {
/// #     use dbvsg::{Versioned, sea_orm::entity::prelude::*};
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
/// #     #[sea_orm(table_name = "users")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub email: String }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// struct LowerCase;
///
/// #[async_trait::async_trait]
/// impl Hooks<user::Entity> for LowerCase {
///     async fn before_insert(&self, _txn: &Txn, row: &mut user::ActiveModel) -> HookResult {
///         let email = row.email.clone().take().ok_or("an e-mail address is needed")?;
///         row.email = Set(email.to_lowercase());
///         Ok(())
///     }
/// }
/// ```
#[async_trait::async_trait]
#[allow(unused_variables)]
pub trait Hooks<E: Versioned>: Send + Sync {
    /// Before a row is inserted.
    async fn before_insert(&self, txn: &Txn, row: &mut E::ActiveModel) -> HookResult {
        Ok(())
    }

    /// After a row was inserted.
    async fn after_insert(&self, txn: &Txn, row: &E::Model) -> HookResult {
        Ok(())
    }

    /// Before a row is changed; `changes` holds the values to set.
    async fn before_update(&self, txn: &Txn, before: &E::Model, changes: &mut E::ActiveModel) -> HookResult {
        Ok(())
    }

    /// After a row was changed.
    async fn after_update(&self, txn: &Txn, before: &E::Model, after: &E::Model) -> HookResult {
        Ok(())
    }

    /// Before a row is deleted, softly or not.
    async fn before_delete(&self, txn: &Txn, row: &E::Model) -> HookResult {
        Ok(())
    }

    /// After a row was deleted, softly or not.
    async fn after_delete(&self, txn: &Txn, row: &E::Model) -> HookResult {
        Ok(())
    }

    /// After the commit is safe. It cannot fail the write any more.
    async fn after_commit(&self, event: &Event<E>) {}

    /// Whether [`Hooks::after_commit`] does anything; if not, no rows are kept for it.
    fn listens(&self) -> bool {
        true
    }
}

/// Makes a closure of one kind into hooks, and a method of the accessor that adds it. Each argument's type is given
/// twice, with its lifetime named and elided.
macro_rules! closure {
    ($(#[$doc:meta])* $method:ident, $adapter:ident, $($argument:ident: ($($named:tt)+) ($($elided:tt)+)),+) => {
        struct $adapter<F>(F);

        #[async_trait::async_trait]
        impl<E, F> Hooks<E> for $adapter<F>
        where
            E: Versioned,
            F: for<'a> Fn(&'a Txn, $($($named)+),+) -> BoxFuture<'a, HookResult> + Send + Sync,
        {
            async fn $method(&self, txn: &Txn, $($argument: $($elided)+),+) -> HookResult {
                (self.0)(txn, $($argument),+).await
            }

            fn listens(&self) -> bool {
                false
            }
        }

        impl<E: Versioned> Accessor<E> {
            $(#[$doc])*
            #[must_use]
            pub fn $method<F>(self, hook: F) -> Self
            where
                F: for<'a> Fn(&'a Txn, $($($named)+),+) -> BoxFuture<'a, HookResult> + Send + Sync + 'static,
            {
                self.hooks($adapter(hook))
            }
        }
    };
}

closure! {
    /// Adds a closure that runs as [`Hooks::before_insert`].
    before_insert, BeforeInsert, row: (&'a mut E::ActiveModel) (&mut E::ActiveModel)
}
closure! {
    /// Adds a closure that runs as [`Hooks::after_insert`].
    after_insert, AfterInsert, row: (&'a E::Model) (&E::Model)
}
closure! {
    /// Adds a closure that runs as [`Hooks::before_update`].
    before_update, BeforeUpdate, before: (&'a E::Model) (&E::Model), changes: (&'a mut E::ActiveModel) (&mut E::ActiveModel)
}
closure! {
    /// Adds a closure that runs as [`Hooks::after_update`].
    after_update, AfterUpdate, before: (&'a E::Model) (&E::Model), after: (&'a E::Model) (&E::Model)
}
closure! {
    /// Adds a closure that runs as [`Hooks::before_delete`].
    before_delete, BeforeDelete, row: (&'a E::Model) (&E::Model)
}
closure! {
    /// Adds a closure that runs as [`Hooks::after_delete`].
    after_delete, AfterDelete, row: (&'a E::Model) (&E::Model)
}

struct AfterCommit<F>(F);

#[async_trait::async_trait]
impl<E, F> Hooks<E> for AfterCommit<F>
where
    E: Versioned,
    F: for<'a> Fn(&'a Event<E>) -> BoxFuture<'a, ()> + Send + Sync,
{
    async fn after_commit(&self, event: &Event<E>) {
        (self.0)(event).await;
    }
}

impl<E: Versioned> Accessor<E> {
    /// Adds a closure that runs as [`Hooks::after_commit`].
    #[must_use]
    pub fn after_commit<F>(self, listener: F) -> Self
    where
        F: for<'a> Fn(&'a Event<E>) -> BoxFuture<'a, ()> + Send + Sync + 'static,
    {
        self.hooks(AfterCommit(listener))
    }
}
