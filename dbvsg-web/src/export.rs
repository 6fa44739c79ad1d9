//! All user tables as a zip of CSV files, packed while they are read: memory does not grow with them.

use std::{collections::HashSet, io};

use dbvsg::{Archive, LiveTables, Row, Table, Vsg, model::json};
use futures_util::{Stream, TryStreamExt};

/// The longest file name, in characters, so that every system can unpack it.
const LONGEST: usize = 120;

/// A zip with one CSV file a table, all from one moment. The stream holds a read transaction and ends it when it is
/// dropped.
///
/// # Errors
/// If the tables cannot be listed. What goes wrong later breaks the stream off.
pub(crate) async fn zip(vsg: &Vsg) -> dbvsg::Result<impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static> {
    let live = vsg.live_tables().await?;
    Ok(pack(live).inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "an export broke off")))
}

fn pack(live: LiveTables) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    async_stream::try_stream! {
        let mut archive = Archive::default();
        let mut names = FileNames::default();
        for table in live.tables() {
            archive.start(&names.of(&table.name.to_string()))?;
            let mut csv = csv::Writer::from_writer(&mut archive);
            csv.write_record(table.columns.iter().map(|column| &column.name))?;
            let mut rows = std::pin::pin!(live.rows(table));
            while let Some(row) = rows.try_next().await.map_err(io::Error::other)? {
                csv.write_record(cells(table, &row))?;
                if let Some(part) = csv.get_ref().part() {
                    yield part;
                }
            }
            csv.flush()?;
        }
        yield archive.finish()?;
    }
}

fn cells(table: &Table, row: &Row) -> impl Iterator<Item = String> {
    table.columns.iter().zip(&row.values).map(|(column, value)| json::to_text(column, value))
}

/// Names of tables as names of files: none leads out of its folder, none is taken twice, whatever the system.
#[derive(Default)]
struct FileNames {
    taken: HashSet<String>,
}

impl FileNames {
    fn of(&mut self, table: &str) -> String {
        let stem = stem(table);
        let names = (1..).map(|number| match number {
            1 => format!("{stem}.csv"),
            _ => format!("{stem}_{number}.csv"),
        });
        // Some systems hold names that differ in case for the same.
        let mut free = names.filter(|name| self.taken.insert(name.to_lowercase()));
        free.next().unwrap_or_default()
    }
}

fn stem(table: &str) -> String {
    let harmless = |char: char| match char {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        char if char.is_control() => '_',
        char => char,
    };
    let stem: String = table.chars().map(harmless).take(LONGEST).collect();
    // A dot or space at either end hides a file or is cut off.
    let stem = stem.trim_matches([' ', '.']);
    let device = ["con", "prn", "aux", "nul", "com", "lpt"];
    let is_device = |stem: &str| {
        let base = stem.split('.').next().unwrap_or_default().to_ascii_lowercase();
        device.contains(&base.trim_end_matches(|char: char| char.is_ascii_digit()))
    };
    match stem {
        "" => "table".into(),
        stem if is_device(stem) => format!("{stem}_"),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use dbvsg::sea_orm::ConnectionTrait;
    use futures_util::StreamExt;
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

    #[test]
    fn file_names_are_safe_and_unique() {
        let mut names = FileNames::default();
        for (table, expected) in [
            ("users", "users.csv"),
            ("Users", "Users_2.csv"),
            ("../../etc/passwd", "_.._etc_passwd.csv"),
            ("..", "table.csv"),
            ("", "table_2.csv"),
            ("C:\\x", "C__x.csv"),
            ("nul", "nul_.csv"),
            ("com1.x", "com1.x_.csv"),
            ("a\0b\n", "a_b_.csv"),
            ("注文😀", "注文😀.csv"),
        ] {
            assert_eq!(names.of(table), expected);
        }
        assert!(names.of(&"é".repeat(1000)).len() < 255);
    }
}
