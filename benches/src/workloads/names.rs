//! The names of figures.

use crate::side::Way;

pub(crate) const LIVE: &str = "live";
pub(crate) const NEWEST: &str = "as of the newest commit";
pub(crate) const MIDDLE: &str = "as of a commit in the middle";
pub(crate) const OLDEST: &str = "as of the oldest commit";

/// The single-row writes.
pub(crate) const WRITES: [&str; 3] = ["insert", "update", "delete"];

pub(crate) const DIFF: &str = "diff";
pub(crate) const ROLLBACK: &str = "rollback";
pub(crate) const DRY_RUN: &str = "dry run of a rollback";
pub(crate) const HISTORY: &str = "row history, all versions";
pub(crate) const LOG: &str = "log page";
pub(crate) const SEAL: &str = "sealing, a commit";
pub(crate) const VERIFY: &str = "verify, a version";
pub(crate) const HISTORY_BYTES: &str = "history and its indexes, bytes an update";
pub(crate) const JOURNAL_BYTES: &str = "commits and their indexes, bytes an update";

/// What goes through all rows of a table, all of them changed.
pub(crate) const STREAMED: [&str; 6] = ["export", "import", "backup", "diff", "merge", "rollback"];

/// The naive ways, and what they are compared with.
pub(crate) const COPY: &str = "update, with a copy of the table as JSON";
pub(crate) const AUDIT: &str = "update, with an audit row by the application";
pub(crate) const DBVSG: &str = "update, with DBVSG";

pub(crate) fn by_key(when: &str) -> String {
    format!("read by key, {when}")
}

pub(crate) fn full(when: &str) -> String {
    format!("full read, {when}")
}

pub(crate) fn write(what: &str, way: Way, suffix: &str) -> String {
    format!("{what}, {}{suffix}", way.name())
}

pub(crate) fn throughput(way: Way, clients: usize, suffix: &str) -> String {
    let plural = if clients == 1 { "" } else { "s" };
    format!("updates a second, {}, {clients} client{plural}{suffix}", way.name())
}

/// The same, with sealing in the background.
pub(crate) fn sealed_meanwhile(name: &str) -> String {
    format!("{name}, sealed meanwhile")
}

pub(crate) fn bulk(what: &str) -> String {
    format!("bulk {what}")
}

pub(crate) fn rest(method: &str, suffix: &str) -> String {
    format!("REST, {method} of one row, 8 clients{suffix}")
}

pub(crate) fn memory(what: &str) -> String {
    format!("peak memory, {what}")
}
