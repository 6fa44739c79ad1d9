//! What a call can be told beside its body.

use serde_json::{Value as Json, json};

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    /// The word for it in OpenAPI.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// One parameter of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) schema: Json,
    pub(crate) description: String,
    pub(crate) required: bool,
}

impl Parameter {
    /// A part of the path.
    pub(crate) fn path(name: &str) -> Self {
        let description = match name {
            "id" => "the key; the values of a composite one are joined by a comma, each percent-encoded",
            "ref" => "a commit id or 7 digits of it, HEAD, HEAD~n, a tag, a branch or an RFC 3339 timestamp",
            "table" => "a table, or the component that shows it",
            "name" => "its name, percent-encoded: `release%2F1.0`",
            _ => "its name",
        };
        Self {
            name: name.into(),
            place: Place::Path,
            schema: json!({"type": "string"}),
            description: description.into(),
            required: true,
        }
    }

    /// A header.
    pub(crate) fn header(name: &str, description: &str, required: bool) -> Self {
        Self {
            name: name.into(),
            place: Place::Header,
            schema: json!({"type": "string"}),
            description: description.into(),
            required,
        }
    }

    /// A query parameter of this schema.
    pub(crate) fn query(name: impl Into<String>, schema: Json, description: impl Into<String>) -> Self {
        let description = description.into();
        Self { name: name.into(), place: Place::Query, schema, description, required: false }
    }

    /// Text.
    pub(crate) fn text(name: &str, description: &str) -> Self {
        Self::query(name, json!({"type": "string"}), description)
    }

    /// True or false; false if it is left out.
    pub(crate) fn flag(name: &str, description: &str) -> Self {
        Self::query(name, json!({"type": "boolean", "default": false}), description)
    }

    /// A moment.
    pub(crate) fn moment(name: &str, description: &str) -> Self {
        Self::query(name, json!({"type": "string", "format": "date-time"}), description)
    }

    /// One of some words.
    pub(crate) fn choice(name: &str, words: &[&str], description: &str) -> Self {
        Self::query(name, json!({"type": "string", "enum": words}), description)
    }

    /// The same, but it must be there.
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// `limit` and `offset`.
    pub(crate) fn page() -> [Self; 2] {
        [
            Self::query(
                "limit",
                json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
                "how many to answer",
            ),
            Self::query(
                "offset",
                json!({"type": "integer", "minimum": 0, "default": 0}),
                "how many to leave out first",
            ),
        ]
    }

    /// `limit` and `offset` of a list that is whole without them.
    pub(crate) fn part() -> [Self; 2] {
        let [mut limit, offset] = Self::page();
        limit.schema = json!({"type": "integer", "minimum": 1, "maximum": 1000});
        [limit, offset]
    }

    /// `from` and `to`.
    pub(crate) fn range() -> [Self; 2] {
        [Self::text("from", "the first commit").required(), Self::text("to", "the second commit").required()]
    }

    /// `table`.
    pub(crate) fn table() -> Self {
        Self::text("table", "a table, or the component that shows it")
    }

    /// `as_of` and `branch`, which every read of a component takes.
    pub(crate) fn time() -> [Self; 2] {
        [Self::text("as_of", "the state at this reference: a commit, HEAD~n, a tag or a timestamp"), Self::branch()]
    }

    /// `branch`.
    pub(crate) fn branch() -> Self {
        Self::text("branch", "the branch; `main` if it is left out")
    }

    /// `include_deleted`.
    pub(crate) fn include_deleted() -> Self {
        Self::flag("include_deleted", "whether soft-deleted rows are shown too")
    }
}
