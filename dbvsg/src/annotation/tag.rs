use std::collections::HashMap;

use chrono::Utc;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{check_text, count, moment};
use crate::{
    Constraint, Error, Result,
    backend::{Backend, Sql},
    history::{Page, Position},
    model::{Author, Reference, Tag, time},
};

/// As many hex digits are taken for a commit's.
const DIGITS: usize = 7;

/// Gives a commit a name. Two statements; who comes first of two that want the same name, the index decides.
pub(crate) async fn tag<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    author: &Author,
    name: &str,
    position: &Position,
    comment: Option<&str>,
) -> Result<Tag> {
    check_name(name)?;
    check_text(comment.unwrap_or_default())?;
    let mut sql = Sql::new(backend, "SELECT name FROM dbvsg_branch WHERE name = ");
    sql.bind(name);
    if sql.one(db).await?.is_some() {
        return Err(Error::InvalidName { name: name.to_owned(), reason: "a branch has this name".into() });
    }
    let now = Utc::now().timestamp_micros();
    let mut sql =
        Sql::new(backend, "INSERT INTO dbvsg_tag (name, live, commit_id, comment, actor, created_at) VALUES (");
    sql.bind(name).push(", 1, ").bind(position.id).push(", ").bind(comment).push(", ");
    sql.bind(author.actor.as_str()).push(", ").bind(now).push(")");
    match sql.execute(db).await {
        Err(Error::Violation { constraint: Constraint::Unique, .. }) => {
            return Err(Error::TagExists { name: name.to_owned() });
        }
        done => done?,
    };
    Ok(Tag {
        name: name.to_owned(),
        commit: position.uuid,
        comment: comment.map(str::to_owned),
        actor: author.actor.clone(),
        created_at: time::from_micros(now),
        deleted_at: None,
        deleted_by: None,
    })
}

/// Refuses a name that is none, or that reads like another kind of reference.
fn check_name(name: &str) -> Result<()> {
    let digits = name.bytes().filter(|byte| *byte != b'-').count();
    let reason = match name.parse() {
        Ok(Reference::Name(_)) if digits < DIGITS || !name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') => {
            return Ok(());
        }
        Ok(_) => "it reads like a commit, HEAD or a timestamp",
        Err(_) => "use 1 to 100 letters, digits, `.`, `_`, `-` and `/`, and do not begin as a date does",
    };
    Err(Error::InvalidName { name: name.to_owned(), reason: reason.into() })
}

/// Deletes a tag; that it was there stays known. One statement.
pub(crate) async fn untag<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    author: &Author,
    name: &str,
) -> Result<()> {
    let mut sql = Sql::new(backend, "UPDATE dbvsg_tag SET live = NULL, deleted_at = ");
    sql.bind(Utc::now().timestamp_micros()).push(", deleted_by = ").bind(author.actor.as_str());
    sql.push(" WHERE live = 1 AND name = ").bind(name);
    match sql.execute(db).await?.rows_affected() {
        0 => Err(Error::UnknownTag { name: name.to_owned() }),
        _ => Ok(()),
    }
}

/// Lists tags in the order of their names; with `all`, those that were deleted too. Two queries.
pub(crate) async fn tags<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    all: bool,
    (limit, offset): (u64, u64),
) -> Result<Page<Tag>> {
    let which = if all { "" } else { " WHERE t.live = 1" };
    let total = count(db, Sql::new(backend, format!("SELECT count(*) AS total FROM dbvsg_tag t{which}"))).await?;
    let mut sql = Sql::new(
        backend,
        format!(
            "SELECT t.*, c.uuid AS commit_uuid FROM dbvsg_tag t JOIN dbvsg_commit c ON c.id = t.commit_id{which} ORDER BY t.name, t.id LIMIT "
        ),
    );
    sql.bind(limit as i64).push(" OFFSET ").bind(offset as i64);
    let items = sql.all(db).await?.iter().map(read).collect::<Result<_>>()?;
    Ok(Page { items, total })
}

fn read(row: &QueryResult) -> Result<Tag> {
    Ok(Tag {
        name: row.try_get("", "name")?,
        commit: row.try_get::<String>("", "commit_uuid")?.parse()?,
        comment: row.try_get("", "comment")?,
        actor: row.try_get("", "actor")?,
        created_at: moment(row, "created_at")?,
        deleted_at: row.try_get::<Option<i64>>("", "deleted_at")?.map(time::from_micros),
        deleted_by: row.try_get("", "deleted_by")?,
    })
}

/// The names of the tags of some commits, by the places of the commits. One query.
pub(crate) async fn names_of<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    seqs: Vec<i64>,
) -> Result<HashMap<i64, Vec<String>>> {
    let mut found: HashMap<i64, Vec<String>> = HashMap::new();
    if seqs.is_empty() {
        return Ok(found);
    }
    let mut sql = Sql::new(
        backend,
        "SELECT c.seq, t.name FROM dbvsg_commit c JOIN dbvsg_tag t ON t.commit_id = c.id WHERE t.live = 1 AND c.seq IN (",
    );
    sql.bind_all(seqs).push(") ORDER BY t.name");
    for row in sql.all(db).await? {
        found.entry(row.try_get("", "seq")?).or_default().push(row.try_get("", "name")?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_like_nothing_else() {
        for good in ["v3", "v1.0", "release/2024.1", "abcdef", "a-b_c", "Zoë", "HEADS", "before-import"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "a/".repeat(51);
        let digits = "abc1".repeat(9);
        for bad in [
            "",
            "HEAD",
            "HEAD~1",
            "abcdef0",
            "DEAD-BEEF",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "2024-01-15",
            "2024-01-15-release",
            "2024-01-15T10:30:00Z",
            "a b",
            "x'y",
            "tab\t",
            &long,
            &digits,
        ] {
            assert!(matches!(check_name(bad), Err(Error::InvalidName { .. })), "{bad}");
        }
    }
}
