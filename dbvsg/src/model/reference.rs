use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};

use super::{CommitId, time};
use crate::{Error, Result};

/// A way to name a commit, read once at the border.
///
/// | text | means |
/// |---|---|
/// | a UUID, or 7 and more of its hex digits | that commit |
/// | `HEAD`, `HEAD~2` | the newest commit, or the one so many before it |
/// | RFC 3339 | the last commit at or before that moment (that moment included) |
/// | anything else | a name: a branch or a tag |
///
/// ```
/// use dbvsg::Reference;
/// assert!(matches!("HEAD~2".parse()?, Reference::Head { back: 2 }));
/// assert!("HEAD~".parse::<Reference>().is_err());
/// # Ok::<(), dbvsg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reference {
    /// A whole commit id.
    Commit(CommitId),
    /// The first hex digits of one: lower case, without dashes.
    Prefix(String),
    /// The newest commit, or one before it.
    Head {
        /// How many commits before the newest.
        back: u32,
    },
    /// The last commit at or before a moment.
    At(DateTime<Utc>),
    /// A branch or tag.
    Name(String),
}

/// The branch that the live tables are.
const MAIN: &str = "main";

/// The fewest hex digits that are read as a prefix.
const PREFIX: usize = 7;

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed =
            |reason: &str| Error::MalformedReference { reference: text.to_owned(), reason: reason.to_owned() };
        if text == "HEAD" {
            return Ok(Self::Head { back: 0 });
        }
        if let Some(back) = text.strip_prefix("HEAD~") {
            let back = back.bytes().all(|b| b.is_ascii_digit()).then(|| back.parse().ok()).flatten();
            return back.map(|back| Self::Head { back }).ok_or_else(|| malformed("after `HEAD~` a number is needed"));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Commit(id));
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
        if digits.len() >= PREFIX
            && digits.len() < 32
            && digits.bytes().all(|b| b.is_ascii_hexdigit())
            && !looks_like_date(text)
        {
            return Ok(Self::Prefix(digits));
        }
        if let Some(moment) = time::parse(text) {
            return Ok(Self::At(moment));
        }
        if looks_like_date(text) {
            return Err(malformed("a timestamp needs date, time and offset, as in 2024-01-15T10:30:00Z"));
        }
        let name = (1..=100).contains(&text.chars().count())
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'));
        if name {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(malformed("use a commit id or 7 digits of it, HEAD, HEAD~n, a tag, a branch, or an RFC 3339 timestamp"))
        }
    }
}

impl Reference {
    /// How many commits before the newest it means, if that is how it is meant.
    pub(crate) fn behind_head(&self) -> Option<u32> {
        match self {
            Self::Head { back } => Some(*back),
            Self::Name(name) if name == MAIN => Some(0),
            _ => None,
        }
    }
}

fn looks_like_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..7].iter().all(u8::is_ascii_digit)
        && bytes[7] == b'-'
        && !is_uuid_shaped(text)
}

/// A prefix of a UUID can look like the start of a date only up to its first dash, which comes after eight digits.
fn is_uuid_shaped(text: &str) -> bool {
    text.find('-') == Some(8)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(id) => id.fmt(f),
            Self::Prefix(digits) => f.write_str(digits),
            Self::Head { back: 0 } => f.write_str("HEAD"),
            Self::Head { back } => write!(f, "HEAD~{back}"),
            Self::At(moment) => f.write_str(&time::to_text(*moment)),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<CommitId> for Reference {
    fn from(id: CommitId) -> Self {
        Self::Commit(id)
    }
}

impl From<DateTime<Utc>> for Reference {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::At(moment)
    }
}

impl From<&Reference> for Reference {
    fn from(reference: &Reference) -> Self {
        reference.clone()
    }
}

impl TryFrom<&str> for Reference {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<&String> for Reference {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self> {
        text.parse()
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_apart() {
        let read = |text: &str| text.parse::<Reference>();
        assert_eq!(read("HEAD").unwrap(), Reference::Head { back: 0 });
        assert_eq!(read("HEAD~12").unwrap(), Reference::Head { back: 12 });
        assert_eq!(read("ABCDEF0").unwrap(), Reference::Prefix("abcdef0".into()));
        assert_eq!(read("0f8fad5b-d9c").unwrap(), Reference::Prefix("0f8fad5bd9c".into()));
        assert!(matches!(read("0f8fad5b-d9cb-469f-a165-70867728950e").unwrap(), Reference::Commit(_)));
        assert!(matches!(read("2024-01-15T10:30:00Z").unwrap(), Reference::At(_)));
        assert_eq!(read("abcdef").unwrap(), Reference::Name("abcdef".into()));
        assert_eq!(read("release/1.0").unwrap(), Reference::Name("release/1.0".into()));
        for bad in ["", "HEAD~", "HEAD~-1", "HEAD~99999999999", "2024-01-15", "2024-01-15T10", "a b", "x'y", "😀"] {
            assert!(matches!(read(bad), Err(Error::MalformedReference { .. })), "{bad}");
        }
    }
}
