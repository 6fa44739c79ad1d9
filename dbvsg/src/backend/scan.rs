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

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
}

impl Token {
    /// Whether this is the name, quoted or not, in letters of either case.
    pub(crate) fn is(&self, name: &str) -> bool {
        match self {
            Self::Word(word) | Self::Quoted(word) => word.eq_ignore_ascii_case(name),
            Self::Other(_) => false,
        }
    }
}

/// Cuts SQL into tokens; strings, comments and numbers are left out.
pub(crate) fn scan(sql: &str) -> Vec<Placed> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let mut place = |token, length| {
            tokens.push(Placed { token, start: at, end: at + length });
            length
        };
        let length = match next {
            '\'' => quoted(rest, '\'').1,
            'e' | 'E' if rest[1..].starts_with('\'') => 1 + escaped(&rest[1..]),
            '$' if dollar_quoted(rest).is_some() => dollar_quoted(rest).unwrap_or(rest.len()),
            '"' | '`' | '[' => {
                let (name, length) = quoted(rest, if next == '[' { ']' } else { next });
                place(Token::Quoted(name), length)
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if is_word(next) && !next.is_ascii_digit() => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                place(Token::Word(rest[..length].to_owned()), length)
            }
            _ if next.is_ascii_digit() => rest.find(|c: char| !is_word(c) && c != '.').unwrap_or(rest.len()),
            _ if next.is_whitespace() => next.len_utf8(),
            _ => place(Token::Other(next), next.len_utf8()),
        };
        at += length;
    }
    tokens
}

/// The length of a string in which a backslash takes the meaning from what follows it.
fn escaped(text: &str) -> usize {
    let mut rest = text.char_indices().skip(1);
    while let Some((position, c)) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '\'' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a string between two equal tags such as `$$` or `$body$`; none if it is none.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = &text[..text[1..].find('$')? + 2];
    let named = &tag[1..tag.len() - 1];
    if named.starts_with(|c: char| c.is_ascii_digit()) || !named.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    Some(text[tag.len()..].find(tag).map_or(text.len(), |end| tag.len() + end + tag.len()))
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
