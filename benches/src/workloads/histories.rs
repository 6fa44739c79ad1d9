use dbvsg::{Key, LogFilter, Value};

use super::{
    names,
    reads::{head, touch},
};
use crate::{
    Error, Figure, Result, Run,
    measure::{Sample, Turns},
    person,
    run::close,
    side::{Side, Way},
};

/// How many versions the row has, at least.
const VERSIONS: u64 = 100;

/// How many commits a page of the log has.
const PAGE: u64 = 50;

/// All versions of a row, and the newest commits.
pub(crate) async fn histories(run: &mut Run<'_>) -> Result<()> {
    let pairs = run.pairs().await?;
    for pair in &pairs {
        let (vsg, lasts) = (pair.vsg(), run.settings.scale.turns / 8);
        for _ in 0..VERSIONS {
            let write = Side::Versioned(vsg.clone()).begin(Way::Transaction).await?;
            person::age(&write, 1).await?;
            write.end().await?;
        }
        // Some commits of another kind on top, so that the page is not all the same.
        touch(&Side::Versioned(vsg.clone()), pair.size, pair.size).await?;
        head(vsg).await?;
        let (mut history, mut log) = (Sample::default(), Sample::default());
        let key = Key(vec![Value::Integer(1)]);
        for turn in Turns::within(lasts) {
            let page = history.time(turn, async { Ok(vsg.history(person::TABLE, &key, VERSIONS, 0).await?) }).await?;
            expect(VERSIONS, page.items.len())?;
        }
        let mut filter = LogFilter::default();
        filter.limit = PAGE;
        for turn in Turns::within(lasts) {
            let page = log.time(turn, async { Ok(vsg.log(&filter).await?) }).await?;
            expect(PAGE, page.items.len())?;
        }
        run.add(Figure::time(names::HISTORY, pair.size, &history).of(VERSIONS))?;
        run.add(Figure::time(names::LOG, pair.size, &log).of(PAGE))?;
    }
    close(pairs).await
}

fn expect(expected: u64, found: usize) -> Result<()> {
    if found as u64 == expected {
        return Ok(());
    }
    Err(Error::Unexpected(format!("a page has {found} items, not {expected}")))
}
