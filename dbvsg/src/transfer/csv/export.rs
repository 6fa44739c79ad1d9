use futures_util::{Stream, TryStreamExt};

use super::lines::{cells, written};
use crate::{Error, Reference, Result, Row, Table, Vsg, history, transfer::live};

/// How much is gathered before it is handed on.
const PART: usize = 32 << 10;

/// A table as CSV, with a header line and in key order: as it is now, tracked or not, or as it was at a commit. The parts are
/// written while the rows are read, so memory does not grow with the table; all rows are of one moment.
///
/// # Errors
/// [`Error::UnknownTable`]; at a commit as [`Vsg::as_of_in`].
pub async fn export(
    vsg: &Vsg,
    table: &str,
    at: Option<&Reference>,
) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send + 'static + use<>> {
    let (described, rows) = match at {
        Some(reference) => {
            let rows = vsg.rows_at(table, reference, None).await?;
            (vsg.tracked(table).await?.table.clone(), futures_util::future::Either::Left(rows))
        }
        None => {
            let unknown = || Error::UnknownTable { table: table.to_owned() };
            let (backend, described) = (vsg.backend(), vsg.describe_named(table).await?.ok_or_else(unknown)?);
            let width = described.columns.len();
            let rows = history::stream(vsg.connection(), live::select(backend, &described), move |row| {
                live::read(backend, row, width)
            });
            (described, futures_util::future::Either::Right(rows))
        }
    };
    Ok(async_stream::try_stream! {
        let mut parts = std::pin::pin!(parts(&described, rows));
        while let Some(part) = parts.try_next().await? {
            yield part;
        }
    })
}

/// A header line and the lines of rows.
pub(crate) fn parts<'a>(
    table: &'a Table,
    rows: impl Stream<Item = Result<Row>> + Send + 'a,
) -> impl Stream<Item = Result<Vec<u8>>> + Send + 'a {
    async_stream::try_stream! {
        let mut part = written([table.columns.iter().map(|column| column.name.clone())])?;
        let mut rows = std::pin::pin!(rows.try_chunks(100).map_err(|broken| broken.1));
        while let Some(rows) = rows.try_next().await? {
            part.append(&mut written(rows.iter().map(|row| cells(table, row)))?);
            if part.len() >= PART {
                yield std::mem::take(&mut part);
            }
        }
        yield part;
    }
}
