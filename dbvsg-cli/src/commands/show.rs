use clap::Args;
use dbvsg::{AuditFilter, Change, Commit, Reference, Table};
use serde_json::Value as Json;

use crate::{
    failure::{Exit, Failure},
    output::{STRONG, WEAK, added, changed, grouped, harmless, heading, removed},
    session::{Call, Session, all_or},
};

/// Show a commit and what it changed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg show HEAD\n  dbvsg show 0f8fad5 --table users -n 0")]
pub(crate) struct Show {
    /// The commit.
    #[arg(value_name = "REF", default_value = "HEAD")]
    reference: Reference,
    /// Only the changes of this table; HEAD and ~n then count its commits.
    #[arg(long)]
    table: Option<String>,
    /// How many changes of each table; 0 for all.
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    number: u64,
}

/// How many changes are read at a time.
const PAGE: u64 = 500;

impl Show {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let commit = session.vsg.commit_in(self.table.as_deref(), &self.reference).await?;
        if session.json {
            return self.show_json(session, &commit).await;
        }
        let screen = &session.screen;
        heading(&commit).iter().try_for_each(|line| screen.line(line))?;
        for comment in session.vsg.comments(commit.uuid, 1000, 0).await?.items {
            let text = harmless(&comment.text);
            screen.line(WEAK.paint(format_args!("    {}: {text}", harmless(&comment.actor))))?;
        }
        for touched in &commit.tables {
            if self.table.as_ref().is_none_or(|table| *table == touched.table) {
                self.show_table(session, &commit, &touched.table).await?;
            }
        }
        Ok(Exit::Fine)
    }

    async fn show_table(&self, session: &Session, commit: &Commit, name: &str) -> Result<(), Failure> {
        let screen = &session.screen;
        screen.line(format_args!("\n{}", STRONG.paint(harmless(name))))?;
        let tracked = session.vsg.tracked_before(name).await?;
        let mut filter = AuditFilter::default();
        filter.table = Some(name.to_owned());
        filter.commit = Some(commit.uuid);
        filter.baseline = true;
        let wanted = all_or(self.number);
        let mut shown = 0;
        loop {
            filter.offset = shown;
            filter.limit = PAGE.min(wanted - shown);
            let page = session.vsg.audit(&filter).await?;
            for change in &page.items {
                screen.line(line(&tracked.table, change))?;
            }
            shown += page.items.len() as u64;
            if shown >= page.total || page.items.is_empty() {
                return Ok(());
            }
            if shown >= wanted {
                let left = grouped(page.total - shown);
                return screen.line(WEAK.paint(format_args!("… and {left} more; -n 0 shows all")));
            }
        }
    }

    /// The commit, with its changes.
    async fn show_json(&self, session: &Session, commit: &Commit) -> Result<Exit, Failure> {
        let call = Call::get(format!("/vsg/commits/{}/changes", commit.uuid)).with("table", self.table.as_ref());
        let mut changes = Vec::new();
        let take = |change| {
            changes.push(change);
            Ok(())
        };
        session.each(call, all_or(self.number), take).await?;
        let mut object = serde_json::to_value(commit).map_err(std::io::Error::other)?;
        if let Json::Object(object) = &mut object {
            object.insert("changes".into(), changes.into());
        }
        session.show_json(&object)
    }
}

fn line(table: &Table, change: &Change) -> String {
    let key = change.key.to_text(table);
    match (&change.before, &change.after) {
        (Some(from), Some(to)) => changed(table, &key, from, to),
        (None, Some(row)) => added(table, &key, row),
        (Some(row), None) => removed(table, &key, row),
        (None, None) => harmless(&key),
    }
}
