//! What is seen: plain text, as wide as the terminal, with colour only there.

mod array;
mod commit;
mod graph;
mod grid;
mod rows;

use std::{cell::RefCell, fmt, io::Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

pub(crate) use array::Array;
pub(crate) use commit::{heading, one_line};
pub(crate) use graph::Graph;
pub(crate) use grid::Grid;
pub(crate) use rows::{added, changed, conflict, difference, removed};

use crate::failure::Failure;

/// A style for one meaning.
#[derive(Clone, Copy)]
pub(crate) struct Paint(Style);

pub(crate) const ERROR: Paint = Paint(AnsiColor::Red.on_default().bold());
pub(crate) const ADDED: Paint = Paint(AnsiColor::Green.on_default());
pub(crate) const REMOVED: Paint = Paint(AnsiColor::Red.on_default());
pub(crate) const CHANGED: Paint = Paint(AnsiColor::Cyan.on_default());
pub(crate) const COMMIT: Paint = Paint(AnsiColor::Yellow.on_default());
pub(crate) const STRONG: Paint = Paint(Style::new().bold());
pub(crate) const WEAK: Paint = Paint(Style::new().dimmed());

impl Paint {
    /// Text in this style.
    pub(crate) fn paint(self, text: impl fmt::Display) -> String {
        format!("{}{text}{:#}", self.0, self.0)
    }
}

/// Standard output.
pub(crate) struct Screen {
    out: RefCell<AutoStream<std::io::Stdout>>,
    width: Option<u16>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let width = terminal_size::terminal_size().map(|(width, _)| width.0);
        Self { out: RefCell::new(anstream::stdout()), width }
    }

    /// The width of the terminal, if there is one.
    pub(crate) fn width(&self) -> Option<u16> {
        self.width
    }

    /// Writes a line.
    pub(crate) fn line(&self, text: impl fmt::Display) -> Result<(), Failure> {
        Ok(writeln!(self.out.borrow_mut(), "{text}")?)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.out.borrow_mut().as_inner().lock().write_all(bytes)?)
    }
}

/// Writes a line to standard error, if anybody reads it.
pub(crate) fn tell(text: fmt::Arguments<'_>) {
    _ = writeln!(anstream::stderr(), "{text}");
}

/// The same without an end of line.
pub(crate) fn ask(text: fmt::Arguments<'_>) {
    let mut out = anstream::stderr();
    _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Text of somebody else's, so that it can neither break a line nor steer the terminal.
pub(crate) fn harmless(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{} {thing}s", grouped(number)) }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!(["1", "999", "1,000", "1,234,567"], [1, 999, 1000, 1_234_567].map(grouped));
        assert_eq!(("1 row", "0 rows"), (&*count(1, "row"), &*count(0, "row")));
    }

    #[test]
    fn no_value_steers_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\nc");
        assert_eq!(harmless("Zoë 😀"), "Zoë 😀");
    }
}
