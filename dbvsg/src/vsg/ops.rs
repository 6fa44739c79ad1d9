//! The Git of tables.

use super::Vsg;
use crate::{
    Applied, ApplyOptions, Author, Error, Executed, Reference, Result,
    detached::detached,
    ops::{self, Action},
};

/// The operations that name a commit, which differ in nothing but what they do.
macro_rules! operation {
    ($(#[$doc:meta])* $name:ident, $action:ident) => {
        impl Vsg {
            $(#[$doc])*
            pub async fn $name<R>(
                &self,
                author: impl Into<Author>,
                reference: R,
                options: &ApplyOptions,
            ) -> Result<Applied>
            where
                R: TryInto<Reference>,
                Error: From<R::Error>,
            {
                self.operate(author.into(), Action::$action(reference.try_into()?), options).await
            }
        }
    };
}

impl Vsg {
    /// Undoes the current commit of a table, or the newest of all in each of its tables: a new commit with the state before
    /// it. The undone ones are marked `rollbacked`.
    ///
    /// What is applied is found by the difference, and only rows that differ are written, by a few statements a table, whose
    /// memory does not grow with the rows. The application's own triggers and rules do not act meanwhile. Other writers of
    /// these tables wait. Once begun it goes on to its end, even if the caller stops waiting.
    ///
    /// ```
    /// # use dbvsg::{ApplyOptions, Vsg, sea_orm::ConnectionTrait};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> dbvsg::Result<()> {
    /// # let vsg = Vsg::connect("sqlite::memory:").await?;
    /// # let db = vsg.connection();
    /// # db.execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await?;
    /// # vsg.enable("pay").await?;
    /// # db.execute_unprepared("INSERT INTO pay VALUES (1, 100)").await?;
    /// # vsg.seal().await?;
    /// vsg.execute("ann", Some("pay"), "UPDATE pay SET amount = 0").await?;
    /// let undone = vsg.rollback("ann", &ApplyOptions::table("pay")).await?;
    /// assert_eq!(undone.changes[0].updated, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownReference`] if there is nothing to undo; [`Error::StaleParent`] if the author expects another HEAD;
    /// [`Error::Violation`] with table and row if a constraint would not hold, [`Error::NotExact`] if the state cannot be
    /// put back as it was, [`Error::Denied`] if the database user may not; nothing is changed then.
    pub async fn rollback(&self, author: impl Into<Author>, options: &ApplyOptions) -> Result<Applied> {
        self.operate(author.into(), Action::Rollback, options).await
    }

    async fn operate(&self, author: Author, action: Action, options: &ApplyOptions) -> Result<Applied> {
        let (vsg, options) = (self.clone(), options.clone());
        detached(async move { ops::run(&vsg, author, &action, &options).await }).await
    }

    /// Runs SQL, one statement or several, as one commit whose operation is the author's ([`Author::operation`]). With a
    /// table, the author's expected parent is a commit of that table.
    ///
    /// # Errors
    /// [`Error::NotOneCommit`] if it would end the transaction; [`Error::StaleParent`]; what the database says. Nothing is
    /// changed then.
    pub async fn execute(&self, author: impl Into<Author>, table: Option<&str>, sql: &str) -> Result<Executed> {
        ops::execute(self, author.into(), table, sql).await
    }
}

operation! {
    /// Undoes all commits after this one: a new commit with its state. The undone ones are marked `rollbacked`.
    ///
    /// # Errors
    /// As [`Vsg::rollback`], and those of references. Without a table, the reference must be the id of a commit.
    rollback_to, RollbackTo
}
operation! {
    /// Makes a new commit with the state of this one, and marks nothing.
    ///
    /// # Errors
    /// As [`Vsg::rollback_to`].
    checkout, Checkout
}
operation! {
    /// Puts tables back to this commit, which is current again: no commit is added to the log, and the next one's parent is
    /// this one. The journal keeps the reset as an entry of its own, so that a later moment reads the restored state.
    ///
    /// # Errors
    /// As [`Vsg::rollback_to`].
    restore_to, Restore
}
operation! {
    /// Puts the rows of this commit over those of now, as a new commit: its rows win, and rows that came later stay.
    ///
    /// # Errors
    /// As [`Vsg::rollback_to`].
    merge, Merge
}
operation! {
    /// Takes back what this one commit did, as a new commit, and keeps what came later. Cells that were changed to
    /// something else since are conflicts, and nothing is changed if there are any ([`Applied::conflicts`]).
    ///
    /// # Errors
    /// As [`Vsg::rollback_to`].
    revert, Revert
}
operation! {
    /// Does again what this one commit did, as a new commit. Conflicts are told as by [`Vsg::revert`].
    ///
    /// # Errors
    /// As [`Vsg::rollback_to`].
    cherry_pick, CherryPick
}
