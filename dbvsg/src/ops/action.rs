use crate::Reference;

/// Which tables an operation is about.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Tables {
    /// Those that the named commit touched. The reference must name a commit by its id, or the first digits of it.
    #[default]
    OfCommit,
    /// All tracked tables.
    All,
    /// One table.
    Only(String),
}

/// How an operation on whole tables is carried out.
///
/// ```
/// let options = dbvsg::ApplyOptions::table("users").dry_run();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// The tables.
    pub tables: Tables,
    /// Whether only to tell what would be done.
    pub dry_run: bool,
    /// How many rows of each table and kind of change to show.
    pub preview: u64,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { tables: Tables::OfCommit, dry_run: false, preview: 100 }
    }
}

impl ApplyOptions {
    /// For one table.
    pub fn table(table: impl Into<String>) -> Self {
        Self { tables: Tables::Only(table.into()), ..Self::default() }
    }

    /// For all tracked tables.
    pub fn all() -> Self {
        Self { tables: Tables::All, ..Self::default() }
    }

    /// Changes nothing, and tells what it would do.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Shows so many rows of each table and kind of change.
    #[must_use]
    pub fn preview(mut self, rows: u64) -> Self {
        self.preview = rows;
        self
    }
}

/// What is to be done, with the commit that it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Undo the current commit.
    Rollback,
    /// Undo all after a commit.
    RollbackTo(Reference),
    /// The state of a commit, as a new one.
    Checkout(Reference),
    /// Back to a commit, which is current again.
    Restore(Reference),
    /// The rows of a commit over those of now.
    Merge(Reference),
    /// Take back what one commit did.
    Revert(Reference),
    /// Do again what one commit did.
    CherryPick(Reference),
}

impl Action {
    /// The operation of its commit.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Rollback | Self::RollbackTo(_) => "ROLLBACK",
            Self::Checkout(_) => "CHECKOUT",
            Self::Restore(_) => "RESTORE",
            Self::Merge(_) => "MERGE",
            Self::Revert(_) => "REVERT",
            Self::CherryPick(_) => "CHERRY_PICK",
        }
    }

    /// The commit that it names.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Rollback => None,
            Self::RollbackTo(reference)
            | Self::Checkout(reference)
            | Self::Restore(reference)
            | Self::Merge(reference)
            | Self::Revert(reference)
            | Self::CherryPick(reference) => Some(reference),
        }
    }
}
