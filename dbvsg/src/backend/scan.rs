//! SQL text as tokens: as much as every engine writes alike.

/// What a piece of a statement is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A quoted name.
    Quoted(String),
    /// Any other character.
    Other(char),
}

/// Where a token stands: the byte after its last.
pub(crate) type Placed = (Token, usize);

impl Token {
    /// Whether this is the name, quoted or not, in letters of either case.
    pub(crate) fn is(&self, name: &str) -> bool {
        match self {
            Self::Word(word) | Self::Quoted(word) => word.eq_ignore_ascii_case(name),
            Self::Other(_) => false,
        }
    }
}

/// Cuts SQL into tokens; strings, comments, numbers and parameters are left out.
pub(crate) fn scan(sql: &str) -> Vec<Placed> {
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
