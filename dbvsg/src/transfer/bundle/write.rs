//! A bundle on its way out: packed while it is read.

use std::io::Write;

use futures_util::{Stream, TryStreamExt};
use sea_orm::{ConnectionTrait, DatabaseExecutor, DatabaseTransaction, StreamTrait};
use sha2::{Digest as _, Sha256};

use super::{
    line,
    manifest::{Content, DIGESTS, Digest, Digests, MANIFEST, Manifest, describe},
};
use crate::{
    Error, Result, Vsg,
    backend::{Backend, Sql},
    capture,
    model::{Column, Hash, Stored, Table},
    transfer::archive::Archive,
};

/// The whole database as a zip, in parts, all from one moment. What goes wrong after it began breaks the stream off.
pub(crate) async fn bundle(vsg: &Vsg) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send + 'static> {
    vsg.seal().await?;
    let backend = vsg.backend();
    let txn = capture::begin_read(vsg.db(), backend).await?;
    for sql in backend.wholly() {
        txn.execute_unprepared(&sql).await?;
    }
    let db = DatabaseExecutor::Transaction(&txn);
    let catalog = vsg.catalog_now(&db).await?;
    let (manifest, tables) = describe(&db, backend, &catalog).await?;
    drop(db);
    Ok(pack(txn, backend, manifest, tables))
}

fn pack(
    txn: DatabaseTransaction,
    backend: &'static dyn Backend,
    manifest: Manifest,
    tables: Vec<Table>,
) -> impl Stream<Item = Result<Vec<u8>>> + Send + 'static {
    async_stream::try_stream! {
        let mut bundle = Bundle::default();
        bundle.start(MANIFEST)?;
        bundle.write(&json(&manifest)?)?;
        let mut line = Vec::new();
        for (content, table) in manifest.contents().zip(&tables) {
            bundle.start(&content.file)?;
            let mut rows = std::pin::pin!(rows(&txn, backend, content, table));
            while let Some(row) = rows.try_next().await? {
                line.clear();
                line::write(&mut line, &row).map_err(|error| failed(error.into()))?;
                bundle.write(&line)?;
                if let Some(part) = bundle.archive.part() {
                    yield part;
                }
            }
        }
        yield bundle.finish()?;
        txn.rollback().await?;
    }
}

/// The rows of a table in key order, as they are stored. One query.
fn rows<'a>(
    txn: &'a DatabaseTransaction,
    backend: &'static dyn Backend,
    content: &'a Content,
    table: &'a Table,
) -> impl Stream<Item = Result<Vec<Stored>>> + Send + 'a {
    let columns: Vec<&Column> = content.stored().filter_map(|name| table.column(name)).collect();
    let read: Vec<String> =
        columns.iter().map(|column| backend.project(column, &backend.quote(&column.name))).collect();
    // A table without a column has rows all the same.
    let read = if read.is_empty() { "NULL".to_owned() } else { read.join(", ") };
    let mut sql = Sql::new(backend, format!("SELECT {read} FROM {}", backend.only(table)));
    let key: Vec<String> = table.key_columns().map(|column| backend.quote(&column.name)).collect();
    if !key.is_empty() {
        sql.push(" ORDER BY ").push(&key.join(", "));
    }
    let count = columns.len();
    async_stream::try_stream! {
        let mut rows = txn.stream_raw(sql.statement()).await?;
        while let Some(row) = rows.try_next().await? {
            let values = (0..count).map(|index| backend.stored(&row, index));
            yield values.collect::<Result<Vec<_>>>()?;
        }
    }
}

/// A zip whose files are counted and hashed.
#[derive(Default)]
struct Bundle {
    archive: Archive,
    open: Option<(String, Sha256, u64)>,
    digests: Digests,
}

impl Bundle {
    fn start(&mut self, name: &str) -> Result<()> {
        self.end();
        self.open = Some((name.to_owned(), Sha256::new(), 0));
        self.archive.start(name).map_err(failed)
    }

    /// Writes whole lines.
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some((_, hash, lines)) = &mut self.open {
            hash.update(bytes);
            *lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        self.archive.write_all(bytes).map_err(failed)
    }

    fn end(&mut self) {
        if let Some((name, hash, lines)) = self.open.take() {
            self.digests.insert(name, Digest { sha256: Hash(hash.finalize().into()).to_string(), lines });
        }
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.end();
        self.archive.start(DIGESTS).map_err(failed)?;
        self.archive.write_all(&json(&self.digests)?).map_err(failed)?;
        self.archive.finish().map_err(failed)
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    Ok(text)
}

fn failed(source: std::io::Error) -> Error {
    Error::file("the bundle")(source)
}
