//! Tags and comments. Of an author, they keep who it is; the HEAD that an author expects is looked at before
//! (two queries more, and [`Error::StaleParent`]).

use super::Vsg;
use crate::{Author, Comment, Error, Key, Page, Reference, Result, Tag, annotation};

impl Vsg {
    /// Gives a commit a name, by which references find it from then on. Six queries.
    ///
    /// A name has 1 to 100 letters, digits, `.`, `_`, `-` and `/`, and reads like no other kind of reference.
    ///
    /// # Errors
    /// [`Error::InvalidName`]; [`Error::TagExists`], whoever else is giving it at the same time; [`Error::InvalidActor`];
    /// [`Error::UnknownReference`] and its kin; [`Error::InvalidValue`] for a comment of more than 10,000 characters.
    pub async fn tag<R>(
        &self,
        author: impl Into<Author>,
        name: &str,
        reference: R,
        comment: Option<&str>,
    ) -> Result<Tag>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let author = author.into();
        let position = self.position(None, &reference.try_into()?).await?;
        self.expect(&author).await?;
        annotation::tag(self.db(), self.backend(), &author, name, &position, comment).await
    }

    /// Lists tags in the order of their names; with `all`, those that were deleted too. Two queries.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tags(&self, all: bool, limit: u64, offset: u64) -> Result<Page<Tag>> {
        annotation::tags(self.db(), self.backend(), all, (limit, offset)).await
    }

    /// Deletes a tag. That it was there stays known, with who deleted it and when; its name may be used again. One query.
    ///
    /// # Errors
    /// [`Error::UnknownTag`], [`Error::InvalidActor`].
    pub async fn untag(&self, author: impl Into<Author>, name: &str) -> Result<()> {
        let author = author.into();
        self.expect(&author).await?;
        annotation::untag(self.db(), self.backend(), &author, name).await
    }

    /// Says something about a commit. Four queries.
    ///
    /// # Errors
    /// [`Error::UnknownReference`] and its kin; [`Error::InvalidValue`] if the comment is empty or has more than 10,000
    /// characters; [`Error::InvalidActor`].
    pub async fn comment<R>(&self, author: impl Into<Author>, reference: R, text: &str) -> Result<Comment>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let author = author.into();
        let position = self.position(None, &reference.try_into()?).await?;
        self.expect(&author).await?;
        annotation::comment(self.db(), self.backend(), &author, position.uuid, None, text).await
    }

    /// Says something about a version of a row, by the number that the row's history gives it. Five queries.
    ///
    /// # Errors
    /// As [`Vsg::version`], and [`Vsg::comment`].
    pub async fn comment_version(
        &self,
        author: impl Into<Author>,
        table: &str,
        key: &Key,
        version: u64,
        text: &str,
    ) -> Result<Comment> {
        let author = author.into();
        self.expect(&author).await?;
        let version = self.version(table, key, version).await?;
        let tracked = self.tracked(table).await?;
        let about = Some((&*tracked, &version));
        annotation::comment(self.db(), self.backend(), &author, version.change.commit, about, text).await
    }

    /// Lists the comments on a commit and on the row versions that it made, oldest first. Four queries, and one for each
    /// table whose versions are spoken of.
    ///
    /// # Errors
    /// [`Error::UnknownReference`] and its kin.
    pub async fn comments<R>(&self, reference: R, limit: u64, offset: u64) -> Result<Page<Comment>>
    where
        R: TryInto<Reference>,
        Error: From<R::Error>,
    {
        let position = self.position(None, &reference.try_into()?).await?;
        annotation::comments(self.db(), self.backend(), &self.catalog(), &position, (limit, offset)).await
    }

    /// Refuses an author who is none, or who expects another HEAD: what is said was meant for another state then.
    async fn expect(&self, author: &Author) -> Result<()> {
        author.check()?;
        match &author.expected_parent {
            Some(expected) => self.expect_head(expected.clone()).await,
            None => Ok(()),
        }
    }
}
