//! Rollback and its kin: what would be done is shown first, and then done, or nothing is.

use std::fmt::Write;

use clap::Args;
use dbvsg::{Applied, ApplyOptions, Author, Reference, Tables};

use crate::{
    arguments::Writing,
    confirm::Caution,
    failure::{Exit, Failure},
    output::{ADDED, CHANGED, COMMIT, REMOVED, STRONG, WEAK, conflict, count, difference, grouped, harmless, tell},
    progress::Progress,
    session::{Call, Session, segment, short},
};

/// How many rows of a table a plan shows.
const SHOWN: u64 = 10;

/// How an operation is carried out.
#[derive(Args, Debug)]
struct Options {
    /// Only this table; '*' for all tracked tables; the tables of the commit if it is left out.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    #[command(flatten)]
    caution: Caution,
    #[command(flatten)]
    writing: Writing,
}

/// Undo the newest commit; with a REF, undo all commits after that one.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg rollback\n  dbvsg rollback HEAD~3 --table users --dry-run")]
pub(crate) struct Rollback {
    /// The commit to go back to.
    #[arg(value_name = "REF")]
    reference: Option<Reference>,
    #[command(flatten)]
    options: Options,
}

/// Make a new commit with the state of another one.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg checkout v1 --table '*' -m 'back to the release'")]
pub(crate) struct Checkout {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    #[command(flatten)]
    options: Options,
}

/// Make a commit current again, without a new one in the log.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg restore HEAD~1 --table users")]
pub(crate) struct Restore {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    #[command(flatten)]
    options: Options,
}

/// Put the rows of a past state over those of now; rows that came since stay.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg merge 2026-01-31T12:00:00Z --table prices")]
pub(crate) struct Merge {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    #[command(flatten)]
    options: Options,
}

/// Take back what one commit did, and keep what came later.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg revert 0f8fad5")]
pub(crate) struct Revert {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    #[command(flatten)]
    options: Options,
}

/// Do again what one commit did.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg cherry-pick 0f8fad5 --table users")]
pub(crate) struct CherryPick {
    /// The commit.
    #[arg(value_name = "REF")]
    reference: Reference,
    #[command(flatten)]
    options: Options,
}

impl Rollback {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        run(session, Action::Rollback(self.reference.as_ref()), &self.options).await
    }
}

impl Checkout {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        run(session, Action::Checkout(&self.reference), &self.options).await
    }
}

impl Restore {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        run(session, Action::Restore(&self.reference), &self.options).await
    }
}

impl Merge {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        run(session, Action::Merge(&self.reference), &self.options).await
    }
}

impl Revert {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let reference = named(session, &self.reference, &self.options).await?;
        run(session, Action::Revert(&reference), &self.options).await
    }
}

impl CherryPick {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let reference = named(session, &self.reference, &self.options).await?;
        run(session, Action::CherryPick(&reference), &self.options).await
    }
}

/// What is to be done.
#[derive(Clone, Copy)]
enum Action<'a> {
    Rollback(Option<&'a Reference>),
    Checkout(&'a Reference),
    Restore(&'a Reference),
    Merge(&'a Reference),
    Revert(&'a Reference),
    CherryPick(&'a Reference),
}

impl Action<'_> {
    async fn apply(self, session: &Session, author: Author, options: &ApplyOptions) -> Result<Applied, Failure> {
        let vsg = &session.vsg;
        let applied = match self {
            Self::Rollback(None) => vsg.rollback(author, options).await,
            Self::Rollback(Some(reference)) => vsg.rollback_to(author, reference, options).await,
            Self::Checkout(reference) => vsg.checkout(author, reference, options).await,
            Self::Restore(reference) => vsg.restore_to(author, reference, options).await,
            Self::Merge(reference) => vsg.merge(author, reference, options).await,
            Self::Revert(reference) => vsg.revert(author, reference, options).await,
            Self::CherryPick(reference) => vsg.cherry_pick(author, reference, options).await,
        };
        Ok(applied?)
    }

    /// The path of the call of the REST interface that does the same.
    fn path(self) -> String {
        let (name, reference) = match self {
            Self::Rollback(reference) => ("rollback", reference),
            Self::Checkout(reference) => ("checkout", Some(reference)),
            Self::Restore(reference) => ("restore", Some(reference)),
            Self::Merge(reference) => ("merge", Some(reference)),
            Self::Revert(reference) => ("revert", Some(reference)),
            Self::CherryPick(reference) => ("cherry-pick", Some(reference)),
        };
        match reference {
            Some(reference) => format!("/vsg/{name}/{}", segment(&reference.to_string())),
            None => format!("/vsg/{name}"),
        }
    }
}

/// The commit whose tables are meant where none is named.
async fn named(session: &Session, reference: &Reference, options: &Options) -> Result<Reference, Failure> {
    Ok(match options.table {
        Some(_) => reference.clone(),
        None => session.vsg.as_of(reference).await?.commit().into(),
    })
}

async fn run(session: &Session, action: Action<'_>, options: &Options) -> Result<Exit, Failure> {
    let mut author = options.writing.author(&session.author);
    let tables = match options.table.as_deref() {
        None => Tables::OfCommit,
        Some("*") => Tables::All,
        Some(table) => Tables::Only(table.to_owned()),
    };
    let mut plan = ApplyOptions::default().preview(SHOWN).dry_run();
    plan.tables = tables;
    if session.json {
        if !options.caution.dry_run {
            options.caution.asking.confirm(session, "").await?;
        }
        let call = Call::post(action.path(), author).with("table", options.table.as_ref());
        return session.show_call(call.with("dry_run", options.caution.dry_run.then_some("true"))).await;
    }
    let working = Progress::new("Comparing");
    let planned = action.apply(session, author.clone(), &plan).await?;
    drop(working);
    if !show(session, &planned).await? {
        return Ok(Exit::Conflict);
    }
    let is_reset = matches!(action, Action::Restore(_));
    if planned.changes.is_empty() && !is_reset {
        session.screen.line("Nothing is to be changed.")?;
        return Ok(Exit::Fine);
    }
    if options.caution.dry_run {
        return Ok(Exit::Fine);
    }
    options.caution.asking.confirm(session, &format!("Change {}?", count(planned.rows(), "row"))).await?;
    // What was shown is what is done: on any other state, nothing is.
    author.expected_parent = author.expected_parent.or(planned.parent.map(Reference::from));
    let working = Progress::new(format!("Changing {}", count(planned.rows(), "row")));
    plan.dry_run = false;
    let applied = action.apply(session, author, &plan).await?;
    drop(working);
    if !applied.conflicts.is_empty() {
        show(session, &applied).await?;
        return Ok(Exit::Conflict);
    }
    match applied.commit {
        Some(commit) if is_reset => {
            session.screen.line(format_args!("{} is current again", COMMIT.paint(short(commit))))?;
        }
        Some(commit) => {
            session.screen.line(format_args!("{} {}", applied.operation, COMMIT.paint(short(commit))))?;
        }
        None => session.screen.line("Nothing was to be changed.")?,
    }
    Ok(Exit::Fine)
}

/// Shows what would be done. Whether it can be.
async fn show(session: &Session, planned: &Applied) -> Result<bool, Failure> {
    let screen = &session.screen;
    for changes in &planned.changes {
        let mut line = STRONG.paint(harmless(&changes.table));
        let parts = [
            (ADDED, changes.inserted, "to insert"),
            (CHANGED, changes.updated, "to update"),
            (REMOVED, changes.deleted, "to delete"),
        ];
        for (paint, number, what) in parts.into_iter().filter(|(_, number, _)| *number > 0) {
            _ = write!(line, "  {}", paint.paint(format_args!("{} {what}", grouped(number))));
        }
        screen.line(line)?;
        let Some(preview) = planned.preview.iter().find(|preview| preview.table == changes.table) else { continue };
        let tracked = session.vsg.tracked(&changes.table).await?;
        for row in &preview.rows {
            screen.line(format_args!("    {}", difference(&tracked.table, row)))?;
        }
        let left = (changes.inserted + changes.updated + changes.deleted).saturating_sub(preview.rows.len() as u64);
        if left > 0 {
            screen.line(WEAK.paint(format_args!("    … and {} more", grouped(left))))?;
        }
    }
    for found in &planned.conflicts {
        let tracked = session.vsg.tracked(&found.table).await?;
        screen.line(format_args!("{} {}", harmless(&found.table), conflict(&tracked.table, found)))?;
    }
    for note in &planned.notes {
        tell(format_args!("note: {}", harmless(note)));
    }
    let conflicts = planned.conflicts.len() as u64;
    if conflicts > 0 {
        let rows = count(conflicts, "row");
        tell(format_args!(
            "{rows} cannot be brought together, so nothing is changed; change them first, or go back to a whole state with checkout"
        ));
    }
    Ok(conflicts == 0)
}
