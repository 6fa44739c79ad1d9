use serde_json::Value as Json;

use super::CsvColumn;
use crate::{
    Error, Fields, Result,
    model::{Row, Table, json},
};

/// Writes rows as lines of CSV.
#[derive(Clone, Debug)]
pub struct Lines {
    columns: Vec<CsvColumn>,
}

impl Lines {
    /// For rows with these columns.
    pub fn new(columns: Vec<CsvColumn>) -> Self {
        Self { columns }
    }

    /// The header line.
    ///
    /// # Errors
    /// None that is known.
    pub fn header(&self) -> Result<Vec<u8>> {
        written([self.columns.iter().map(|column| column.name.clone())])
    }

    /// The lines of some rows.
    ///
    /// # Errors
    /// None that is known.
    pub fn rows(&self, rows: &[Fields]) -> Result<Vec<u8>> {
        let cell =
            |row: &Fields, column: &CsvColumn| json::cell(column.kind, row.get(&column.name).unwrap_or(&Json::Null));
        written(rows.iter().map(|row| self.columns.iter().map(move |column| cell(row, column))))
    }
}

/// The cells of a row as it is stored.
pub(super) fn cells(table: &Table, row: &Row) -> impl Iterator<Item = String> {
    table.columns.iter().zip(&row.values).map(|(column, value)| json::to_text(column, value))
}

/// Records as lines.
pub(super) fn written<R: IntoIterator<Item = String>>(records: impl IntoIterator<Item = R>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = || Error::file("a CSV file");
    for record in records {
        writer.write_record(record).map_err(|error| failed()(error.into()))?;
    }
    writer.into_inner().map_err(|error| failed()(error.into_error()))
}
