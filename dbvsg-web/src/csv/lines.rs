use super::cell;
use crate::{
    component::{Fields, Shape},
    problem::Problem,
};

/// Writes rows as lines of CSV.
pub(crate) struct Lines {
    shape: Shape,
}

impl Lines {
    /// For rows of this shape.
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape }
    }

    /// The header line.
    pub(crate) fn header(&self) -> Result<Vec<u8>, Problem> {
        written([self.shape.fields.iter().map(|field| field.name.clone())])
    }

    /// The lines of some rows.
    pub(crate) fn rows(&self, rows: &[Fields]) -> Result<Vec<u8>, Problem> {
        let absent = serde_json::Value::Null;
        written(rows.iter().map(|row| {
            self.shape.fields.iter().map(|field| cell::write(field, row.get(&field.name).unwrap_or(&absent)))
        }))
    }
}

fn written<R: IntoIterator<Item = String>>(records: impl IntoIterator<Item = R>) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(|_| Problem::internal())?;
    }
    writer.into_inner().map_err(|_| Problem::internal())
}
