use crate::{Error, Result};

/// Who writes, and why. A plain name turns into one: `vsg.begin("ann")`.
///
/// ```
/// let author = dbvsg::Author::new("ann").because("typo in the name").operation("IMPORT");
/// assert_eq!(author.actor, "ann");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Author {
    /// Who: 1 to 255 characters.
    pub actor: String,
    /// Why: becomes the commit's message.
    pub message: Option<String>,
    /// The commit's operation label; by default it is told from what was written.
    pub operation: Option<String>,
    /// The statement or request that caused the write, if it is worth keeping.
    pub query: Option<String>,
    /// Anything else to keep with the commit.
    pub meta: Option<serde_json::Value>,
    /// What HEAD must be, or the write is refused with [`Error::StaleParent`].
    pub expected_parent: Option<super::Reference>,
}

impl Author {
    /// An author by name.
    pub fn new(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), ..Self::default() }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Names the operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Keeps the statement or request that caused the write.
    #[must_use]
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Keeps anything else with the commit.
    #[must_use]
    pub fn meta(mut self, meta: serde_json::Value) -> Self {
        self.meta = Some(meta);
        self
    }

    /// Refuses the write unless HEAD is this commit.
    #[must_use]
    pub fn expect_parent(mut self, parent: super::Reference) -> Self {
        self.expected_parent = Some(parent);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let reason = match self.actor.chars().count() {
            0 => "it is empty",
            256.. => "it is longer than 255 characters",
            _ if self.actor.chars().any(char::is_control) => "it holds a control character",
            _ => return Ok(()),
        };
        Err(Error::InvalidActor { reason: reason.into() })
    }
}

impl From<&str> for Author {
    fn from(actor: &str) -> Self {
        Self::new(actor)
    }
}

impl From<String> for Author {
    fn from(actor: String) -> Self {
        Self::new(actor)
    }
}

impl From<&Author> for Author {
    fn from(author: &Author) -> Self {
        author.clone()
    }
}
