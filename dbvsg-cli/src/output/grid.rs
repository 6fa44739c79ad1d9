//! Rows in aligned columns.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{STRONG, Screen, harmless};
use crate::failure::Failure;

/// How many rows decide how wide the columns are. More are written as they come.
const GATHERED: usize = 500;

/// Rows in columns, written while they come: the first of them decide how wide the columns are.
pub(crate) struct Grid<'a> {
    screen: &'a Screen,
    header: Vec<String>,
    numbers: Vec<bool>,
    gathered: Vec<Vec<String>>,
    widths: Option<Vec<u16>>,
    rows: u64,
}

impl<'a> Grid<'a> {
    /// Columns of these names.
    pub(crate) fn new<S: Into<String>>(screen: &'a Screen, header: impl IntoIterator<Item = S>) -> Self {
        let header: Vec<String> = header.into_iter().map(|name| harmless(&name.into())).collect();
        let numbers = vec![false; header.len()];
        Self { screen, header, numbers, gathered: Vec::new(), widths: None, rows: 0 }
    }

    /// Says which columns hold numbers, whose digits then stand below each other.
    pub(crate) fn numbers(mut self, numbers: impl IntoIterator<Item = bool>) -> Self {
        self.numbers = numbers.into_iter().collect();
        self
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, cells: Vec<String>) -> Result<(), Failure> {
        self.gathered.push(cells.iter().map(|cell| harmless(cell)).collect());
        self.rows += 1;
        if self.gathered.len() >= GATHERED { self.write() } else { Ok(()) }
    }

    /// Writes what is left. Returns how many rows there were.
    pub(crate) fn end(mut self) -> Result<u64, Failure> {
        if self.widths.is_none() || !self.gathered.is_empty() {
            self.write()?;
        }
        Ok(self.rows)
    }

    fn write(&mut self) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        match self.screen.width() {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        let first = self.widths.is_none();
        if first {
            table.set_header(&self.header);
        }
        for row in self.gathered.drain(..) {
            table.add_row(row);
        }
        for (position, number) in self.numbers.iter().enumerate() {
            let Some(column) = table.column_mut(position) else { continue };
            column.set_padding((0, 2));
            if *number {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if let Some(widths) = &self.widths {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(widths[position])));
            }
        }
        if first {
            // What the first rows take is kept for those that follow, padding included.
            self.widths = Some(table.column_max_content_widths().iter().map(|width| width + 2).collect());
        }
        for (position, line) in table.lines().enumerate() {
            let line = line.trim_end();
            if first && position == 0 { self.screen.line(STRONG.paint(line))? } else { self.screen.line(line)? }
        }
        Ok(())
    }
}
