//! Putting tables under version control, and taking them out again.

use clap::Args;
use dbvsg::{Author, Error, Policy, TableStatus};
use serde_json::json;

use super::tables::listed;
use crate::{
    arguments::Writing,
    confirm::Asking,
    failure::{Exit, Failure},
    output::{COMMIT, STRONG, WEAK, count, harmless, tell},
    progress::Progress,
    session::{Call, Session, segment, short},
};

/// Put tables under version control: their rows become one BASELINE commit.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg enable --all\n  dbvsg enable users orders -m 'audit from today on'")]
pub(crate) struct Enable {
    /// The tables.
    #[arg(required_unless_present = "all", value_name = "TABLE")]
    tables: Vec<String>,
    /// Every table that can be tracked; those that cannot are listed.
    #[arg(long, conflicts_with = "tables")]
    all: bool,
    /// Name the histories by another suffix than _history.
    #[arg(long)]
    suffix: Option<String>,
    /// A column whose being set marks a row as deleted.
    #[arg(long, value_name = "COLUMN", conflicts_with = "all")]
    soft_delete: Option<String>,
    /// A column that is never stored, such as a password.
    #[arg(long, value_name = "COLUMN", conflicts_with = "all")]
    skip: Vec<String>,
    /// A column whose change alone makes no version.
    #[arg(long, value_name = "COLUMN", conflicts_with = "all")]
    ignore: Vec<String>,
    #[command(flatten)]
    writing: Writing,
}

impl Enable {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let statuses = session.vsg.tables().await?;
        let chosen = self.chosen(&statuses)?;
        let (left_out, chosen): (Vec<&TableStatus>, Vec<_>) =
            chosen.into_iter().partition(|status| self.all && status.reason.is_some());
        let (known, new): (Vec<&TableStatus>, Vec<_>) = chosen.into_iter().partition(|status| status.tracked);
        let names: Vec<&str> = new.iter().map(|status| status.table.as_str()).collect();
        let working = Progress::new(format!("Taking the baseline of {}", count(names.len() as u64, "table")));
        let author = self.writing.author(&session.author);
        let commit = session.vsg.enable_all(author, &names, &self.policy()).await?;
        drop(working);
        if session.json {
            let is_meant = |table: &str| self.all || self.tables.iter().any(|name| name == table);
            return session.show_json(&listed(session, is_meant).await?);
        }
        let screen = &session.screen;
        for status in session.vsg.tables().await?.iter().filter(|status| names.contains(&status.table.as_str())) {
            let rows = count(status.rows.unwrap_or_default().unsigned_abs(), "row");
            screen.line(format_args!("{} is tracked now, {rows}", STRONG.paint(harmless(&status.table))))?;
        }
        for status in &known {
            screen.line(format_args!("{} was tracked already", harmless(&status.table)))?;
        }
        for status in &left_out {
            let reason = status.reason.as_deref().unwrap_or_default();
            screen.line(format_args!("{} is left out: {}", harmless(&status.table), harmless(reason)))?;
        }
        if let Some(commit) = commit {
            screen.line(format_args!("Commit {}", COMMIT.paint(short(commit))))?;
        } else if names.is_empty() && known.is_empty() && left_out.is_empty() {
            screen.line("There are no tables in this database.")?;
        }
        Ok(Exit::Fine)
    }

    /// The tables that are meant. Nothing is enabled if one of them is not there.
    fn chosen<'a>(&self, statuses: &'a [TableStatus]) -> Result<Vec<&'a TableStatus>, Failure> {
        if self.all {
            return Ok(statuses.iter().collect());
        }
        let named = |name: &String| {
            let found = statuses.iter().find(|status| status.table == *name);
            found.ok_or_else(|| Failure::Engine(Error::UnknownTable { table: name.clone() }))
        };
        self.tables.iter().map(named).collect()
    }

    fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.suffix = self.suffix.clone();
        policy.soft_delete = self.soft_delete.clone();
        policy.skip = self.skip.clone();
        policy.ignore = self.ignore.clone();
        policy
    }
}

/// Take a table out of version control. Its history stays, unless it is to be dropped.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg disable sessions --drop-history")]
pub(crate) struct Disable {
    /// The table.
    table: String,
    /// Drop its history, for good.
    #[arg(long)]
    drop_history: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    writing: Writing,
}

impl Disable {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let tracked = match self.drop_history {
            true => session.vsg.tracked_before(&self.table).await?,
            false => session.vsg.tracked(&self.table).await?,
        };
        if self.drop_history {
            let versions = session.vsg.table_statistics(&self.table).await.ok().and_then(|found| found.versions);
            let versions =
                versions.map(|n| count(n.unsigned_abs(), "version")).unwrap_or_else(|| "all versions".into());
            tell(format_args!("The history of {} goes for good: {versions}.", harmless(&tracked.name())));
            self.asking.confirm(session, "Drop it?").await?;
        }
        let author: Author = self.writing.author(&session.author);
        if session.json {
            let body = match self.drop_history {
                true => json!({"drop_history": true, "confirm": tracked.name()}),
                false => json!({}),
            };
            let call = Call::post(format!("/vsg/tables/{}/disable", segment(&self.table)), author);
            return session.show_call(call.body(body)).await;
        }
        let commit = session.vsg.disable(author, &self.table, self.drop_history).await?;
        let what = if self.drop_history { "its history is gone" } else { "its history stays" };
        session.screen.line(format_args!("{} is not tracked any more; {what}", STRONG.paint(harmless(&self.table))))?;
        if let Some(commit) = commit {
            session.screen.line(format_args!("Commit {}", COMMIT.paint(short(commit))))?;
        }
        Ok(Exit::Fine)
    }
}

/// Let histories follow tables whose columns were changed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg refresh\n  dbvsg refresh users --renamed mail=email")]
pub(crate) struct Refresh {
    /// The table; all tracked tables if it is left out.
    table: Option<String>,
    /// A column that has another name now.
    #[arg(long, value_name = "OLD=NEW", value_parser = renaming, requires = "table")]
    renamed: Vec<(String, String)>,
    /// A column that is new, though it looks like a renamed one.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    added: Vec<String>,
    /// Go on without soft delete if its column is gone.
    #[arg(long, requires = "table")]
    without_soft_delete: bool,
}

fn renaming(text: &str) -> Result<(String, String), String> {
    let (old, new) = text.split_once('=').ok_or("the old and the new name are expected, as in mail=email")?;
    Ok((old.to_owned(), new.to_owned()))
}

impl Refresh {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let mut hints = dbvsg::Refresh::default();
        (hints.renamed, hints.added) = (self.renamed.clone(), self.added.clone());
        hints.without_soft_delete = self.without_soft_delete;
        // What had changed before we came was followed as we came.
        let mut done = session.vsg.found_at_start().refreshed.clone();
        match &self.table {
            Some(table) => {
                done.retain(|refreshed| refreshed.table == *table);
                done.push(session.vsg.refresh_with(table, &hints).await?);
            }
            None => done.extend(session.vsg.refresh_all().await?),
        }
        done.retain(|refreshed| !refreshed.changes.is_empty());
        if session.json {
            return session.show_json(&done);
        }
        for refreshed in &done {
            for change in &refreshed.changes {
                let (table, change) = (harmless(&refreshed.table), harmless(&change.to_string()));
                session.screen.line(format_args!("{}: {change}", STRONG.paint(table)))?;
            }
            if let Some(commit) = refreshed.commit {
                session.screen.line(format_args!("Commit {}", COMMIT.paint(short(commit))))?;
            }
        }
        if done.is_empty() {
            session.screen.line(WEAK.paint("Every history knows its table as it is."))?;
        }
        Ok(Exit::Fine)
    }
}
