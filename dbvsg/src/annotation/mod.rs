//! What people say about commits: their tags, and comments on them and on the versions of rows.

mod comment;
mod tag;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

pub(crate) use comment::{comment, comments, of_versions};
pub(crate) use tag::{names_of, tag, tags, untag};

use crate::{Error, Result, backend::Sql, model::time};

/// The most characters of a comment, which every engine can keep.
const MOST: usize = 10_000;

/// Refuses a comment that cannot be kept.
fn check_text(text: &str) -> Result<()> {
    let reason = match text.chars().count() {
        length if length > MOST => format!("it has {length} characters, and {MOST} at most are kept"),
        _ if text.contains('\0') => "it holds a NUL character".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::InvalidValue { column: "comment".into(), reason })
}

/// What a query counts as `total`.
async fn count<C: ConnectionTrait>(db: &C, sql: Sql) -> Result<u64> {
    let total = sql.one(db).await?.map(|row| row.try_get::<i64>("", "total")).transpose()?;
    Ok(total.unwrap_or_default() as u64)
}

fn moment(row: &QueryResult, column: &str) -> Result<DateTime<Utc>> {
    Ok(time::from_micros(row.try_get("", column)?))
}
