//! Moments: microseconds since 1970 in storage, RFC 3339 in UTC outside.

use chrono::{DateTime, SecondsFormat, Utc};

/// Microseconds since 1970-01-01T00:00:00Z as a moment.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    // Out of range only for moments some 260,000 years away, which no clock writes.
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

/// RFC 3339 in UTC with microseconds: `2024-01-15T10:30:00.000000Z`.
pub fn to_text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads RFC 3339 with any offset; a space stands for the `+` that URL decoding took away, or for the `T`.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
    if let Some(moment) = read(text) {
        return Some(moment);
    }
    let (head, tail) = text.rsplit_once(' ')?;
    if tail.contains(':') && tail.len() == 5 && head.contains(['T', 't', ' ']) {
        return read(&format!("{head}+{tail}"));
    }
    read(&format!("{head}T{tail}"))
}

/// Serialises as [`to_text`] does.
pub(crate) fn serialize<S: serde::Serializer>(moment: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&to_text(*moment))
}

/// Serialises an optional moment as [`to_text`] does.
pub(crate) fn serialize_option<S: serde::Serializer>(moment: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => to.serialize_some(&to_text(*moment)),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        for text in
            ["2024-01-15T10:30:00Z", "2024-01-15T12:30:00+02:00", "2024-01-15T12:30:00 02:00", "2024-01-15 10:30:00Z"]
        {
            assert_eq!(parse(text).map(to_text).as_deref(), Some("2024-01-15T10:30:00.000000Z"), "{text}");
        }
        for text in ["", "yesterday", "2024-13-01T00:00:00Z", "2024-01-15", "2024-01-15T10:30:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
