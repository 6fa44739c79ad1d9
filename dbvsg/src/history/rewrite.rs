//! Turns a SELECT on tables into a SELECT on their past, by common table expressions of the tables' names.

/// What a piece of a statement is.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A quoted name.
    Quoted(String),
    /// Any other character.
    Other(char),
}

/// Where a token stands: the byte after its last.
type Placed = (Token, usize);

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

impl Token {
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Word(word) | Self::Quoted(word) => word.eq_ignore_ascii_case(name),
            Self::Other(_) => false,
        }
    }
}

fn scan(sql: &str) -> Vec<Placed> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = match next {
            '\'' => quoted(rest, '\'').1,
            '"' | '`' | '[' => {
                let (name, length) = quoted(rest, if next == '[' { ']' } else { next });
                tokens.push((Token::Quoted(name), at + length));
                length
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if is_word(next) && !next.is_ascii_digit() => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push((Token::Word(rest[..length].to_owned()), at + length));
                length
            }
            _ if next.is_ascii_digit() => rest.find(|c: char| !is_word(c) && c != '.').unwrap_or(rest.len()),
            _ => {
                if !next.is_whitespace() {
                    tokens.push((Token::Other(next), at + next.len_utf8()));
                }
                next.len_utf8()
            }
        };
        at += length;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The content of a quoted piece, and its length with the quotes; a doubled quote stands for one.
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
