use std::fs::File;

use sea_orm::{IdenStatic, Iterable, ModelTrait, TransactionTrait, sea_query::ArrayType};

use super::{
    CsvColumn,
    records::{Record, Records},
};
use crate::{
    Accessor, Author, CommitId, Error, ErrorKind, Fields, Gateway, Refused, Result, Txn, Vsg, Writable,
    accessor::{self, codec},
    model::ColumnKind,
};

/// How many rows are inserted at a time.
const CHUNK: usize = 500;

/// What becomes of rows whose key is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// The file is refused.
    #[default]
    Insert,
    /// The columns that the file names are set.
    Upsert,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many rows the file holds.
    pub rows: u64,
    /// The commit; none if nothing changed.
    pub commit: Option<CommitId>,
}

/// Where the rows of a CSV file can go: into an [`Accessor`], whose hooks run for each, or a [`Gateway`].
#[async_trait::async_trait]
pub trait Import: Send + Sync {
    /// The columns that a file can have.
    async fn csv_columns(&self) -> Result<Vec<CsvColumn>>;

    /// Inserts rows that set the same columns.
    async fn insert_rows(&self, txn: &Txn, rows: &[Fields]) -> Result<(), Refused>;

    /// Inserts a row, or sets the fields given where its key is there already.
    async fn save_row(&self, txn: &Txn, row: Fields) -> Result<()>;
}

#[async_trait::async_trait]
impl Import for Gateway {
    async fn csv_columns(&self) -> Result<Vec<CsvColumn>> {
        Ok(self.tracked().await?.table.columns.iter().map(CsvColumn::from).collect())
    }

    async fn insert_rows(&self, txn: &Txn, rows: &[Fields]) -> Result<(), Refused> {
        self.insert_many(txn, rows).await.map(drop)
    }

    async fn save_row(&self, txn: &Txn, row: Fields) -> Result<()> {
        self.save(txn, row).await.map(drop)
    }
}

#[async_trait::async_trait]
impl<E: Writable> Import for Accessor<E> {
    async fn csv_columns(&self) -> Result<Vec<CsvColumn>> {
        let tracked = self.vsg().tracked(&self.table()).await?;
        let column = |column: E::Column| {
            let kind = match <E::Model as ModelTrait>::get_value_type(column) {
                ArrayType::String => ColumnKind::Text,
                ArrayType::Json => ColumnKind::Json,
                _ => ColumnKind::Any,
            };
            let stored = tracked.table.column(column.as_str());
            let is_mark = E::SOFT_DELETE.is_some_and(|mark| mark.as_str() == column.as_str());
            CsvColumn::new(column.as_str(), kind, codec::nullable::<E>(column))
                .generated(stored.is_some_and(|stored| stored.generated))
                .mark(is_mark)
        };
        Ok(<E::Column as Iterable>::iter().map(column).collect())
    }

    async fn insert_rows(&self, txn: &Txn, rows: &[Fields]) -> Result<(), Refused> {
        let models = rows.iter().enumerate().map(|(position, fields)| {
            codec::active_model::<E>(fields).map_err(|error| Refused { row: Some(position), error })
        });
        let models = models.collect::<Result<Vec<_>, _>>()?;
        Ok(self.insert_many(txn, models).await.map(drop)?)
    }

    async fn save_row(&self, txn: &Txn, row: Fields) -> Result<()> {
        self.save(txn, codec::active_model::<E>(&row)?).await.map(drop)
    }
}

/// A CSV file whose header fits the rows that it is to become. Its memory does not grow with the file.
pub struct CsvImport<'a> {
    target: &'a dyn Import,
    records: Records,
}

impl std::fmt::Debug for CsvImport<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvImport").finish_non_exhaustive()
    }
}

impl<'a> CsvImport<'a> {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// [`Error::Import`], [`Error::File`].
    pub async fn open(target: &'a dyn Import, file: File) -> Result<Self> {
        let records = Records::open(file, target.csv_columns().await?).await?;
        Ok(Self { target, records })
    }

    /// Writes the rows inside a transaction, some hundred a statement, and returns how many there were. `progress` is told
    /// after each of these how many rows were read until then. If it fails, the transaction must not be committed.
    ///
    /// # Errors
    /// [`Error::Import`], with line and column, for a row that the table cannot take; what else a write can fail of.
    pub async fn run(mut self, txn: &Txn, mode: ImportMode, mut progress: impl FnMut(u64) + Send) -> Result<u64> {
        let mut imported = 0;
        loop {
            let read = self.records.take(CHUNK).await?;
            if read.is_empty() {
                return Ok(imported);
            }
            imported += read.len() as u64;
            match mode {
                ImportMode::Insert => self.insert(txn, read).await?,
                ImportMode::Upsert => self.save(txn, read).await?,
            }
            progress(imported);
        }
    }

    async fn save(&self, txn: &Txn, records: Vec<Record>) -> Result<()> {
        for Record { line, fields } in records {
            self.target.save_row(txn, fields).await.map_err(|error| at_line(error, line))?;
        }
        Ok(())
    }

    /// Inserts the records at once. If one of them is refused, which one that is shows when they are tried one by one.
    async fn insert(&self, txn: &Txn, records: Vec<Record>) -> Result<()> {
        let (lines, rows): (Vec<u64>, Vec<Fields>) =
            records.into_iter().map(|record| (record.line, record.fields)).unzip();
        let attempt = txn.begin().await?;
        let error = match self.target.insert_rows(txn, &rows).await {
            Ok(()) => return Ok(attempt.commit().await?),
            Err(Refused { row: Some(row), error }) => return Err(at_line(error, lines[row])),
            Err(Refused { row: None, error }) => error,
        };
        attempt.rollback().await?;
        if error.kind() != ErrorKind::Invalid {
            return Err(error);
        }
        for (line, row) in lines.into_iter().zip(&rows) {
            let inserted = self.target.insert_rows(txn, std::slice::from_ref(row)).await;
            inserted.map_err(|refused| at_line(refused.error, line))?;
        }
        Err(error)
    }
}

/// What is wrong with a row, with its line. What has nothing to do with the row stays as it is.
fn at_line(error: Error, line: u64) -> Error {
    let column = error.column().map(str::to_owned);
    let reason = match error {
        Error::Hook(source) => match source.downcast::<Error>() {
            Ok(error) => return at_line(*error, line),
            Err(source) => match source.downcast::<sea_orm::DbErr>() {
                Ok(error) => return at_line(Error::from(*error), line),
                Err(source) => format!("a hook refused the write: {source}"),
            },
        },
        Error::InvalidValue { reason, .. } => reason,
        Error::Import { .. } => return error,
        error if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Malformed) => error.to_string(),
        error => return error,
    };
    Error::Import { line, column, reason }
}

/// Imports a CSV file into a tracked table, as one commit with the operation IMPORT unless the author names another: all or
/// nothing. Rows need no model; no hooks run. See [`CsvImport`] to import into an accessor, or as a part of a transaction.
///
/// An empty cell is NULL where the column allows it, empty text in a text column that does not. Columns that the database
/// computes are passed over, columns that the file does not have get their defaults. `progress` is told from time to time how
/// many rows were read.
///
/// ```
/// use std::io::Write;
///
/// use dbvsg::{Error, ImportMode, Vsg, sea_orm::ConnectionTrait};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dbvsg::Result<()> {
/// let vsg = Vsg::connect("sqlite::memory:").await?;
/// vsg.connection().execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, name TEXT)").await?;
/// vsg.enable("pay").await?;
/// let file = dbvsg::transfer::csv::spool(&b"name\nAnn\nBob\n"[..]).await?;
/// let imported = dbvsg::transfer::csv::import(&vsg, "ann", "pay", file, ImportMode::Insert, |_| {}).await?;
/// assert_eq!(imported.rows, 2);
/// assert_eq!(vsg.gateway("pay").await?.find().count().await?, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Import`] with line and column; [`Error::NotTracked`]; [`Error::StaleParent`] if the author expects another HEAD of
/// the table.
pub async fn import(
    vsg: &Vsg,
    author: impl Into<Author>,
    table: &str,
    file: File,
    mode: ImportMode,
    progress: impl FnMut(u64) + Send,
) -> Result<Imported> {
    let gateway = vsg.gateway(table).await?;
    let import = CsvImport::open(&gateway, file).await?;
    let scope = accessor::Scope::Own(author.into()).labelled("IMPORT");
    let session = accessor::open(vsg, gateway.name(), scope).await?;
    let rows = import.run(session.txn(), mode, progress).await?;
    Ok(Imported { rows, commit: session.close().await? })
}
