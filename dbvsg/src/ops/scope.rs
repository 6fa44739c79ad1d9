//! Which tables an operation changes, and to what.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, QueryResult};

use super::{
    action::{Action, Tables},
    plan::Target,
};
use crate::{
    Error, Reference, Result,
    backend::{Backend, Sql},
    catalog::{Catalog, Tracked},
    history::{self, Position},
};

/// One table of an operation.
pub(super) struct Scoped {
    pub(super) tracked: Arc<Tracked>,
    pub(super) target: Target,
    /// The commit whose state it has.
    pub(super) head: Option<Position>,
    /// The commit that it is to be at, where that is not the one that is made.
    pub(super) reset: Option<Position>,
}

/// What an operation is about.
pub(super) struct Scope {
    /// The commit that it names.
    pub(super) named: Position,
    /// The newest commit of all.
    pub(super) now: Position,
    pub(super) tables: Vec<Scoped>,
    pub(super) notes: Vec<String>,
}

impl Scope {
    /// The newest of the commits that the tables are at.
    pub(super) fn head(&self) -> Option<&Position> {
        self.tables.iter().filter_map(|scoped| scoped.head.as_ref()).max_by_key(|head| head.seq)
    }
}

/// Finds out what is meant. Some three queries, and one or two a table.
pub(super) async fn resolve<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    action: &Action,
    tables: &Tables,
) -> Result<Scope> {
    let only = match tables {
        Tables::Only(name) => Some(catalog.get(name)?),
        Tables::OfCommit | Tables::All => None,
    };
    let head = Reference::Head { back: 0 };
    let reference = action.reference().unwrap_or(&head);
    if let (Tables::OfCommit, Some(given)) = (tables, action.reference())
        && !matches!(given, Reference::Commit(_) | Reference::Prefix(_))
    {
        return Err(Error::MalformedReference {
            reference: given.to_string(),
            reason:
                "without a table, the id of a commit is needed, whose tables are meant; name a table, or `*` for all"
                    .into(),
        });
    }
    let named = history::resolve(db, backend, only.as_deref(), reference).await?;
    let now = newest(db, backend).await?.unwrap_or_else(|| named.clone());
    let mut scope = Scope { named, now, tables: Vec::new(), notes: Vec::new() };
    let chosen: Vec<Arc<Tracked>> = match tables {
        Tables::Only(_) => only.into_iter().collect(),
        Tables::All => catalog.iter().cloned().collect(),
        Tables::OfCommit => of_commit(db, backend, catalog, &mut scope).await?,
    };
    let is_only = matches!(tables, Tables::Only(_));
    for tracked in chosen {
        match scoped(db, backend, &tracked, action, &scope.named).await {
            Ok(scoped) => scope.tables.push(scoped),
            // Of several tables, those that have no such past are left as they are.
            Err(error @ (Error::UnknownReference { .. } | Error::Pruned { .. })) if !is_only => {
                scope.notes.push(format!("`{}` is left as it is: {error}", tracked.name()));
            }
            Err(error) => return Err(error),
        }
    }
    // Locks are taken in the same order by everybody.
    scope.tables.sort_by_key(|scoped| scoped.tracked.id);
    Ok(scope)
}

async fn newest<C: ConnectionTrait>(db: &C, backend: &'static dyn Backend) -> Result<Option<Position>> {
    let sql = "SELECT id, uuid, seq FROM dbvsg_commit ORDER BY seq DESC LIMIT 1";
    Sql::new(backend, sql).one(db).await?.as_ref().map(Position::read).transpose()
}

/// The tables that the named commit touched and that are tracked.
async fn of_commit<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    scope: &mut Scope,
) -> Result<Vec<Arc<Tracked>>> {
    let mut sql = Sql::new(backend, "SELECT table_id FROM dbvsg_commit_table WHERE commit_id = ");
    sql.bind(scope.named.id).push(" ORDER BY table_id");
    let mut found = Vec::new();
    for row in sql.all(db).await? {
        let id: i64 = row.try_get("", "table_id")?;
        match catalog.by_id(id) {
            Some(tracked) if catalog.is_there(id) => found.push(tracked.clone()),
            Some(tracked) => {
                scope.notes.push(format!("`{}` is not tracked any more, and is left as it is", tracked.name()))
            }
            None => {}
        }
    }
    Ok(found)
}

async fn scoped<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Arc<Tracked>,
    action: &Action,
    named: &Position,
) -> Result<Scoped> {
    let head = head(db, backend, tracked).await?;
    let mut reset = None;
    let target = match action {
        Action::Rollback => {
            let head = head.as_ref().ok_or_else(|| Error::UnknownReference {
                reference: "HEAD".into(),
                reason: format!("table `{}` has no commit that could be undone", tracked.name()),
            })?;
            Target::State(head.before())
        }
        Action::RollbackTo(_) | Action::Checkout(_) => Target::State(named.clone()),
        Action::Restore(_) => {
            reset = current_at(db, backend, tracked, named).await?;
            Target::State(named.clone())
        }
        Action::Merge(_) => Target::Over(named.clone()),
        Action::Revert(_) => Target::Change { commit: named.clone(), undone: true },
        Action::CherryPick(_) => Target::Change { commit: named.clone(), undone: false },
    };
    target.check(tracked)?;
    Ok(Scoped { tracked: tracked.clone(), target, head, reset })
}

/// The commit whose state a table has.
async fn head<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
) -> Result<Option<Position>> {
    let mut sql = Sql::new(
        backend,
        "SELECT c.id, c.uuid, c.seq FROM dbvsg_table t JOIN dbvsg_commit c ON c.id = t.head_id WHERE t.id = ",
    );
    sql.bind(tracked.id);
    sql.one(db).await?.as_ref().map(Position::read).transpose()
}

/// The commit whose state a table had at a position.
async fn current_at<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    position: &Position,
) -> Result<Option<Position>> {
    let mut sql = Sql::new(
        backend,
        "SELECT p.id, p.uuid, p.seq FROM dbvsg_commit_table x JOIN dbvsg_commit c ON c.id = x.commit_id \
         LEFT JOIN dbvsg_entry e ON e.commit_uuid = c.uuid AND e.table_id = x.table_id \
         JOIN dbvsg_commit p ON p.id = coalesce(e.reset_id, c.id) WHERE x.table_id = ",
    );
    sql.bind(tracked.id).push(" AND x.commit_id <= ").bind(position.id).push(" ORDER BY x.commit_id DESC LIMIT 1");
    let found: Option<QueryResult> = sql.one(db).await?;
    let found = found.as_ref().map(Position::read).transpose()?;
    found.map(Some).ok_or_else(|| Error::UnknownReference {
        reference: position.uuid.to_string(),
        reason: format!("table `{}` had no commit then that it could be at again; use checkout", tracked.name()),
    })
}
