//! Keys in bodies.

use dbvsg::codec;
use serde_json::Value as Json;

/// The text form of a key of so many columns: of one, it is its value; of several, the array of its values, or the text form
/// itself.
pub(super) fn text_of(columns: usize, key: &Json) -> Option<String> {
    let is_value = |value: &Json| matches!(value, Json::String(_) | Json::Number(_) | Json::Bool(_));
    match key {
        Json::Array(values) if values.len() == columns && values.iter().all(is_value) => {
            Some(codec::key_text_of(values.iter().cloned()))
        }
        Json::String(text) if columns > 1 => Some(text.clone()),
        value if columns == 1 && is_value(value) => Some(codec::key_text_of([value.clone()])),
        _ => None,
    }
}
