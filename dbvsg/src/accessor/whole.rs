use super::{Accessor, Versioned};
use crate::{Applied, ApplyOptions, Author, Error, Executed, Reference, Result, Vsg};

/// An entity's whole table, to go back with: the operations of [`Vsg`] for this one table.
///
/// ```
/// # use dbvsg::{Versioned, Vsg, sea_orm::{Set, entity::prelude::*}};
/// # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
/// # #[sea_orm(table_name = "users")]
/// # pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub name: String }
/// # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// # pub enum Relation {}
/// # impl ActiveModelBehavior for ActiveModel {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dbvsg::Result<()> {
/// # let vsg = Vsg::connect("sqlite::memory:").await?;
/// # vsg.create_table::<Entity>().await?;
/// let users = vsg.track::<Entity>().await?;
/// users.insert("ann", ActiveModel { name: Set("Zoë".into()), ..Default::default() }).await?;
/// users.delete_many("ann", vec![1]).await?;
/// let told = users.whole().dry_run().rollback("ann").await?;
/// assert_eq!(told.changes[0].inserted, 1);
/// users.whole().rollback("ann").await?;
/// assert_eq!(users.all().await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WholeTable {
    vsg: Vsg,
    options: ApplyOptions,
    table: String,
}

impl<E: Versioned> Accessor<E> {
    /// The whole table. Hooks do not run when it goes back: what they did is part of what comes back.
    pub fn whole(&self) -> WholeTable {
        let table = self.table();
        WholeTable { vsg: self.vsg().clone(), options: ApplyOptions::table(&table), table }
    }
}

/// The operations that name a commit, which differ in nothing but what they do.
macro_rules! operation {
    ($(#[$doc:meta])* $name:ident) => {
        impl WholeTable {
            $(#[$doc])*
            pub async fn $name<R>(&self, author: impl Into<Author>, reference: R) -> Result<Applied>
            where
                R: TryInto<Reference>,
                Error: From<R::Error>,
            {
                self.vsg.$name(author, reference, &self.options).await
            }
        }
    };
}

impl WholeTable {
    /// Changes nothing, and tells what it would do.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.options = self.options.dry_run();
        self
    }

    /// As [`Vsg::rollback`].
    ///
    /// # Errors
    /// Those of [`Vsg::rollback`].
    pub async fn rollback(&self, author: impl Into<Author>) -> Result<Applied> {
        self.vsg.rollback(author, &self.options).await
    }

    /// As [`Vsg::execute`], where an expected parent is a commit of this table.
    ///
    /// # Errors
    /// Those of [`Vsg::execute`].
    pub async fn execute(&self, author: impl Into<Author>, sql: &str) -> Result<Executed> {
        self.vsg.execute(author, Some(&self.table), sql).await
    }
}

operation! {
    /// As [`Vsg::rollback_to`].
    ///
    /// # Errors
    /// Those of [`Vsg::rollback_to`].
    rollback_to
}
operation! {
    /// As [`Vsg::checkout`].
    ///
    /// # Errors
    /// Those of [`Vsg::checkout`].
    checkout
}
operation! {
    /// As [`Vsg::restore_to`].
    ///
    /// # Errors
    /// Those of [`Vsg::restore_to`].
    restore_to
}
operation! {
    /// As [`Vsg::merge`].
    ///
    /// # Errors
    /// Those of [`Vsg::merge`].
    merge
}
operation! {
    /// As [`Vsg::revert`].
    ///
    /// # Errors
    /// Those of [`Vsg::revert`].
    revert
}
operation! {
    /// As [`Vsg::cherry_pick`].
    ///
    /// # Errors
    /// Those of [`Vsg::cherry_pick`].
    cherry_pick
}
