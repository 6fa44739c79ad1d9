//! The zip is packed while the tables are read: memory does not grow with them.

use std::{
    io::{self, Write},
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{Stream, TryStreamExt};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::names::FileNames;
use crate::{Error, LiveTables, Result, Vsg, transfer::csv};

/// How much is packed before it is sent.
const PART: usize = 64 << 10;
/// How hard it is packed, from 1 to 9: the last few percent would take most of the time.
const EFFORT: i64 = 3;

/// A zip with one CSV file a table, all from one moment. The stream holds a read transaction and ends it when it is
/// dropped.
///
/// # Errors
/// If the tables cannot be listed. What goes wrong later breaks the stream off.
pub async fn zip(vsg: &Vsg) -> Result<impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static + use<>> {
    let live = vsg.live_tables().await?;
    Ok(pack(live).inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "an export broke off")))
}

/// Writes such a zip into a new file: whole, or not at all.
///
/// # Errors
/// [`Error::File`] if the file is there already or cannot be written.
pub async fn file(vsg: &Vsg, path: &Path) -> Result<()> {
    let failed = || Error::file(format!("the file {}", path.display()));
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut half_done = tempfile::NamedTempFile::new_in(beside).map_err(failed())?;
    let mut parts = std::pin::pin!(zip(vsg).await?);
    while let Some(part) = parts.try_next().await.map_err(failed())? {
        half_done.write_all(&part).map_err(failed())?;
    }
    half_done.as_file().sync_all().map_err(failed())?;
    half_done.persist_noclobber(path).map_err(|error| failed()(error.error))?;
    Ok(())
}

fn pack(live: LiveTables) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    async_stream::try_stream! {
        let packed = Packed::default();
        let mut zip = ZipWriter::new_stream(packed.clone());
        let mut names = FileNames::default();
        for table in live.tables() {
            // Its size is not known before; this form has room for any.
            let options = SimpleFileOptions::default().large_file(true).compression_level(Some(EFFORT));
            zip.start_file(names.of(&table.name.to_string()), options)?;
            let mut parts = std::pin::pin!(csv::parts(table, live.rows(table)));
            while let Some(part) = parts.try_next().await.map_err(io::Error::other)? {
                zip.write_all(&part)?;
                if packed.len() >= PART {
                    yield packed.take();
                }
            }
        }
        zip.finish()?;
        yield packed.take();
    }
}

/// What was packed and not sent yet.
#[derive(Clone, Default)]
struct Packed(Arc<Mutex<Vec<u8>>>);

impl Packed {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use futures_util::StreamExt;
    use sea_orm::ConnectionTrait;
    use zip::ZipArchive;

    use super::*;

    async fn database(statements: &str) -> Vsg {
        let vsg = Vsg::connect("sqlite::memory:").await.unwrap();
        vsg.connection().execute_unprepared(statements).await.unwrap();
        vsg
    }

    async fn unpacked(vsg: &Vsg) -> Vec<(String, String)> {
        let parts: Vec<Vec<u8>> = zip(vsg).await.unwrap().try_collect().await.unwrap();
        let mut archive = ZipArchive::new(Cursor::new(parts.concat())).unwrap();
        let read = (0..archive.len()).map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        });
        read.collect()
    }

    #[tokio::test]
    async fn every_user_table_is_a_file() {
        let vsg = database(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, paid BOOLEAN, photo BLOB, \"a,b\" JSON);
             INSERT INTO users VALUES (2, 'Zoë \"Z\"', 1, x'00ff', '{\"a\": 1}'), (1, NULL, 0, NULL, NULL);
             CREATE TABLE one (x TEXT); INSERT INTO one VALUES (''), ('two' || char(10) || 'lines');
             CREATE TABLE empty (id INTEGER);",
        )
        .await;
        vsg.enable("users").await.unwrap();
        let expected = [
            ("empty.csv", "id\n"),
            ("one.csv", "x\n\"\"\n\"two\nlines\"\n"),
            ("users.csv", "id,name,paid,photo,\"a,b\"\n1,,false,,\n2,\"Zoë \"\"Z\"\"\",true,AP8=,\"{\"\"a\"\":1}\"\n"),
        ];
        assert_eq!(unpacked(&vsg).await, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[tokio::test]
    async fn no_tables_are_an_empty_archive() {
        assert_eq!(unpacked(&database("").await).await, []);
    }

    #[tokio::test]
    async fn it_comes_in_parts_and_lets_go_of_the_database_when_dropped() {
        let vsg = database(
            "CREATE TABLE big (id INTEGER PRIMARY KEY, noise TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO big SELECT i, hex(randomblob(40)) FROM n;",
        )
        .await;
        let parts: Vec<usize> = zip(&vsg).await.unwrap().map_ok(|part| part.len()).try_collect().await.unwrap();
        assert!(parts.len() > 5, "{parts:?}");
        assert!(parts.iter().all(|part| *part < 4 * PART), "{parts:?}");
        assert_eq!(unpacked(&vsg).await[0].1.lines().count(), 20_001);

        let mut stream = Box::pin(zip(&vsg).await.unwrap());
        stream.next().await.unwrap().unwrap();
        drop(stream);
        // The pool has one connection: this would wait for ever.
        vsg.connection().execute_unprepared("DELETE FROM big").await.unwrap();
    }
}
