use super::{Row, Table, Value, json};
use crate::{Error, Result};

/// The primary key of one row: its values in key order.
///
/// Its text form is that of the HTTP interface: the values joined by a comma, each percent-encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Key(pub Vec<Value>);

impl Key {
    /// Reads the text form of a key of this table.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] if the number of values or the form of one does not fit.
    pub fn parse(table: &Table, text: &str) -> Result<Self> {
        let invalid =
            |reason: String| Error::InvalidKey { table: table.name.to_string(), key: text.to_owned(), reason };
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() != table.key.len() {
            return Err(wrong_length(table, text.to_owned()));
        }
        let values = table.key_columns().zip(parts).map(|(column, part)| {
            let decoded = percent_decode(part).ok_or_else(|| invalid("bad percent-encoding".into()))?;
            json::parse_text(column, &decoded).map_err(|reason| invalid(format!("`{}`: {reason}", column.name)))
        });
        Ok(Self(values.collect::<Result<_>>()?))
    }

    /// The key of a row.
    pub fn of(table: &Table, row: &Row) -> Self {
        Self(table.key.iter().map(|&position| row.values[position].clone()).collect())
    }

    /// Refuses a key of another number of values than the table's keys have: it would name other rows.
    pub(crate) fn check(&self, table: &Table) -> Result<()> {
        if self.0.len() == table.key.len() { Ok(()) } else { Err(wrong_length(table, self.to_text(table))) }
    }

    /// The text form.
    pub fn to_text(&self, table: &Table) -> String {
        let parts =
            table.key_columns().zip(&self.0).map(|(column, value)| percent_encode(&json::to_text(column, value)));
        parts.collect::<Vec<_>>().join(",")
    }
}

fn wrong_length(table: &Table, key: String) -> Error {
    let reason = format!("it takes {} value(s), in the order {}", table.key.len(), table.key_names().join(", "));
    Error::InvalidKey { table: table.name.to_string(), key, reason }
}

pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'@' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_returns() {
        for text in ["", "a,b", "50%", "é€😀", "plain", "/ ?#"] {
            assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
        }
        assert_eq!(percent_decode("%"), None);
        assert_eq!(percent_decode("%zz"), None);
        assert_eq!(percent_decode("%ff"), None);
    }
}
