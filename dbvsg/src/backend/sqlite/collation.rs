//! The collations of columns, which no PRAGMA tells, from the text that created the table.

use std::collections::HashMap;

/// The collation of each column that names one, by column name.
pub(super) fn collations(create: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for definition in definitions(create) {
        let mut words = definition.into_iter();
        let Some(column) = words.next() else { continue };
        // The last one wins, as it does for SQLite.
        while let Some(word) = words.next() {
            if let (true, Some(collation)) = (word.eq_ignore_ascii_case("collate"), words.next()) {
                found.insert(column.clone(), collation);
                break;
            }
        }
    }
    found
}

/// The words of each definition between the outermost parentheses; what is in parentheses inside is left out.
fn definitions(create: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut depth = 0_i32;
    let mut rest = create;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '`' | '[' | '\'' => {
                let (word, length) = quoted(rest, if first == '[' { ']' } else { first });
                push(&mut found, depth, word);
                length
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                push(&mut found, depth, rest[..length].to_owned());
                length
            }
            _ => {
                match first {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    ',' if depth == 1 => found.push(Vec::new()),
                    _ => {}
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    found
}

fn push(found: &mut [Vec<String>], depth: i32, word: String) {
    if let (1, Some(last)) = (depth, found.last_mut()) {
        last.push(word);
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn quoted(text: &str, close: char) -> (String, usize) {
    let mut content = String::new();
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((position, c)) = rest.next() {
        if c != close {
            content.push(c);
        } else if rest.peek().is_some_and(|(_, next)| *next == close) {
            content.push(close);
            rest.next();
        } else {
            return (content, position + c.len_utf8());
        }
    }
    (content, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collations_are_found_where_they_belong() {
        let create = "CREATE TABLE \"a, (b\" (id INTEGER PRIMARY KEY, -- collate rtrim,\n name TEXT NOT NULL collate NoCase DEFAULT 'x, collate y', \
                      [odd , name] TEXT CHECK (b COLLATE rtrim = 'x') COLLATE \"RTRIM\", plain TEXT, UNIQUE (name COLLATE BINARY))";
        let found = collations(create);
        assert_eq!(found.get("name").map(String::as_str), Some("NoCase"));
        assert_eq!(found.get("odd , name").map(String::as_str), Some("RTRIM"));
        assert_eq!(found.len(), 2);
    }
}
