use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// Where a transaction began inside a commit that it shares with the ones before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Boundary {
    /// For each history table it wrote to: the first change that is its own.
    pub(crate) first_changes: Vec<(String, i64)>,
    /// When it was committed, in microseconds.
    pub(crate) at: i64,
}

/// The boundaries that this program saw on its own connections.
///
/// An engine whose triggers cannot tell one transaction from the next lets outside writers share a commit; sealing parts
/// it again at these boundaries.
#[derive(Debug, Default)]
pub(crate) struct Boundaries {
    histories: RwLock<HashSet<String>>,
    seen: Mutex<Vec<Boundary>>,
    replaced: RwLock<Option<Instant>>,
}

/// The most boundaries that are kept between two sealings. Beyond it, transactions stay together in one commit.
const KEPT: usize = 100_000;

impl Boundaries {
    /// Says which tables are histories.
    pub(crate) fn watch(&self, histories: HashSet<String>) {
        *self.histories.write().unwrap_or_else(PoisonError::into_inner) = histories;
    }

    /// Whether a table is a history.
    pub(crate) fn is_history(&self, table: &str) -> bool {
        self.histories.read().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    /// Notes a boundary; they must come in commit order.
    pub(crate) fn note(&self, boundary: Boundary) {
        let mut seen = self.seen();
        if seen.len() < KEPT {
            seen.push(boundary);
        }
    }

    /// Takes what was noted.
    pub(crate) fn take(&self) -> Vec<Boundary> {
        std::mem::take(&mut *self.seen())
    }

    /// Says that another database has taken the place of this one: what was noted speaks of changes that are gone, and
    /// connections know statements for tables of another shape.
    pub(crate) fn begin_anew(&self) {
        self.outdate();
        self.seen().clear();
    }

    /// Says that tables have another shape: connections know statements for the one they had.
    pub(crate) fn outdate(&self) {
        *self.replaced.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection of this age was opened before.
    pub(crate) fn is_outdated(&self, age: Duration) -> bool {
        let replaced = *self.replaced.read().unwrap_or_else(PoisonError::into_inner);
        replaced.is_some_and(|moment| age >= moment.elapsed())
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Boundary>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
