//! One operation, from the request to the engine and back.

use dbvsg::{Applied, ApplyOptions, Author, Tables};

use super::answer;
use crate::{call::Call, problem::Problem, reply::Reply};

/// Which of them.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Rollback,
    RollbackTo,
    Restore,
    Merge,
    Checkout,
    Revert,
    CherryPick,
}

pub(super) async fn run(kind: Kind, call: Call) -> Reply {
    let mut options = ApplyOptions::default();
    options.tables = match call.text("table") {
        None => Tables::OfCommit,
        Some("*") => Tables::All,
        Some(name) => Tables::Only(call.table(name).await?),
    };
    options.dry_run = call.flag("dry_run", false)?;
    let author = call.expecting_author()?;
    let applied = apply(kind, &call, author, &options).await?;
    answer::answer(&call, kind, &applied, &options).await
}

async fn apply(kind: Kind, call: &Call, author: Author, options: &ApplyOptions) -> Result<Applied, Problem> {
    let vsg = call.vsg();
    if kind == Kind::Rollback {
        return Ok(vsg.rollback(author, options).await?);
    }
    let reference = call.reference_segment("ref")?;
    let applied = match kind {
        Kind::Rollback | Kind::RollbackTo => vsg.rollback_to(author, reference, options).await,
        Kind::Restore => vsg.restore_to(author, reference, options).await,
        Kind::Merge => vsg.merge(author, reference, options).await,
        Kind::Checkout => vsg.checkout(author, reference, options).await,
        Kind::Revert => vsg.revert(author, reference, options).await,
        Kind::CherryPick => vsg.cherry_pick(author, reference, options).await,
    };
    Ok(applied?)
}
