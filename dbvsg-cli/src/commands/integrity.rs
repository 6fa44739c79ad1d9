//! Proof that the history is what it was.

use clap::Args;
use serde_json::json;

use crate::{
    arguments::Writing,
    failure::{Exit, Failure},
    output::{ADDED, COMMIT, REMOVED, count, harmless},
    progress::Progress,
    session::{Session, short},
};

/// Prove the history: every hash is computed anew, and every row compared with its newest version.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg verify && echo sound")]
pub(crate) struct Verify {}

impl Verify {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let working = Progress::new("Reading the whole history");
        let proof = session.vsg.verify().await?;
        drop(working);
        let exit = if proof.ok { Exit::Fine } else { Exit::Problems };
        if session.json {
            session.show_json(&proof)?;
            return Ok(exit);
        }
        let screen = &session.screen;
        for problem in &proof.problems {
            let mut place = problem.table.as_deref().map(harmless).unwrap_or_default();
            if let Some(commit) = &problem.commit {
                place = format!("{place} {commit}").trim_start().to_owned();
            }
            let line = format!("{place}: {}", harmless(&problem.problem));
            screen.line(REMOVED.paint(line.trim_start_matches(": ")))?;
        }
        let read = format!("{}, {}", count(proof.commits, "commit"), count(proof.rows, "version"));
        match proof.ok {
            true => screen.line(format_args!("{}: {read}", ADDED.paint("The history is sound")))?,
            false => screen.line(format_args!("{} in {read}", count(proof.problems.len() as u64, "problem")))?,
        }
        Ok(exit)
    }
}

/// Record rows that were changed behind the back of capture, so that history and tables agree again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg reconcile -m 'restored from tape'")]
pub(crate) struct Reconcile {
    #[command(flatten)]
    writing: Writing,
}

impl Reconcile {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let working = Progress::new("Comparing every row");
        let commit = session.vsg.reconcile(self.writing.author(&session.author)).await?;
        drop(working);
        if session.json {
            return session.show_json(&json!({"commit": commit}));
        }
        match commit {
            Some(commit) => session.screen.line(format_args!("RECONCILE {}", COMMIT.paint(short(commit))))?,
            None => session.screen.line("Every row is what its history says.")?,
        }
        Ok(Exit::Fine)
    }
}
