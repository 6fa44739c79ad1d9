use std::collections::{BTreeMap, HashMap};

use chrono::Utc;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{check_text, count, moment};
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    catalog::{Catalog, Tracked},
    history::{Page, Position},
    model::{Author, Comment, CommitId, Key, Version, time},
};

/// Keeps what somebody says about a commit, or about a version that it made. One statement.
pub(crate) async fn comment<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    author: &Author,
    commit: CommitId,
    version: Option<(&Tracked, &Version)>,
    text: &str,
) -> Result<Comment> {
    check_text(text)?;
    if text.is_empty() {
        return Err(Error::InvalidValue { column: "comment".into(), reason: "it is empty".into() });
    }
    let now = Utc::now().timestamp_micros();
    let mut sql = Sql::new(
        backend,
        "INSERT INTO dbvsg_comment (commit_id, table_id, change_id, comment, actor, created_at) \
         VALUES ((SELECT c.id FROM dbvsg_commit c WHERE c.uuid = ",
    );
    sql.bind(commit.to_string()).push("), ");
    sql.bind(version.map(|(tracked, _)| tracked.id)).push(", ");
    sql.bind(version.map(|(_, version)| version.change.id)).push(", ");
    sql.bind(text).push(", ").bind(author.actor.as_str()).push(", ").bind(now).push(")");
    sql.execute(db).await?;
    Ok(Comment {
        text: text.to_owned(),
        actor: author.actor.clone(),
        created_at: time::from_micros(now),
        table: version.map(|(tracked, _)| tracked.name()),
        key: version.map(|(tracked, version)| version.change.key.to_text(&tracked.table)),
        version: version.map(|(_, version)| version.version),
    })
}

/// Lists the comments on a commit and on the versions that it made, oldest first. Two queries, and one for each table
/// whose versions are spoken of.
pub(crate) async fn comments<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    position: &Position,
    (limit, offset): (u64, u64),
) -> Result<Page<Comment>> {
    let mut sql = Sql::new(backend, "SELECT count(*) AS total FROM dbvsg_comment WHERE commit_id = ");
    sql.bind(position.id);
    let total = count(db, sql).await?;
    let mut sql = Sql::new(backend, "SELECT * FROM dbvsg_comment WHERE commit_id = ");
    sql.bind(position.id).push(" ORDER BY id LIMIT ").bind(limit as i64).push(" OFFSET ").bind(offset as i64);
    let mut items = Vec::new();
    let mut spoken_of: BTreeMap<i64, Vec<(usize, i64)>> = BTreeMap::new();
    for (place, row) in sql.all(db).await?.iter().enumerate() {
        items.push(read(row)?);
        if let (Some(table), Some(change)) = (row.try_get("", "table_id")?, row.try_get("", "change_id")?) {
            spoken_of.entry(table).or_default().push((place, change));
        }
    }
    for (table, places) in spoken_of {
        let Some(tracked) = catalog.by_id(table) else { continue };
        let numbered = numbers(db, backend, tracked, places.iter().map(|(_, change)| *change).collect()).await?;
        for (place, change) in places {
            items[place].table = Some(tracked.name());
            if let Some((key, number)) = numbered.get(&change) {
                (items[place].key, items[place].version) = (Some(key.to_text(&tracked.table)), Some(*number));
            }
        }
    }
    Ok(Page { items, total })
}

/// The keys and numbers of versions, by their change ids. One query.
async fn numbers<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    changes: Vec<i64>,
) -> Result<HashMap<i64, (Key, u64)>> {
    let history = backend.quote_table(&tracked.history);
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT h.vsg_id, (SELECT count(*) FROM {history} x WHERE {} AND x.vsg_id <= h.vsg_id) AS vsg_number, {} \
             FROM {history} h WHERE h.vsg_id IN (",
            tracked.same_key(backend, "x", "h"),
            tracked.projection(backend, "h"),
        ),
    );
    sql.bind_all(changes).push(")");
    let read = |row: &QueryResult| {
        let key = Key::of(&tracked.table, &tracked.read(backend, row, 2)?);
        Ok((row.try_get("", "vsg_id")?, (key, row.try_get::<i64>("", "vsg_number")? as u64)))
    };
    sql.all(db).await?.iter().map(read).collect()
}

/// Adds to versions of a row what was said about them. One query.
pub(crate) async fn of_versions<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    versions: &mut [Version],
) -> Result<()> {
    if versions.is_empty() {
        return Ok(());
    }
    // The commits lead to the comments by an index.
    let mut sql = Sql::new(
        backend,
        "SELECT k.* FROM dbvsg_commit c JOIN dbvsg_comment k ON k.commit_id = c.id WHERE k.table_id = ",
    );
    sql.bind(tracked.id).push(" AND c.seq IN (").bind_all(versions.iter().map(|version| version.change.seq));
    sql.push(") AND k.change_id IN (")
        .bind_all(versions.iter().map(|version| version.change.id))
        .push(") ORDER BY k.id");
    for row in sql.all(db).await? {
        let change: i64 = row.try_get("", "change_id")?;
        for version in versions.iter_mut().filter(|version| version.change.id == change) {
            version.comments.push(Comment {
                table: Some(tracked.name()),
                key: Some(version.change.key.to_text(&tracked.table)),
                version: Some(version.version),
                ..read(&row)?
            });
        }
    }
    Ok(())
}

fn read(row: &QueryResult) -> Result<Comment> {
    Ok(Comment {
        text: row.try_get("", "comment")?,
        actor: row.try_get("", "actor")?,
        created_at: moment(row, "created_at")?,
        table: None,
        key: None,
        version: None,
    })
}
