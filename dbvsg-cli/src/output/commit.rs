//! Commits, as `git log` would show them.

use dbvsg::{Commit, CommitTable};

use super::{ADDED, CHANGED, COMMIT, REMOVED, STRONG, WEAK, grouped, harmless};
use crate::session::short;

/// The lines that stand for a commit in a log.
pub(crate) fn heading(commit: &Commit) -> Vec<String> {
    let mut lines = vec![
        format!("{}{}", COMMIT.paint(format_args!("commit {}", commit.uuid)), marks(commit)),
        format!("Author:    {}", harmless(&commit.actor)),
        format!("Date:      {}", commit.created_at.format("%Y-%m-%d %H:%M:%S%.6f UTC")),
        format!("Operation: {}", harmless(&commit.operation)),
    ];
    if let Some(merged) = commit.merged {
        lines.push(format!("Merged:    {merged}"));
    }
    if commit.rollbacked {
        lines.push("Undone:    yes".into());
    }
    lines.push(String::new());
    if let Some(message) = &commit.message {
        lines.extend(message.lines().map(|line| format!("    {}", harmless(line))));
        lines.push(String::new());
    }
    for table in &commit.tables {
        lines.push(format!("    {}  {}", STRONG.paint(harmless(&table.table)), summary(table)));
    }
    lines
}

/// A commit on one line.
pub(crate) fn one_line(commit: &Commit) -> String {
    let tables: Vec<String> = commit.tables.iter().map(|table| harmless(&table.table)).collect();
    let message = commit.message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default();
    let mut line = format!(
        "{}{} {} {} {}",
        COMMIT.paint(short(commit.uuid)),
        marks(commit),
        commit.created_at.format("%Y-%m-%d %H:%M"),
        harmless(&commit.operation),
        WEAK.paint(tables.join(",")),
    );
    for part in [harmless(&commit.actor), harmless(message)] {
        if !part.is_empty() {
            line = format!("{line} {part}");
        }
    }
    line
}

/// What a commit is beside its id.
fn marks(commit: &Commit) -> String {
    let mut marks: Vec<String> = commit.is_current.then(|| "current".to_owned()).into_iter().collect();
    marks.extend(commit.tags.iter().map(|tag| format!("tag: {}", harmless(tag))));
    if marks.is_empty() { String::new() } else { format!(" {}", COMMIT.paint(format_args!("({})", marks.join(", ")))) }
}

/// How many rows of a table a commit touched.
fn summary(table: &CommitTable) -> String {
    let parts =
        [(ADDED, table.inserted, "inserted"), (CHANGED, table.updated, "updated"), (REMOVED, table.deleted, "deleted")];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(_, number, _)| *number > 0)
        .map(|(paint, number, what)| paint.paint(format_args!("{} {what}", grouped(number.unsigned_abs()))))
        .collect();
    if told.is_empty() { "no rows".into() } else { told.join(", ") }
}
