//! CSV files, out and in: a header line with the names of columns, and a line for each row.

mod cell;
mod export;
mod import;
mod lines;
mod records;

pub use cell::CsvColumn;
pub use export::export;
pub(crate) use export::parts;
pub use import::{CsvImport, Import, ImportMode, Imported, import};
pub use lines::Lines;
pub use records::spool;
