use std::fmt;

/// A table of Markdown.
pub(super) struct Table {
    lines: Vec<Vec<String>>,
}

impl Table {
    /// With the names of its columns, and no rows yet.
    pub(super) fn new(columns: impl IntoIterator<Item: Into<String>>) -> Self {
        Self { lines: vec![columns.into_iter().map(Into::into).collect()] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.lines.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, cells) in self.lines.iter().enumerate() {
            writeln!(f, "| {} |", cells.join(" | "))?;
            if position == 0 {
                writeln!(f, "|{}", "---|".repeat(cells.len()))?;
            }
        }
        Ok(())
    }
}
