//! The zip is packed while the tables are read: memory does not grow with them.

use std::{
    io::{self, Write},
    path::Path,
};

use futures_util::{Stream, TryStreamExt};

use super::names::FileNames;
use crate::{
    Error, LiveTables, Result, Vsg,
    transfer::{archive::Archive, csv},
};

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
        let mut archive = Archive::default();
        let mut names = FileNames::default();
        for table in live.tables() {
            archive.start(&names.of(&table.name.to_string()))?;
            let mut parts = std::pin::pin!(csv::parts(table, live.rows(table)));
            while let Some(part) = parts.try_next().await.map_err(io::Error::other)? {
                archive.write_all(&part)?;
                if let Some(part) = archive.part() {
                    yield part;
                }
            }
        }
        yield archive.finish()?;
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
        assert!(parts.iter().all(|part| *part < 256 << 10), "{parts:?}");
        assert_eq!(unpacked(&vsg).await[0].1.lines().count(), 20_001);

        let mut stream = Box::pin(zip(&vsg).await.unwrap());
        stream.next().await.unwrap().unwrap();
        drop(stream);
        // The pool has one connection: this would wait for ever.
        vsg.connection().execute_unprepared("DELETE FROM big").await.unwrap();
    }
}
