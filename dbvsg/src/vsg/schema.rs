//! Changes of shape.

use sea_orm_migration::MigratorTrait;

use super::Vsg;
use crate::{
    FoundAtStart, Migrated, Refresh, Refreshed, Result,
    schema::{self, Scope},
};

/// What a commit says that records rows which a change of shape altered.
const MESSAGE: &str = "the table changed";

impl Vsg {
    /// Lets history follow a table whose columns were added, dropped, renamed or retyped, or that was itself renamed, rebuilt
    /// or dropped: history is adapted, the capture triggers are made anew, and rows that are not as history knew them (a
    /// column added with a default) become one commit with the operation MIGRATE. Writers wait; nothing slips by.
    ///
    /// The past then reads in the shape of today: NULL where a column did not exist, old values converted where its type
    /// was another. A dropped column stays in history. Programs that connect do this by themselves ([`Vsg::found_at_start`]).
    ///
    /// ```
    /// # use dbvsg::{ShapeChange, Vsg, sea_orm::ConnectionTrait};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> dbvsg::Result<()> {
    /// # let vsg = Vsg::connect("sqlite::memory:").await?;
    /// # let db = vsg.connection();
    /// # db.execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await?;
    /// # vsg.enable("pay").await?;
    /// db.execute_unprepared("ALTER TABLE pay ADD COLUMN currency TEXT DEFAULT 'EUR'").await?;
    /// let refreshed = vsg.refresh("pay").await?;
    /// assert_eq!(refreshed.changes, [ShapeChange::Added { column: "currency".into() }]);
    /// assert!(vsg.verify().await?.ok);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotTracked`](crate::Error::NotTracked); [`Error::Unfollowable`](crate::Error::Unfollowable) if the primary key is another, or the column
    /// of the soft delete is gone. Everything is as before then.
    pub async fn refresh(&self, table: &str) -> Result<Refreshed> {
        self.refresh_with(table, &Refresh::default()).await
    }

    /// The same, told what the table alone does not say.
    ///
    /// # Errors
    /// As [`Vsg::refresh`], and [`Error::UnknownColumn`](crate::Error::UnknownColumn) for a hint about a column that is not there.
    pub async fn refresh_with(&self, table: &str, hints: &Refresh) -> Result<Refreshed> {
        let refreshed = schema::refresh(self, Scope::Named(table.to_owned()), hints, MESSAGE).await?;
        let nothing = || Refreshed { table: table.to_owned(), changes: Vec::new(), commit: None };
        Ok(refreshed.into_iter().next().unwrap_or_else(nothing))
    }

    /// Lets history follow all tracked tables, and those that were dropped and are there again: all of them, or none.
    /// Returns those about which something had changed.
    ///
    /// # Errors
    /// As [`Vsg::refresh`].
    pub async fn refresh_all(&self) -> Result<Vec<Refreshed>> {
        schema::refresh(self, Scope::All, &Refresh::default(), MESSAGE).await
    }

    /// What had changed in the shape of tracked tables when this program connected, while nobody looked.
    pub fn found_at_start(&self) -> &FoundAtStart {
        self.inner.found_at_start.get_or_init(FoundAtStart::default)
    }

    /// Runs an application's pending migrations, with capture kept right around them: in one transaction, writers are kept
    /// off the tracked tables, the migrations run, and history follows. Rows that the migrations changed become one commit
    /// with the operation MIGRATE. If anything fails, everything is as before.
    ///
    /// All of them run in that one transaction, so a statement that the engine allows only outside of one (PostgreSQL's
    /// CREATE INDEX CONCURRENTLY) fails: run such migrations with SeaORM, and [`Vsg::refresh_all`] after them. On SQLite,
    /// foreign keys are off meanwhile, so that a table can be rebuilt without a cascade to the rows that refer to it, and are
    /// checked at the end.
    ///
    /// ```
    /// use dbvsg::{Vsg, async_trait, sea_orm::{ConnectionTrait, DbErr}};
    /// use dbvsg::sea_orm_migration::prelude::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
    ///
    /// struct AddCurrency;
    ///
    /// impl MigrationName for AddCurrency {
    ///     fn name(&self) -> &str {
    ///         "m0001_add_currency"
    ///     }
    /// }
    ///
    /// #[async_trait]
    /// impl MigrationTrait for AddCurrency {
    ///     async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
    ///         let sql = "ALTER TABLE pay ADD COLUMN currency TEXT DEFAULT 'EUR'";
    ///         manager.get_connection().execute_unprepared(sql).await.map(drop)
    ///     }
    /// }
    ///
    /// struct Migrator;
    ///
    /// impl MigratorTrait for Migrator {
    ///     fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    ///         vec![Box::new(AddCurrency)]
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> dbvsg::Result<()> {
    /// # let vsg = Vsg::connect("sqlite::memory:").await?;
    /// # vsg.connection().execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await?;
    /// # vsg.enable("pay").await?;
    /// let migrated = vsg.migrate::<Migrator>().await?;
    /// assert_eq!(migrated.applied, ["m0001_add_currency"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the migrations, and as [`Vsg::refresh`].
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<Migrated> {
        self.migrate_with::<M>(&Refresh::default()).await
    }

    /// The same, told what the tables alone do not say once the migrations have run.
    ///
    /// # Errors
    /// As [`Vsg::migrate`].
    pub async fn migrate_with<M: MigratorTrait>(&self, hints: &Refresh) -> Result<Migrated> {
        schema::migrate::<M>(self, hints).await
    }
}
