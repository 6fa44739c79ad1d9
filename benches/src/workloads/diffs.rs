use dbvsg::{Reference, Vsg};
use futures_util::TryStreamExt;

use super::{
    names,
    reads::{head, touch},
};
use crate::{
    Error, Figure, Result, Run,
    measure::{Sample, Turns},
    person,
    run::close,
    side::Side,
};

/// Diffs of two commits with different numbers of changes between them, all over the table.
pub(crate) async fn diffs(run: &mut Run<'_>) -> Result<()> {
    let pairs = run.pairs().await?;
    for pair in &pairs {
        let vsg = pair.vsg();
        for changes in run.settings.scale.changes.clone().into_iter().filter(|changes| *changes <= pair.size) {
            let from = Reference::from(head(vsg).await?);
            touch(&Side::Versioned(vsg.clone()), pair.size, pair.size / changes).await?;
            let to = Reference::from(head(vsg).await?);
            let mut sample = Sample::default();
            for turn in Turns::within(run.settings.scale.turns / 8) {
                sample.time(turn, diff(vsg, &from, &to, changes)).await?;
            }
            run.add(Figure::time(names::DIFF, pair.size, &sample).of(changes))?;
        }
    }
    close(pairs).await
}

/// Reads a diff to its end.
async fn diff(vsg: &Vsg, from: &Reference, to: &Reference, changes: u64) -> Result<()> {
    let mut rows = std::pin::pin!(vsg.diff(person::TABLE, from, to).await?);
    let mut count = 0;
    while rows.try_next().await?.is_some() {
        count += 1;
    }
    if count == changes { Ok(()) } else { Err(Error::Unexpected(format!("{count} rows differ, not {changes}"))) }
}
