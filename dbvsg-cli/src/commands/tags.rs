//! Names for commits, and what people say about them.

use clap::Args;
use dbvsg::{Key, Reference};
use serde_json::json;

use crate::{
    arguments::By,
    failure::{Exit, Failure},
    output::{COMMIT, Grid, harmless},
    session::{Session, head, short},
};

/// Give a commit a name.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg tag v1\n  dbvsg tag before-import HEAD~1 -m 'as it was on Friday'")]
pub(crate) struct Tag {
    /// The name.
    name: String,
    /// The commit; HEAD if it is left out.
    #[arg(value_name = "REF")]
    reference: Option<Reference>,
    /// A remark.
    #[arg(long, short)]
    message: Option<String>,
    #[command(flatten)]
    by: By,
}

impl Tag {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let author = self.by.author(&session.author);
        let reference = self.reference.clone().unwrap_or_else(head);
        let tag = session.vsg.tag(author, &self.name, reference, self.message.as_deref()).await?;
        if session.json {
            return session.show_json(&tag);
        }
        session.screen.line(format_args!("{} is {}", harmless(&tag.name), COMMIT.paint(short(tag.commit))))?;
        Ok(Exit::Fine)
    }
}

/// List the tags.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg tags --all")]
pub(crate) struct Tags {
    /// Deleted ones, too.
    #[arg(long)]
    all: bool,
}

/// How many tags are read at a time.
const PAGE: u64 = 1000;

impl Tags {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let mut tags = Vec::new();
        loop {
            let page = session.vsg.tags(self.all, PAGE, tags.len() as u64).await?;
            let is_last = page.items.len() < PAGE as usize;
            tags.extend(page.items);
            if is_last {
                break;
            }
        }
        if session.json {
            return session.show_json(&tags);
        }
        let mut grid = Grid::new(&session.screen, ["tag", "commit", "when", "who", ""]);
        for tag in tags {
            let mut remark = tag.comment.unwrap_or_default();
            if let (Some(at), Some(by)) = (tag.deleted_at, &tag.deleted_by) {
                remark = format!("{remark} (deleted {} by {by})", at.format("%Y-%m-%d %H:%M")).trim_start().to_owned();
            }
            let at = tag.created_at.format("%Y-%m-%d %H:%M").to_string();
            grid.push(vec![tag.name, short(tag.commit), at, tag.actor, remark])?;
        }
        grid.end()?;
        Ok(Exit::Fine)
    }
}

/// Delete a tag; that it was there stays known.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg untag v1")]
pub(crate) struct Untag {
    /// The name.
    name: String,
    #[command(flatten)]
    by: By,
}

impl Untag {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        session.vsg.untag(self.by.author(&session.author), &self.name).await?;
        if session.json {
            return session.show_json(&json!({"status": "deleted"}));
        }
        session.screen.line(format_args!("{} is deleted", harmless(&self.name)))?;
        Ok(Exit::Fine)
    }
}

/// Say something about a commit, or about a version of a row.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg comment HEAD 'checked against the invoices'\n  \
                        dbvsg comment HEAD 'a typo' --table users --key 7 --row-version 3")]
pub(crate) struct Comment {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// What is said.
    text: String,
    /// The table of a row that the commit changed.
    #[arg(long, requires_all = ["key", "row_version"])]
    table: Option<String>,
    /// The key of that row.
    #[arg(long, requires = "table")]
    key: Option<String>,
    /// The number of the version, as `history` gives it.
    #[arg(long, value_name = "N", requires = "table")]
    row_version: Option<u64>,
    #[command(flatten)]
    by: By,
}

impl Comment {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let author = self.by.author(&session.author);
        let said = match (&self.table, &self.key, self.row_version) {
            (Some(table), Some(key), Some(number)) => {
                let tracked = session.vsg.tracked(table).await?;
                let key = Key::parse(&tracked.table, key)?;
                let commit = session.vsg.as_of_in(Some(table), &self.reference).await?.commit();
                let made_by = session.vsg.version(table, &key, number).await?.change.commit;
                if made_by != commit {
                    let detail =
                        format!("version {number} was made by commit {made_by}, not by {commit}; comment on it there");
                    return Err(Failure::Refused { detail, exit: Exit::Problems });
                }
                session.vsg.comment_version(author, table, &key, number, &self.text).await?
            }
            _ => session.vsg.comment(author, &self.reference, &self.text).await?,
        };
        if session.json {
            return session.show_json(&said);
        }
        session.screen.line("It is said.")?;
        Ok(Exit::Fine)
    }
}
