//! The commands: each reads its arguments, asks the engine, and shows the answer.

mod at;
mod audit;
mod backup;
mod completions;
mod csv;
mod diff;
mod git;
mod integrity;
mod log;
mod prune;
mod rows;
mod serve;
mod show;
mod sql;
mod tables;
mod tags;
mod tracking;

use clap::Subcommand;

use crate::{
    failure::{Exit, Failure},
    session::Session,
};

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Tables(tables::Tables),
    Enable(tracking::Enable),
    Disable(tracking::Disable),
    Refresh(tracking::Refresh),
    Sql(sql::Sql),
    Log(log::Log),
    Show(show::Show),
    Diff(diff::Diff),
    At(at::At),
    History(rows::History),
    Blame(rows::Blame),
    Rollback(git::Rollback),
    Checkout(git::Checkout),
    Restore(git::Restore),
    Merge(git::Merge),
    Revert(git::Revert),
    CherryPick(git::CherryPick),
    Tag(tags::Tag),
    Tags(tags::Tags),
    Untag(tags::Untag),
    Comment(tags::Comment),
    Audit(audit::Audit),
    Verify(integrity::Verify),
    Reconcile(integrity::Reconcile),
    Prune(prune::Prune),
    Export(csv::Export),
    Import(csv::Import),
    Backup(backup::Backup),
    RestoreBackup(backup::RestoreBackup),
    Serve(serve::Serve),
    Completions(completions::Completions),
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Tables(tables) => tables.run(session).await,
        Command::Enable(enable) => enable.run(session).await,
        Command::Disable(disable) => disable.run(session).await,
        Command::Refresh(refresh) => refresh.run(session).await,
        Command::Sql(sql) => sql.run(session).await,
        Command::Log(log) => log.run(session).await,
        Command::Show(show) => show.run(session).await,
        Command::Diff(diff) => diff.run(session).await,
        Command::At(at) => at.run(session).await,
        Command::History(history) => history.run(session).await,
        Command::Blame(blame) => blame.run(session).await,
        Command::Rollback(rollback) => rollback.run(session).await,
        Command::Checkout(checkout) => checkout.run(session).await,
        Command::Restore(restore) => restore.run(session).await,
        Command::Merge(merge) => merge.run(session).await,
        Command::Revert(revert) => revert.run(session).await,
        Command::CherryPick(pick) => pick.run(session).await,
        Command::Tag(tag) => tag.run(session).await,
        Command::Tags(tags) => tags.run(session).await,
        Command::Untag(untag) => untag.run(session).await,
        Command::Comment(comment) => comment.run(session).await,
        Command::Audit(audit) => audit.run(session).await,
        Command::Verify(verify) => verify.run(session).await,
        Command::Reconcile(reconcile) => reconcile.run(session).await,
        Command::Prune(prune) => prune.run(session).await,
        Command::Export(export) => export.run(session).await,
        Command::Import(import) => import.run(session).await,
        Command::Backup(backup) => backup.run(session).await,
        Command::RestoreBackup(restore) => restore.run(session).await,
        Command::Serve(serve) => serve.run(session).await,
        Command::Completions(completions) => completions.run(),
    }
}
