use super::{Accessor, Versioned};
use crate::{Author, CommitId, Result, Txn, Vsg, capture};

/// Where a write belongs: to a commit of its own by this author, or to a transaction that is open.
#[derive(Debug)]
#[non_exhaustive]
pub enum Scope<'a> {
    /// A transaction of its own.
    Own(Author),
    /// A transaction that is open.
    Join(&'a Txn),
}

impl<'a> From<&'a Txn> for Scope<'a> {
    fn from(txn: &'a Txn) -> Self {
        Self::Join(txn)
    }
}

impl From<&str> for Scope<'_> {
    fn from(actor: &str) -> Self {
        Self::Own(actor.into())
    }
}

impl From<Author> for Scope<'_> {
    fn from(author: Author) -> Self {
        Self::Own(author)
    }
}

impl From<&Author> for Scope<'_> {
    fn from(author: &Author) -> Self {
        Self::Own(author.clone())
    }
}

impl Scope<'_> {
    /// Names the operation of a commit of its own, unless the author has done so.
    pub(crate) fn labelled(mut self, operation: &str) -> Self {
        if let Self::Own(author) = &mut self {
            author.operation.get_or_insert_with(|| operation.to_owned());
        }
        self
    }
}

/// The transaction a write runs in.
pub(crate) enum Session<'a> {
    Own(Box<Txn>),
    Join(&'a Txn),
}

/// Opens the transaction of a scope, where the author's expected parent is that of this table.
pub(crate) async fn open<'a>(vsg: &Vsg, table: &str, scope: impl Into<Scope<'a>>) -> Result<Session<'a>> {
    match scope.into() {
        Scope::Join(txn) => Ok(Session::Join(txn)),
        Scope::Own(mut author) => {
            let expected = author.expected_parent.take();
            let txn = capture::begin_patiently(vsg, author).await?;
            if let Some(expected) = expected {
                txn.expect_head(Some(table), &expected).await?;
            }
            Ok(Session::Own(Box::new(txn)))
        }
    }
}

impl<E: Versioned> Accessor<E> {
    pub(super) async fn open<'a>(&self, scope: impl Into<Scope<'a>>) -> Result<Session<'a>> {
        open(&self.vsg, &self.table(), scope).await
    }
}

impl Session<'_> {
    pub(crate) fn txn(&self) -> &Txn {
        match self {
            Self::Own(txn) => txn,
            Self::Join(txn) => txn,
        }
    }

    /// Commits a transaction of its own, and returns the commit; one that was joined stays open.
    pub(crate) async fn close(self) -> Result<Option<CommitId>> {
        match self {
            Self::Own(txn) => txn.commit().await,
            Self::Join(_) => Ok(None),
        }
    }
}
