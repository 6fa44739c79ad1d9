use dbvsg::ApplyOptions;

use super::{names, reads::touch};
use crate::{
    Error, Figure, Result, Run,
    measure::{Sample, Turns},
    person,
    run::close,
    side::Side,
};

/// How many rows the commit changed that is taken back.
const CHANGES: u64 = 100;

/// Rollbacks of a commit, and their dry runs.
pub(crate) async fn rollbacks(run: &mut Run<'_>) -> Result<()> {
    let pairs = run.pairs().await?;
    for pair in &pairs {
        let (vsg, options) = (pair.vsg(), ApplyOptions::table(person::TABLE));
        let (mut dry, mut real) = (Sample::default(), Sample::default());
        for turn in Turns::within(run.settings.scale.turns / 2) {
            touch(&Side::Versioned(vsg.clone()), pair.size, pair.size / CHANGES).await?;
            vsg.seal().await?;
            let told = dry.time(turn, async { Ok(vsg.rollback("ann", &options.clone().dry_run()).await?) }).await?;
            let done = real.time(turn, async { Ok(vsg.rollback("ann", &options).await?) }).await?;
            if told.rows() != CHANGES || done.rows() != CHANGES {
                let (told, done) = (told.rows(), done.rows());
                return Err(Error::Unexpected(format!("{told} and {done} rows were taken back, not {CHANGES}")));
            }
        }
        run.add(Figure::time(names::DRY_RUN, pair.size, &dry).of(CHANGES))?;
        run.add(Figure::time(names::ROLLBACK, pair.size, &real).of(CHANGES))?;
    }
    close(pairs).await
}
