use sea_orm::{ConnectionTrait, QueryResult};

use super::line;
use crate::{
    Error, Result,
    backend::{Backend, Sql, Writers},
    catalog::{MAIN, Tracked},
    journal::IS_RESET,
    model::{CommitId, Reference, time},
};

/// A place in the order of all commits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position {
    /// The commit's id in the catalog.
    pub(crate) id: i64,
    pub(crate) uuid: CommitId,
    pub(crate) seq: i64,
}

impl Position {
    /// A condition that holds for the versions under `alias` that are valid here. Ids of sealed commits grow along the
    /// line; where many write at a time, a commit that is not sealed yet can have an id among them.
    pub(crate) fn valid(&self, backend: &dyn Backend, alias: &str) -> String {
        let sealed = match backend.writers() {
            Writers::One => String::new(),
            Writers::Many => format!(" AND {}", backend.is_sealed(&format!("{alias}.vsg_begin"))),
        };
        format!(
            "{alias}.vsg_branch = {MAIN} AND {alias}.vsg_begin <= {}{sealed} AND ({alias}.vsg_end IS NULL OR {alias}.vsg_end > {}) \
             AND {alias}.vsg_op <> 'delete'",
            self.id, self.seq,
        )
    }

    /// Reads `id`, `uuid` and `seq` of a sealed commit.
    pub(crate) fn read(row: &QueryResult) -> Result<Self> {
        Ok(Self {
            id: row.try_get("", "id")?,
            uuid: row.try_get::<String>("", "uuid")?.parse()?,
            seq: row.try_get("", "seq")?,
        })
    }

    /// The place just before it.
    pub(crate) fn before(&self) -> Self {
        Self { id: self.id - 1, uuid: self.uuid, seq: self.seq - 1 }
    }

    /// Refuses a position before the past of the table is known, and one whose state was pruned.
    pub(crate) fn check(&self, tracked: &Tracked) -> Result<()> {
        if self.seq >= tracked.since {
            let pruned = || Error::Pruned { table: tracked.name(), from: tracked.retained.from.clone() };
            return if tracked.retained.holds(self.seq) { Ok(()) } else { Err(pruned()) };
        }
        Err(Error::UnknownReference {
            reference: self.uuid.to_string(),
            reason: format!("table `{}` was not tracked yet", tracked.name()),
        })
    }
}

const COMMIT: &str = "SELECT c.id, c.uuid, c.seq FROM dbvsg_commit c WHERE ";

/// The commit that a reference names; with a table, HEAD is the commit it is at, and `~n` goes back from there. One query;
/// for a table's HEAD two, and two more for each reset on the way.
pub(crate) async fn resolve<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    table: Option<&Tracked>,
    reference: &Reference,
) -> Result<Position> {
    let unknown =
        |reason: &str| Error::UnknownReference { reference: reference.to_string(), reason: reason.to_owned() };
    let mut sql = Sql::new(backend, COMMIT);
    let reason = match (reference.behind_head(), reference) {
        (Some(back), _) => match table {
            Some(table) => {
                let found = line::back(db, backend, table, back).await?;
                return found.ok_or_else(|| unknown("the table does not have so many commits"));
            }
            None => {
                sql.push(&format!("NOT {IS_RESET} ORDER BY c.seq DESC LIMIT 1 OFFSET ")).bind(i64::from(back));
                "there are not so many commits"
            }
        },
        (_, Reference::Commit(id)) => {
            sql.push("c.uuid = ").bind(id.to_string());
            "there is no such commit"
        }
        (_, Reference::Prefix(digits)) => {
            let prefix = hyphenated(digits);
            // `g` comes after the last hex digit.
            sql.push("c.uuid >= ").bind(prefix.as_str()).push(" AND c.uuid < ").bind(format!("{prefix}g"));
            sql.push(" ORDER BY c.seq LIMIT 10");
            "no commit begins with these digits"
        }
        (_, Reference::At(moment)) => {
            sql.push("c.committed_at <= ").bind(moment.timestamp_micros()).push(" ORDER BY c.seq DESC LIMIT 1");
            "it is before the first commit"
        }
        (_, Reference::Name(_) | Reference::Head { .. }) => {
            sql.push("c.id = (SELECT t.commit_id FROM dbvsg_tag t WHERE t.live = 1 AND t.name = ");
            sql.bind(reference.to_string()).push(")");
            "there is no tag, branch or commit of this name"
        }
    };
    let found = sql.all(db).await?.iter().map(Position::read).collect::<Result<Vec<_>>>()?;
    if found.len() > 1 {
        let candidates = found.iter().map(|position| position.uuid.to_string()).collect();
        return Err(Error::AmbiguousReference { reference: reference.to_string(), candidates });
    }
    found.into_iter().next().ok_or_else(|| match reference {
        Reference::At(moment) => {
            Error::UnknownReference { reference: time::to_text(*moment), reason: reason.to_owned() }
        }
        _ => unknown(reason),
    })
}

/// Refuses to go on unless HEAD, of one table or of all, is the commit that `expected` names, if it names one. What is to count
/// as HEAD has to be sealed.
pub(crate) async fn expect_head<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    table: Option<&Tracked>,
    expected: Option<&Reference>,
) -> Result<()> {
    let Some(expected) = expected else { return Ok(()) };
    let wanted = resolve(db, backend, table, expected).await?;
    let head = resolve(db, backend, table, &Reference::Head { back: 0 }).await?;
    if wanted.seq == head.seq {
        return Ok(());
    }
    Err(Error::StaleParent { expected: expected.to_string(), actual: head.uuid.to_string() })
}

/// Puts the hyphens of a UUID among its first digits.
fn hyphenated(digits: &str) -> String {
    let mut text = String::with_capacity(36);
    for (position, digit) in digits.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_hyphenated() {
        assert_eq!(hyphenated("0f8fad5"), "0f8fad5");
        assert_eq!(hyphenated("0f8fad5bd9cb469fa1"), "0f8fad5b-d9cb-469f-a1");
    }
}
