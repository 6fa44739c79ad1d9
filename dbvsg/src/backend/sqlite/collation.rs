//! The collations of columns, which no PRAGMA tells, from the text that created the table.

use std::collections::HashMap;

use crate::backend::{Token, scan};

/// The collation of each column that names one, by column name.
pub(super) fn collations(create: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for definition in definitions(create) {
        let named = definition.windows(2).skip(1).find(|pair| pair[0].eq_ignore_ascii_case("collate"));
        if let (Some(column), Some(pair)) = (definition.first(), named) {
            found.insert(column.clone(), pair[1].clone());
        }
    }
    found
}

/// The words of each definition between the outermost parentheses; what is in parentheses inside is left out.
fn definitions(create: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut depth = 0_i32;
    for placed in scan(create) {
        match placed.token {
            Token::Other('(') => depth += 1,
            Token::Other(')') => depth -= 1,
            Token::Other(',') if depth == 1 => found.push(Vec::new()),
            Token::Word(word) | Token::Quoted(word) if depth == 1 => {
                if let Some(definition) = found.last_mut() {
                    definition.push(word);
                }
            }
            _ => {}
        }
    }
    found
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
