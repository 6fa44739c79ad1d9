//! A bundle on its way in. Every file is read once to prove it before anything is changed, and proven again while it is
//! loaded; nothing is unpacked to disk, and no more than a few rows are in memory.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zip::ZipArchive;

use super::{
    line,
    manifest::{Content, DIGESTS, Digest, Digests, FORMAT, MANIFEST, Manifest, VERSION},
};
use crate::{
    Error, Result,
    model::{Hash, Stored, TableName, Value},
    transfer::backup::damaged,
};

/// The longest line that is read.
const LONGEST: u64 = 1 << 30;
/// The longest manifest that is read.
const WORDS: u64 = 256 << 20;
/// How much is read at a time.
const PART: usize = 64 << 10;
/// How many bytes of values go into one statement, about.
const BATCH: usize = 512 << 10;

/// Rows that are written by one statement.
pub(super) type Batch = Vec<Vec<Stored>>;

/// A bundle that is whole.
#[derive(Clone)]
pub(super) struct Bundle {
    path: Arc<PathBuf>,
    digests: Arc<Digests>,
    pub(super) manifest: Arc<Manifest>,
    /// The tables that have a part in its journal.
    pub(super) tracked: Arc<Vec<Bundled>>,
}

/// A table of its catalog.
pub(super) struct Bundled {
    pub(super) id: i64,
    pub(super) name: TableName,
    pub(super) history: TableName,
    pub(super) is_active: bool,
}

impl Bundle {
    /// Opens a bundle and proves that each of its files is what its digests say.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || open(path)).await
    }

    /// The rows of a file, in batches of at most so many.
    pub(super) fn rows(&self, content: &Content, most: usize) -> mpsc::Receiver<Result<Batch>> {
        let (sender, receiver) = mpsc::channel(2);
        let (bundle, content) = (self.clone(), content.clone());
        tokio::task::spawn_blocking(move || {
            let sent = bundle.send(&content, most, &sender);
            if let Err(error) = sent {
                // Whoever does not listen any more does not mind.
                _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }

    fn send(&self, content: &Content, most: usize, to: &mpsc::Sender<Result<Batch>>) -> Result<()> {
        let mut archive = archive(&self.path)?;
        let (mut batch, mut size) = (Batch::new(), 0);
        let columns = content.stored().count();
        let digest = each_line(&mut archive, &content.file, |number, line| {
            let row = line::read(line, columns);
            let row = row.map_err(|reason| damaged(format!("line {number} of `{}`: {reason}", content.file)))?;
            size += row.iter().map(Stored::size).sum::<usize>();
            batch.push(row);
            if batch.len() >= most || size >= BATCH {
                size = 0;
                return Ok(to.blocking_send(Ok(std::mem::take(&mut batch))).is_ok());
            }
            Ok(true)
        })?;
        if digest.as_ref() != self.digests.get(&content.file) && !to.is_closed() {
            return Err(damaged(format!("`{}` was changed while it was read", content.file)));
        }
        if !batch.is_empty() {
            _ = to.blocking_send(Ok(batch));
        }
        Ok(())
    }
}

fn open(path: PathBuf) -> Result<Bundle> {
    let mut archive = archive(&path)?;
    if archive.has_duplicate_names() {
        return Err(damaged("two of its files have the same name"));
    }
    let digests: Digests = parse(&words(&mut archive, DIGESTS)?, DIGESTS)?;
    let manifest = manifest(&words(&mut archive, MANIFEST)?)?;
    expect_files(&archive, &manifest, &digests)?;
    for (name, digest) in &digests {
        let found = each_line(&mut archive, name, |_, _| Ok(true))?;
        if found.as_ref() != Some(digest) {
            return Err(damaged(format!("its file `{name}` is not the one that was written")));
        }
    }
    let tracked = tracked(&mut archive, &manifest)?;
    Ok(Bundle {
        path: Arc::new(path),
        digests: Arc::new(digests),
        manifest: Arc::new(manifest),
        tracked: Arc::new(tracked),
    })
}

fn archive(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).map_err(Error::file("the backup"))?;
    ZipArchive::new(BufReader::with_capacity(PART, file))
        .map_err(|error| damaged(format!("it is no whole zip ({error})")))
}

/// The files are those that manifest and digests speak of, and no others.
fn expect_files(archive: &ZipArchive<BufReader<File>>, manifest: &Manifest, digests: &Digests) -> Result<()> {
    let mut expected: BTreeSet<&str> = manifest.contents().map(|content| content.file.as_str()).collect();
    if expected.len() != manifest.contents().count() {
        return Err(damaged("two of its tables are in one file"));
    }
    expected.insert(MANIFEST);
    let proven: BTreeSet<&str> = digests.keys().map(String::as_str).collect();
    if let Some(name) = expected.symmetric_difference(&proven).next() {
        return Err(damaged(format!("its digests and its manifest do not agree about the file `{name}`")));
    }
    expected.insert(DIGESTS);
    let names = archive.file_names().map(|name| name.map(|name| name.into_owned()));
    let names: BTreeSet<String> =
        names.collect::<Result<_, _>>().map_err(|error| damaged(format!("it holds a name that is none ({error})")))?;
    if let Some(name) = names.iter().find(|name| !expected.contains(name.as_str())) {
        return Err(damaged(format!("it holds a file `{name}` that it does not speak of")));
    }
    match expected.iter().find(|name| !names.contains(**name)) {
        Some(name) => Err(damaged(format!("its file `{name}` is missing"))),
        None => Ok(()),
    }
}

fn manifest(words: &[u8]) -> Result<Manifest> {
    let said: serde_json::Value = parse(words, MANIFEST)?;
    if said["format"] != FORMAT {
        return Err(damaged("it is a zip, but no bundle of DBVSG"));
    }
    if said["version"] != VERSION {
        let reason =
            format!("its format has the version {}, and this program reads version {VERSION}", said["version"]);
        return Err(damaged(reason));
    }
    parse(words, MANIFEST)
}

fn parse<T: serde::de::DeserializeOwned>(words: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(words).map_err(|error| damaged(format!("its file `{name}` cannot be read ({error})")))
}

/// A file that is held as a whole.
fn words(archive: &mut ZipArchive<BufReader<File>>, name: &str) -> Result<Vec<u8>> {
    let file =
        archive.by_name(name).map_err(|error| damaged(format!("its file `{name}` cannot be found ({error})")))?;
    let mut words = Vec::new();
    let read = file.take(WORDS + 1).read_to_end(&mut words);
    read.map_err(|error| damaged(format!("its file `{name}` cannot be unpacked ({error})")))?;
    if words.len() as u64 > WORDS {
        return Err(damaged(format!("its file `{name}` is longer than any that is written")));
    }
    Ok(words)
}

/// Shows each line of a file, counted from 1, until no more is wanted. Returns what the file was, if it was read whole.
fn each_line(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    mut see: impl FnMut(u64, &[u8]) -> Result<bool>,
) -> Result<Option<Digest>> {
    let unreadable = |error: io::Error| damaged(format!("its file `{name}` cannot be unpacked ({error})"));
    let file =
        archive.by_name(name).map_err(|error| damaged(format!("its file `{name}` cannot be found ({error})")))?;
    let mut file = BufReader::with_capacity(PART, file);
    let (mut hash, mut lines, mut line) = (Sha256::new(), 0, Vec::new());
    loop {
        line.clear();
        if file.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            return Ok(Some(Digest { sha256: Hash(hash.finalize().into()).to_string(), lines }));
        }
        if line.len() as u64 > LONGEST {
            return Err(damaged(format!("a line of its file `{name}` is longer than {LONGEST} bytes")));
        }
        hash.update(&line);
        lines += u64::from(line.ends_with(b"\n"));
        if !see(lines, &line)? {
            return Ok(None);
        }
    }
}

/// The tables of its catalog that have a history.
fn tracked(archive: &mut ZipArchive<BufReader<File>>, manifest: &Manifest) -> Result<Vec<Bundled>> {
    let content = manifest.catalog.iter().find(|content| content.table.name == "dbvsg_table");
    let content = content.ok_or_else(|| damaged("it holds no catalog"))?;
    let names: Vec<&str> = content.stored().collect();
    let mut found = Vec::new();
    each_line(archive, &content.file, |number, line| {
        let row = line::read(line, names.len());
        let row = row.map_err(|reason| damaged(format!("line {number} of `{}`: {reason}", content.file)))?;
        found.extend(bundled(&names, &row));
        Ok(true)
    })?;
    Ok(found)
}

fn bundled(names: &[&str], row: &[Stored]) -> Option<Bundled> {
    let value = |name: &str| names.iter().position(|other| *other == name).map(|position| &row[position]);
    let text = |name: &str| match value(name) {
        Some(Stored::Value(Value::Text(text))) => Some(text.clone()),
        _ => None,
    };
    let Some(Stored::Value(Value::Integer(id))) = value("id") else { return None };
    let (state, schema) = (text("state")?, text("schema_name"));
    let has_history = ["active", "dropped", "disabled"].contains(&state.as_str());
    has_history.then_some(())?;
    Some(Bundled {
        id: *id,
        name: TableName { schema: schema.clone(), name: text("table_name")? },
        history: TableName { schema, name: text("history_name")? },
        is_active: state == "active",
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Database(sea_orm::DbErr::Custom(error.to_string())))?
}
