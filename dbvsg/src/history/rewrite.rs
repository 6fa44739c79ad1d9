//! Turns a SELECT on tables into a SELECT on their past, by common table expressions of the tables' names.

use crate::backend::{Placed, Token, scan};

/// Words that statements begin with that write.
const WRITES: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];

/// A statement cut into tokens; strings, comments and numbers are left out.
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
        let first = self.tokens.iter().map(|placed| &placed.token).find(|token| **token != Token::Other('('));
        let Some(Token::Word(first)) = first else {
            return Some("the statement is no SELECT".into());
        };
        if self.is_several() {
            return Some("only one statement at a time is possible".into());
        }
        match first.to_ascii_uppercase().as_str() {
            "SELECT" | "VALUES" | "WITH" => {
                self.writing_word().map(|word| format!("the statement holds {word}; write through a transaction"))
            }
            other => Some(format!("{other} is not possible; write through a transaction")),
        }
    }

    /// Whether something comes after a semicolon.
    fn is_several(&self) -> bool {
        let semicolon = self.tokens.iter().position(|placed| placed.token == Token::Other(';'));
        semicolon.is_some_and(|position| position + 1 < self.tokens.len())
    }

    /// Says why this does not only tell something about the present, or nothing: there, the engine can be asked about itself, too.
    pub(super) fn statement_refusal(&self) -> Option<String> {
        let words = || {
            self.tokens.iter().filter_map(|placed| match &placed.token {
                Token::Word(word) => Some(word.to_ascii_uppercase()),
                _ => None,
            })
        };
        match words().next().as_deref() {
            Some("SHOW" | "DESCRIBE" | "DESC" | "TABLE") if !self.is_several() => None,
            // EXPLAIN ANALYZE does what it explains.
            Some("EXPLAIN") if !self.is_several() && !words().any(|word| WRITES.contains(&word.as_str())) => None,
            _ => self.refusal(),
        }
    }

    /// A word that makes a query a write. Only WITH can hold statements that write; INTO writes a table or a file.
    fn writing_word(&self) -> Option<&'static str> {
        let word = |position: usize| match self.tokens.get(position).map(|placed| &placed.token) {
            Some(Token::Word(word)) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        let mut within = false;
        (0..self.tokens.len()).find_map(|position| {
            let found = word(position);
            within |= found == "WITH";
            match found.as_str() {
                "INTO" => Some("INTO"),
                "INSERT" if within && word(position + 1) == "INTO" => Some("INSERT"),
                "UPDATE" if within && word(position.wrapping_sub(1)) != "FOR" => Some("UPDATE"),
                "DELETE" if within => Some("DELETE"),
                "MERGE" if within => Some("MERGE"),
                _ => None,
            }
        })
    }

    /// Whether the statement names something so.
    pub(super) fn names(&self, name: &str) -> bool {
        self.tokens.iter().any(|placed| placed.token.is(name))
    }

    /// Whether the statement can mean this table of one of these schemas: by the schema before it, or, if it is found
    /// `without` one, by its name alone.
    pub(super) fn means(&self, schemas: &[String], without: bool, table: &str) -> bool {
        (0..self.tokens.len()).any(|position| {
            self.tokens[position].token.is(table)
                && match self.schema_before(position) {
                    Some(schema) => schemas.iter().any(|known| schema.is(known)),
                    None => without,
                }
        })
    }

    /// The name before the point before a token.
    fn schema_before(&self, position: usize) -> Option<&Token> {
        let point = position.checked_sub(1).filter(|&point| self.tokens[point].token == Token::Other('.'))?;
        let token = &self.tokens[point.checked_sub(1)?].token;
        (!matches!(token, Token::Other(_))).then_some(token)
    }

    /// The statement without the schemas before these tables, so that expressions can take their places.
    pub(super) fn without_schemas(&self, tables: &[(&[String], &str)]) -> String {
        let mut text = String::with_capacity(self.sql.len());
        let mut copied = 0;
        for position in 2..self.tokens.len() {
            let Some(schema) = self.schema_before(position) else { continue };
            let is = |(schemas, table): &(&[String], &str)| {
                self.tokens[position].token.is(table) && schemas.iter().any(|known| schema.is(known))
            };
            if tables.iter().any(is) {
                text.push_str(&self.sql[copied..self.tokens[position - 2].start]);
                copied = self.tokens[position].start;
            }
        }
        text.push_str(&self.sql[copied..]);
        text
    }

    /// Where the parameter stands with which the statement ends, if that is its limit and has no number.
    pub(super) fn bound_limit(&self) -> Option<usize> {
        let [.., limit, parameter] = &self.tokens[..] else { return None };
        let is_limit = matches!(&limit.token, Token::Word(word) if word.eq_ignore_ascii_case("LIMIT"));
        let is_last = self.sql[parameter.start..].trim_end() == "?";
        (is_limit && is_last).then_some(parameter.start)
    }

    /// Puts common table expressions before the statement, or among its own.
    pub(super) fn with(&self, expressions: &[String]) -> String {
        if expressions.is_empty() {
            return self.sql.to_owned();
        }
        let expressions = expressions.join(", ");
        let word = |position: usize, expected: &str| match self.tokens.get(position) {
            Some(Placed { token: Token::Word(word), end, .. }) if word.eq_ignore_ascii_case(expected) => Some(*end),
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
    fn the_engine_is_asked_about_itself() {
        for sql in ["SHOW TABLES;", "describe t", "TABLE t;", "EXPLAIN SELECT * FROM t;", "SELECT 1"] {
            assert_eq!(Scanned::new(sql).statement_refusal(), None, "{sql}");
        }
        for sql in ["SHOW TABLES; DROP TABLE t", "EXPLAIN ANALYZE DELETE FROM t", "UPDATE t SET a = 1", "SET x = 1", ""]
        {
            assert!(Scanned::new(sql).statement_refusal().is_some(), "{sql}");
        }
    }

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
            "SELECT * INTO copy FROM t",
            "(WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x)",
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
        let means = |sql: &str, without| Scanned::new(sql).means(&["main".into()], without, "users");
        assert!(means("SELECT * FROM \"main\" . users", false));
        assert!(means("SELECT * FROM users", true));
        assert!(!means("SELECT * FROM users", false));
        assert!(!means("SELECT * FROM other.users", true));
        assert!(Scanned::new("SELECT * FROM \"a\"\"b\"").names("a\"b"));
    }

    #[test]
    fn schemas_are_taken_away_where_they_name_a_table() {
        let main = ["main".to_owned()];
        let bare = |sql: &str| Scanned::new(sql).without_schemas(&[(&main, "users")]);
        assert_eq!(bare("SELECT \"main\".\"users\".id FROM main . users u"), "SELECT \"users\".id FROM users u");
        assert_eq!(
            bare("SELECT main.other, 'main.users' FROM x.users"),
            "SELECT main.other, 'main.users' FROM x.users"
        );
    }

    #[test]
    fn the_parameter_of_a_limit_is_found_at_the_end_only() {
        let at = |sql: &str| Scanned::new(sql).bound_limit().map(|place| sql[place..].to_owned());
        assert_eq!(at("SELECT a FROM t WHERE b = ? LIMIT ?").as_deref(), Some("?"));
        assert_eq!(at("SELECT a FROM t limit  ? ").as_deref(), Some("? "));
        for sql in [
            "SELECT 1",
            "SELECT a FROM t LIMIT ? OFFSET ?",
            "SELECT a FROM t LIMIT ?, ?",
            "SELECT a FROM t LIMIT 1",
            "SELECT a FROM t WHERE b = ?2 LIMIT ?1",
            "SELECT ?",
        ] {
            assert_eq!(at(sql), None, "{sql}");
        }
    }

    #[test]
    fn expressions_go_first() {
        let with = |sql: &str| Scanned::new(sql).with(&["u AS (x)".into()]);
        assert_eq!(with("SELECT 1"), "WITH u AS (x) SELECT 1");
        assert_eq!(with("WITH a AS (y) SELECT 1"), "WITH u AS (x), a AS (y) SELECT 1");
        assert_eq!(with("/*c*/ with recursive a AS (y) SELECT 1"), "/*c*/ with recursive u AS (x), a AS (y) SELECT 1");
    }
}
