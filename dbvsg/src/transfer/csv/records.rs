use std::{
    fs::File,
    io::{self, Read, Seek},
};

use csv::{ByteRecord, Reader, ReaderBuilder};
use tokio::io::{AsyncRead, AsyncWriteExt};

use super::CsvColumn;
use crate::{Error, Fields, Result};

/// The most bytes that one record may have: an unclosed quote must not pull the whole file into memory.
const LONGEST: u64 = 16 << 20;

/// The records of a CSV file, read some at a time.
pub(super) struct Records {
    /// Away only while it is read from.
    source: Option<Source>,
}

/// One record as the fields of a row.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it begins, counting the header line as 1.
    pub(super) line: u64,
    pub(super) fields: Fields,
}

/// A file with the columns that its header names.
struct Source {
    reader: Reader<Metered<File>>,
    columns: Vec<CsvColumn>,
}

/// Takes in what is read whole, into a temporary file that goes when it is closed. A slow source is then done with before a
/// transaction begins, and holds up no other writers.
///
/// # Errors
/// [`Error::File`] if it cannot be read, or the temporary file cannot be written.
pub async fn spool(source: impl AsyncRead + Send) -> Result<File> {
    let file = tempfile::tempfile().map_err(Error::file("a temporary file"))?;
    let mut file = tokio::fs::File::from_std(file);
    let mut source = std::pin::pin!(source);
    tokio::io::copy(&mut source, &mut file).await.map_err(Error::file("what is imported"))?;
    file.flush().await.map_err(Error::file("a temporary file"))?;
    let mut file = file.into_std().await;
    file.rewind().map_err(Error::file("a temporary file"))?;
    Ok(file)
}

impl Records {
    /// Reads the header of a file.
    pub(super) async fn open(file: File, columns: Vec<CsvColumn>) -> Result<Self> {
        Ok(Self { source: Some(blocking(move || Source::open(file, &columns)).await?) })
    }

    /// The next records; none at the end of the file.
    pub(super) async fn take(&mut self, most: usize) -> Result<Vec<Record>> {
        let Some(mut source) = self.source.take() else { return Ok(Vec::new()) };
        let (source, records) = blocking(move || {
            let records = source.take(most)?;
            Ok((source, records))
        })
        .await?;
        self.source = Some(source);
        Ok(records)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::file("what is imported")(io::ErrorKind::Interrupted.into()))?
}

impl Source {
    fn open(file: File, known: &[CsvColumn]) -> Result<Self> {
        let file = Metered::new(file);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut header = ByteRecord::new();
        if !read_record(&mut reader, &mut header)? {
            return Err(refused(1, None, "a header line is expected"));
        }
        let mut columns: Vec<CsvColumn> = Vec::with_capacity(header.len());
        for name in &header {
            let name = std::str::from_utf8(name).map_err(|_| refused(1, None, "the file is no UTF-8"))?;
            let Some(column) = known.iter().find(|column| column.name == name) else {
                return Err(refused(1, Some(name), "there is no such column"));
            };
            if columns.iter().any(|column| column.name == name) {
                return Err(refused(1, Some(name), "it is there twice"));
            }
            columns.push(column.clone());
        }
        Ok(Self { reader, columns })
    }

    fn take(&mut self, most: usize) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        let mut record = ByteRecord::new();
        while records.len() < most && read_record(&mut self.reader, &mut record)? {
            records.push(self.record(&record)?);
        }
        Ok(records)
    }

    fn record(&self, record: &ByteRecord) -> Result<Record> {
        let line = self.line(record);
        if record.len() != self.columns.len() {
            let reason = format!("{} cells are expected, not {}", self.columns.len(), record.len());
            return Err(refused(line, None, &reason));
        }
        let mut fields = Fields::new();
        for (column, cell) in self.columns.iter().zip(record) {
            let name = &column.name;
            let wrong = |reason: &str| refused(line, Some(name), reason);
            let cell = std::str::from_utf8(cell).map_err(|_| wrong("it is no UTF-8"))?;
            if column.mark && !cell.is_empty() {
                return Err(wrong("it is set by delete and restore only"));
            }
            if !column.generated && !column.mark {
                let value = column.read(cell).map_err(|reason| wrong(&reason))?;
                fields.insert(name.clone(), value);
            }
        }
        Ok(Record { line, fields })
    }
}

impl Source {
    /// The line on which the record just read begins. The reader itself counts the end of a line when it goes on to the
    /// next, and so is late by one in a file whose lines end with CR LF.
    fn line(&self, record: &ByteRecord) -> u64 {
        let after = self.reader.position();
        let inside = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let counted = self.reader.get_ref().byte_before(after.byte()) == Some(b'\n');
        after.line().saturating_sub(inside + u64::from(counted)).max(1)
    }
}

fn refused(line: u64, column: Option<&str>, reason: &str) -> Error {
    Error::Import { line, column: column.map(str::to_owned), reason: reason.to_owned() }
}

fn read_record(reader: &mut Reader<Metered<File>>, record: &mut ByteRecord) -> Result<bool> {
    reader.get_mut().left = LONGEST;
    let line = reader.position().line();
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            refused(line, None, &format!("a record has more than {LONGEST} bytes; perhaps a quote is not closed"))
        }
        csv::ErrorKind::Io(error) => Error::file("what is imported")(error),
        _ => refused(line, None, "it is no CSV"),
    })
}

/// A reader that gives a certain number of bytes only, and remembers the last of them.
struct Metered<R> {
    inner: R,
    left: u64,
    last: Vec<u8>,
    given: u64,
}

impl<R: Read> Metered<R> {
    fn new(inner: R) -> Self {
        Self { inner, left: LONGEST, last: Vec::new(), given: 0 }
    }

    /// The byte before this position, if it was among the last.
    fn byte_before(&self, position: u64) -> Option<u8> {
        let back = usize::try_from(self.given.checked_sub(position)?).ok()?;
        self.last.get(self.last.len().checked_sub(back + 1)?).copied()
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(buffer)?;
        if read > 0 {
            self.last.clear();
            self.last.extend_from_slice(&buffer[..read]);
        }
        self.left = self.left.saturating_sub(read as u64);
        self.given += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ColumnKind;

    async fn lines(text: &str) -> Vec<u64> {
        let columns = ["id", "name"].map(|name| CsvColumn::new(name, ColumnKind::Text, true));
        let mut records = Records::open(spool(text.as_bytes()).await.unwrap(), columns.to_vec()).await.unwrap();
        let mut lines = Vec::new();
        loop {
            let read = records.take(2).await.unwrap();
            if read.is_empty() {
                return lines;
            }
            lines.extend(read.into_iter().map(|record| record.line));
        }
    }

    #[tokio::test]
    async fn lines_are_counted_as_an_editor_shows_them() {
        for end in ["\n", "\r\n"] {
            let text = ["id,name", "1,a", "", "2,\"b\n\nb\"", "3,\"c\"", "4,d"].join(end);
            assert_eq!(lines(&text).await, [2, 4, 7, 8], "{end:?}");
            assert_eq!(lines(&(text + end)).await, [2, 4, 7, 8], "{end:?}");
        }
        let long: String = (0..3000).map(|number| format!("{number},\"x\ny\"\r\n")).collect();
        let lines = lines(&format!("id,name\r\n{long}")).await;
        assert_eq!(lines.last(), Some(&(2 + 2999 * 2)));
    }
}
