//! Watches this program's own connections for where a transaction ends, which SQLite tells no trigger.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::{SqliteConnection, SqliteOperation};

use crate::backend::boundaries::{Boundaries, Boundary};

/// What one connection wrote since its last commit.
#[derive(Default)]
struct Written {
    first_changes: Vec<(String, i64)>,
    /// Whether it opened a commit of its own, so that nothing needs to be parted.
    opened: bool,
}

/// Has a connection report to `boundaries`. The hooks are plain closures in this process: no statement, no lock held.
pub(in crate::backend) async fn observe(
    connection: &mut SqliteConnection,
    boundaries: Arc<Boundaries>,
) -> Result<(), sqlx::Error> {
    let written = Arc::new(Mutex::new(Written::default()));
    let mut handle = connection.lock_handle().await?;
    let (state, known) = (written.clone(), boundaries.clone());
    handle.set_update_hook(move |change| {
        if change.operation != SqliteOperation::Insert {
            return;
        }
        if change.table == "dbvsg_pending" {
            state.lock().unwrap_or_else(PoisonError::into_inner).opened = true;
        } else if known.is_history(change.table) {
            let mut written = state.lock().unwrap_or_else(PoisonError::into_inner);
            if !written.first_changes.iter().any(|(table, _)| table == change.table) {
                written.first_changes.push((change.table.to_owned(), change.rowid));
            }
        }
    });
    let state = written.clone();
    // Called while the connection holds the one write lock, so boundaries are noted in commit order.
    handle.set_commit_hook(move || {
        let Written { first_changes, opened } =
            std::mem::take(&mut *state.lock().unwrap_or_else(PoisonError::into_inner));
        if !opened && !first_changes.is_empty() {
            boundaries.note(Boundary { first_changes, at: chrono::Utc::now().timestamp_micros() });
        }
        true
    });
    handle.set_rollback_hook(move || {
        *written.lock().unwrap_or_else(PoisonError::into_inner) = Written::default();
    });
    Ok(())
}
