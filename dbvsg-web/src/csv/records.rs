use std::{
    fs::File,
    io::{self, Read, Seek},
};

use csv::{ByteRecord, Reader, ReaderBuilder};
use dbvsg::Error;
use futures_util::StreamExt;
use poem::Body;
use tokio::io::AsyncWriteExt;

use super::cell;
use crate::{
    body,
    component::{Field, Fields, Shape},
    problem::Problem,
};

/// The most bytes that one record may have: an unclosed quote must not pull the whole file into memory.
const LONGEST: u64 = 16 << 20;

/// The records of a CSV file, read some at a time.
pub(crate) struct Records {
    /// Away only while it is read from.
    source: Option<Source>,
}

/// One record as the fields of a row.
#[derive(Debug)]
pub(crate) struct Record {
    /// Where it begins, counting the header line as 1.
    pub(crate) line: u64,
    pub(crate) fields: Fields,
}

/// A file with the columns that its header names.
struct Source {
    reader: Reader<Metered<File>>,
    columns: Vec<Column>,
}

struct Column {
    field: Field,
    /// Whether its cells are for information only, because nobody may set them.
    ignored: bool,
    /// Whether a cell of it must be empty, because only delete and restore set it.
    must_be_empty: bool,
}

impl Records {
    /// Takes a file in and reads its header.
    pub(crate) async fn spool(shape: Shape, body: Body, limit: u64) -> Result<Self, Problem> {
        let file = tempfile::tempfile().map_err(Error::file("a temporary file"))?;
        let mut file = tokio::fs::File::from_std(file);
        let mut parts = std::pin::pin!(body::limited(body, limit));
        while let Some(part) = parts.next().await {
            file.write_all(&part?).await.map_err(Error::file("a temporary file"))?;
        }
        file.flush().await.map_err(Error::file("a temporary file"))?;
        let file = file.into_std().await;
        let source = blocking(move || {
            let mut file = file;
            file.rewind().map_err(Error::file("a temporary file"))?;
            Source::open(file, &shape)
        });
        Ok(Self { source: Some(source.await?) })
    }

    /// The next records; none at the end of the file.
    pub(crate) async fn take(&mut self, most: usize) -> Result<Vec<Record>, Problem> {
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

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())?
}

impl Source {
    fn open(file: File, shape: &Shape) -> Result<Self, Problem> {
        let file = Metered::new(file);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut header = ByteRecord::new();
        if !read_record(&mut reader, &mut header)? {
            return Err(refused(1, None, "a header line is expected"));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(header.len());
        for name in &header {
            let name = std::str::from_utf8(name).map_err(|_| refused(1, None, "the file is no UTF-8"))?;
            let Some(field) = shape.field(name) else {
                return Err(refused(1, Some(name), "there is no such column"));
            };
            if columns.iter().any(|column| column.field.name == name) {
                return Err(refused(1, Some(name), "it is there twice"));
            }
            columns.push(Column {
                field: field.clone(),
                ignored: field.generated,
                must_be_empty: shape.soft_delete.as_deref() == Some(name),
            });
        }
        Ok(Self { reader, columns })
    }

    fn take(&mut self, most: usize) -> Result<Vec<Record>, Problem> {
        let mut records = Vec::new();
        let mut record = ByteRecord::new();
        while records.len() < most && read_record(&mut self.reader, &mut record)? {
            records.push(self.record(&record)?);
        }
        Ok(records)
    }

    fn record(&self, record: &ByteRecord) -> Result<Record, Problem> {
        let line = self.line(record);
        if record.len() != self.columns.len() {
            let reason = format!("{} cells are expected, not {}", self.columns.len(), record.len());
            return Err(refused(line, None, &reason));
        }
        let mut fields = Fields::new();
        for (column, cell) in self.columns.iter().zip(record) {
            let name = &column.field.name;
            let wrong = |reason: &str| refused(line, Some(name), reason);
            let cell = std::str::from_utf8(cell).map_err(|_| wrong("it is no UTF-8"))?;
            if column.must_be_empty && !cell.is_empty() {
                return Err(wrong("it is set by delete and restore only"));
            }
            if !column.ignored && !column.must_be_empty {
                let value = cell::read(&column.field, cell).map_err(|reason| wrong(&reason))?;
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

fn refused(line: u64, column: Option<&str>, reason: &str) -> Problem {
    Error::Import { line, column: column.map(str::to_owned), reason: reason.to_owned() }.into()
}

fn read_record(reader: &mut Reader<Metered<File>>, record: &mut ByteRecord) -> Result<bool, Problem> {
    reader.get_mut().left = LONGEST;
    let line = reader.position().line();
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            refused(line, None, &format!("a record has more than {LONGEST} bytes; perhaps a quote is not closed"))
        }
        csv::ErrorKind::Io(error) => Error::file("a temporary file")(error).into(),
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
    use crate::component::tests::shape;

    async fn lines(text: &str) -> Vec<u64> {
        let body = Body::from_string(text.to_owned());
        let mut records = Records::spool(shape(), body, 1 << 20).await.unwrap();
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
