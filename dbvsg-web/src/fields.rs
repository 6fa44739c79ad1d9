//! The fields of a JSON body, each read by its name.

use dbvsg::Reference;
use serde_json::{Map, Value as Json};

use crate::problem::Problem;

/// The fields that a body gives, all of them known. One that is null is as one that is left out.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Json>);

impl Fields {
    /// Refuses a field that is none of these.
    pub(crate) fn of(body: Map<String, Json>, known: &[&str]) -> Result<Self, Problem> {
        match body.keys().find(|name| !known.contains(&name.as_str())) {
            Some(other) => Err(Problem::invalid(format!("there is no field `{other}`")).field(other)),
            None => Ok(Self(body)),
        }
    }

    /// A field, whatever it holds.
    pub(crate) fn value(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let expected = || expected(name, "text");
        self.value(name).map(|value| value.as_str().ok_or_else(expected)).transpose()
    }

    /// Text that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A number from 0; its digits as text are as good.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let read = |value: &Json| match value {
            Json::String(digits) => digits.parse().ok(),
            value => value.as_u64(),
        };
        let expected = || expected(name, "a number from 0");
        self.value(name).map(|value| read(value).ok_or_else(expected)).transpose()
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        let expected = || expected(name, "true or false");
        self.value(name).map(|value| value.as_bool().ok_or_else(expected)).transpose()
    }

    /// A reference that must be there. Malformed, it is told as everywhere.
    pub(crate) fn reference(&self, name: &str) -> Result<Reference, Problem> {
        self.required(name)?.parse().map_err(|error: dbvsg::Error| Problem::from(error).field(name))
    }
}

/// A field that is needed is not there.
pub(crate) fn missing(name: &str) -> Problem {
    Problem::invalid(format!("field `{name}`: it is required")).field(name)
}

fn expected(name: &str, what: &str) -> Problem {
    Problem::invalid(format!("field `{name}`: {what} is expected")).field(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(body: Json) -> Result<Fields, Problem> {
        Fields::of(body.as_object().cloned().unwrap_or_default(), &["a", "b"])
    }

    #[test]
    fn fields_are_known_and_of_their_type() {
        let given = fields(json!({"a": "x", "b": null})).unwrap();
        assert_eq!((given.text("a").unwrap(), given.text("b").unwrap()), (Some("x"), None));
        assert_eq!(given.required("b").unwrap_err().named_field(), Some("b"));
        assert_eq!(given.number("a").unwrap_err().named_field(), Some("a"));
        assert_eq!(fields(json!({"c": 1})).unwrap_err().named_field(), Some("c"));
        let numbers = fields(json!({"a": 7, "b": "8"})).unwrap();
        assert_eq!((numbers.number("a").unwrap(), numbers.number("b").unwrap()), (Some(7), Some(8)));
        assert!(numbers.text("a").is_err() && numbers.flag("a").is_err());
        assert_eq!(fields(json!({"a": true})).unwrap().flag("a").unwrap(), Some(true));
        assert!(fields(json!({"a": -1})).unwrap().number("a").is_err());
    }

    #[test]
    fn a_malformed_reference_is_the_same_in_a_body() {
        let refused = fields(json!({"a": "HEAD~"})).unwrap().reference("a").unwrap_err();
        assert_eq!((refused.status(), refused.named_field()), (poem::http::StatusCode::BAD_REQUEST, Some("a")));
    }
}
