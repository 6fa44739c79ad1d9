//! One row through time.

use clap::Args;
use dbvsg::{Error, Key, Version};
use serde_json::Value as Json;

use crate::{
    failure::{Exit, Failure},
    output::{COMMIT, Grid, WEAK, added, changed, count, harmless, removed, tell},
    session::{Call, Session, all_or, segment, short},
};

/// List the versions of a row, newest first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg history users 7\n  dbvsg history order_items 12,3")]
pub(crate) struct History {
    /// The table.
    table: String,
    /// The key of the row: its values in key order, joined by commas, each percent-encoded where it holds one.
    key: String,
    /// How many versions; 0 for all.
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    number: u64,
}

impl History {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if session.json {
            let call = Call::get(format!("/vsg/tables/{}/rows/{}", segment(&self.table), segment(&self.key)));
            return session.show_list(call, all_or(self.number)).await;
        }
        let tracked = session.vsg.tracked(&self.table).await?;
        let key = Key::parse(&tracked.table, &self.key)?;
        let page = session.vsg.history(&self.table, &key, all_or(self.number).min(i64::MAX as u64), 0).await?;
        if page.total == 0 {
            return Err(Error::UnknownRow { table: self.table.clone(), key: self.key.clone() }.into());
        }
        for version in &page.items {
            session.screen.line(headline(version))?;
            let change = &version.change;
            let line = match (&change.before, &change.after) {
                (Some(from), Some(to)) => changed(&tracked.table, &self.key, from, to),
                (None, Some(row)) => added(&tracked.table, &self.key, row),
                (Some(row), None) => removed(&tracked.table, &self.key, row),
                (None, None) => continue,
            };
            session.screen.line(format_args!("    {line}"))?;
        }
        let shown = page.items.len() as u64;
        if page.total > shown {
            tell(format_args!("{}", WEAK.paint(format_args!("({shown} of {}; -n)", count(page.total, "version")))));
        }
        Ok(Exit::Fine)
    }
}

fn headline(version: &Version) -> String {
    let change = &version.change;
    let mut line = format!(
        "v{}  {}  {}  {}  {}",
        version.version,
        COMMIT.paint(short(change.commit)),
        change.at.format("%Y-%m-%d %H:%M:%S UTC"),
        change.op.shown(),
        harmless(&change.actor),
    );
    if let Some(message) = &change.message {
        line = format!("{line}  {}", harmless(message));
    }
    line
}

/// Show for each column of a row which commit last set it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg blame users 7")]
pub(crate) struct Blame {
    /// The table.
    table: String,
    /// The key of the row, as in `history`.
    key: String,
}

impl Blame {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let tracked = session.vsg.tracked(&self.table).await?;
        let blamed = session.vsg.blame(&self.table, &Key::parse(&tracked.table, &self.key)?).await?;
        if session.json {
            return session.show_json(&blamed);
        }
        let mut grid = Grid::new(&session.screen, ["column", "value", "commit", "when", "who", "why"]);
        for column in blamed {
            grid.push(vec![
                column.column,
                match column.value {
                    Json::Null => "NULL".into(),
                    Json::String(text) => text,
                    other => other.to_string(),
                },
                short(column.commit),
                column.at.format("%Y-%m-%d %H:%M:%S").to_string(),
                column.actor,
                column.message.unwrap_or_default(),
            ])?;
        }
        grid.end()?;
        Ok(Exit::Fine)
    }
}
