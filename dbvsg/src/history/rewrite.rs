//! Turns a SELECT on tables into a SELECT on their past, by common table expressions of the tables' names.

use crate::backend::{Placed, Token, scan};

/// A statement cut into tokens; strings, comments, numbers and parameters are left out.
pub(super) struct Scanned<'a> {
    sql: &'a str,
    tokens: Vec<Placed>,
}

impl<'a> Scanned<'a> {
    pub(super) fn new(sql: &'a str) -> Self {
        Self { sql, tokens: scan(sql) }
    }

    /// Says why this is no single SELECT, or nothing.
    pub(super) fn refusal(&self) -> Option<String> {
        let first = self.tokens.iter().find(|(token, _)| *token != Token::Other('('));
        let Some((Token::Word(first), _)) = first else {
            return Some("the statement is no SELECT".into());
        };
        let semicolon = self.tokens.iter().position(|(token, _)| *token == Token::Other(';'));
        if semicolon.is_some_and(|position| position + 1 < self.tokens.len()) {
            return Some("only one statement at a time is possible".into());
        }
        match first.to_ascii_uppercase().as_str() {
            "SELECT" | "VALUES" => None,
            "WITH" => {
                self.writing_word().map(|word| format!("the statement holds {word}; write through a transaction"))
            }
            other => Some(format!("{other} is not possible; write through a transaction")),
        }
    }

    /// A word that makes a statement with WITH a write.
    fn writing_word(&self) -> Option<String> {
        let words: Vec<Option<String>> = self
            .tokens
            .iter()
            .map(|(token, _)| match token {
                Token::Word(word) => Some(word.to_ascii_uppercase()),
                _ => None,
            })
            .collect();
        words.iter().enumerate().find_map(|(position, word)| match word.as_deref() {
            Some(word @ ("INSERT" | "UPDATE" | "DELETE" | "MERGE")) => Some(word.to_owned()),
            // REPLACE is a function too.
            Some("REPLACE") if words.get(position + 1).and_then(Option::as_deref) == Some("INTO") => {
                Some("REPLACE".to_owned())
            }
            _ => None,
        })
    }

    /// Whether the statement can mean the table of this name.
    pub(super) fn names(&self, table: &str) -> bool {
        self.tokens.iter().any(|(token, _)| token.is(table))
    }

    /// Whether the statement names the table with one of these schemas before it, where no expression can shadow it.
    pub(super) fn qualifies(&self, table: &str, schemas: &[&str]) -> bool {
        self.tokens.windows(3).any(|window| {
            window[1].0 == Token::Other('.')
                && window[2].0.is(table)
                && schemas.iter().any(|schema| window[0].0.is(schema))
        })
    }

    /// Puts common table expressions before the statement, or among its own.
    pub(super) fn with(&self, expressions: &[String]) -> String {
        if expressions.is_empty() {
            return self.sql.to_owned();
        }
        let expressions = expressions.join(", ");
        let word = |position: usize, expected: &str| match self.tokens.get(position) {
            Some((Token::Word(word), end)) if word.eq_ignore_ascii_case(expected) => Some(*end),
            _ => None,
        };
        let Some(with) = word(0, "WITH") else {
            return format!("WITH {expressions} {}", self.sql);
        };
        let cut = word(1, "RECURSIVE").unwrap_or(with);
        format!("{} {expressions},{}", &self.sql[..cut], &self.sql[cut..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_select_passes() {
        for sql in [
            "SELECT 1",
            "  select * from t;  -- done",
            "(SELECT 1) UNION SELECT 2",
            "WITH x AS (SELECT replace(a, 'b', 'c') FROM t) SELECT * FROM x",
            "SELECT 'DELETE FROM t; --' FROM t",
        ] {
            assert_eq!(Scanned::new(sql).refusal(), None, "{sql}");
        }
        for sql in [
            "",
            "DELETE FROM t",
            "/* SELECT */ INSERT INTO t VALUES (1)",
            "SELECT 1; DELETE FROM t",
            "WITH x AS (SELECT 1) DELETE FROM t",
            "with x as (select 1) replace into t select 1",
            "PRAGMA user_version",
        ] {
            assert!(Scanned::new(sql).refusal().is_some(), "{sql}");
        }
    }

    #[test]
    fn names_are_found_where_they_can_be_names() {
        let names = |sql: &str| Scanned::new(sql).names("users");
        assert!(names("SELECT * FROM users"));
        assert!(names("SELECT * FROM \"users\" u"));
        assert!(names("SELECT * FROM USERS"));
        assert!(!names("SELECT 'users' FROM other -- users\n/* users */"));
        assert!(!names("SELECT * FROM users_history"));
        assert!(Scanned::new("SELECT * FROM \"main\" . users").qualifies("users", &["main"]));
        assert!(!Scanned::new("SELECT u.users FROM u").qualifies("users", &["main"]));
        assert!(Scanned::new("SELECT * FROM \"a\"\"b\"").names("a\"b"));
    }

    #[test]
    fn expressions_go_first() {
        let with = |sql: &str| Scanned::new(sql).with(&["u AS (x)".into()]);
        assert_eq!(with("SELECT 1"), "WITH u AS (x) SELECT 1");
        assert_eq!(with("WITH a AS (y) SELECT 1"), "WITH u AS (x), a AS (y) SELECT 1");
        assert_eq!(with("/*c*/ with recursive a AS (y) SELECT 1"), "/*c*/ with recursive u AS (x), a AS (y) SELECT 1");
    }
}
