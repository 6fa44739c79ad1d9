//! What changed while the program was not there.

use sea_orm::DatabaseExecutor;

use super::{Refresh, Refreshed, Scope, follow, place, refresh};
use crate::{Problem, Result, Vsg};

/// Tables whose shape was not the one that their history knew when the program connected.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FoundAtStart {
    /// Those that history follows now.
    pub refreshed: Vec<Refreshed>,
    /// Those that it cannot follow as they are. They stay as they were.
    pub problems: Vec<Problem>,
}

/// Lets history follow each table that changed, one by one, so that one which it cannot follow does not hold up the others.
/// Takes no lock where nothing changed.
pub(crate) async fn follow_at_start(vsg: &Vsg) -> Result<FoundAtStart> {
    let mut found = FoundAtStart::default();
    for (id, table) in due(vsg).await? {
        let message = "the table had changed when a program connected";
        match refresh(vsg, Scope::One(id), &Refresh::default(), message).await {
            Ok(refreshed) => {
                for Refreshed { table, changes, .. } in &refreshed {
                    for change in changes {
                        tracing::warn!(%table, %change, "a tracked table changed while nobody looked; its history follows");
                    }
                }
                found.refreshed.extend(refreshed);
            }
            Err(error) => {
                tracing::error!(
                    %table,
                    error = &error as &dyn std::error::Error,
                    "a tracked table changed while nobody looked, and its history cannot follow"
                );
                found.problems.push(Problem { table: Some(table), commit: None, problem: error.to_string() });
            }
        }
    }
    Ok(found)
}

/// The tables that are not as history knows them. One query a table, and one more where the engine numbers columns.
async fn due(vsg: &Vsg) -> Result<Vec<(i64, String)>> {
    let (backend, catalog) = (vsg.backend(), vsg.catalog());
    let db = DatabaseExecutor::Connection(vsg.db());
    let mut due = Vec::new();
    for tracked in catalog.all().filter(|tracked| !tracked.disabled) {
        let is_due = if catalog.is_there(tracked.id) {
            follow::is_due(&db, backend, tracked).await?
        } else {
            follow::is_active(vsg.db(), backend, tracked).await?
                || place::find(&db, backend, &catalog, tracked).await?.is_some()
        };
        if is_due {
            due.push((tracked.id, tracked.name()));
        }
    }
    Ok(due)
}
