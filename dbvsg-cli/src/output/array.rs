use serde::Serialize;

use super::Screen;
use crate::failure::{Exit, Failure};

/// A JSON array, written item by item.
pub(crate) struct Array<'a> {
    screen: &'a Screen,
    is_empty: bool,
}

impl<'a> Array<'a> {
    pub(crate) fn new(screen: &'a Screen) -> Self {
        Self { screen, is_empty: true }
    }

    /// Writes an item.
    pub(crate) fn push(&mut self, item: &impl Serialize) -> Result<(), Failure> {
        let mut text = vec![if std::mem::take(&mut self.is_empty) { b'[' } else { b',' }];
        serde_json::to_writer(&mut text, item).map_err(std::io::Error::other)?;
        self.screen.bytes(&text)
    }

    /// Closes it.
    pub(crate) fn end(self) -> Result<Exit, Failure> {
        self.screen.bytes(if self.is_empty { b"[]\n" } else { b"]\n" })?;
        Ok(Exit::Fine)
    }
}
