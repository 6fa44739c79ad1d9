use dbvsg::{CommitId, Vsg};
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, EntityTrait, StreamTrait};

use super::{SEED, names};
use crate::{
    Error, Figure, Result, Run,
    measure::alternate,
    person,
    run::close,
    side::{Side, Way},
    tables::Pair,
};

/// How many rows are read by their keys in a turn.
const KEYS: u64 = 50;

/// Every so manieth row is changed between the commits that are read at.
const STEP: u64 = 10;

/// Reads of one row and of all: of the tracked table as it is, against the plain one; and of the past, against the tracked
/// table as it is.
pub(crate) async fn reads(run: &mut Run<'_>) -> Result<()> {
    let pairs = run.pairs().await?;
    for pair in &pairs {
        let oldest = pair.vsg().commit("HEAD").await?.uuid;
        let (middle, newest) = (change(pair).await?, change(pair).await?);
        let live = pair.vsg().connection();
        compare(run, pair.size, names::LIVE, &pair.plain().db(), &live).await?;
        for (when, commit) in [(names::NEWEST, newest), (names::MIDDLE, middle), (names::OLDEST, oldest)] {
            compare(run, pair.size, when, &live, &pair.vsg().as_of(commit).await?).await?;
        }
    }
    close(pairs).await
}

async fn compare(
    run: &mut Run<'_>,
    size: u64,
    when: &str,
    plain: &(impl ConnectionTrait + StreamTrait),
    versioned: &(impl ConnectionTrait + StreamTrait),
) -> Result<()> {
    let lasts = run.settings.scale.turns / 4;
    let key = |n: u64| fastrand::Rng::with_seed(SEED + n).i32(1..=size as i32);
    let (one, other) =
        alternate(lasts, KEYS, async |n| by_key(plain, key(n)).await, async |n| by_key(versioned, key(n)).await)
            .await?;
    run.add(Figure::times(names::by_key(when), size, &one, &other))?;
    let (one, other) =
        alternate(lasts, 1, async |_| full(plain, size).await, async |_| full(versioned, size).await).await?;
    run.add(Figure::times(names::full(when), size, &one, &other))
}

async fn by_key(db: &impl ConnectionTrait, id: i32) -> Result<()> {
    let row = person::Entity::find_by_id(id).one(db).await?;
    row.map(drop).ok_or_else(|| Error::Unexpected(format!("row {id} is not there")))
}

/// All rows, one by one as models, and counted.
async fn full(db: &(impl ConnectionTrait + StreamTrait), size: u64) -> Result<()> {
    let mut rows = person::Entity::find().stream(db).await?;
    let mut count = 0;
    while rows.try_next().await?.is_some() {
        count += 1;
    }
    if count == size { Ok(()) } else { Err(Error::Unexpected(format!("{count} rows were read, not {size}"))) }
}

/// Changes a part of the rows on both sides.
async fn change(pair: &Pair) -> Result<CommitId> {
    for side in pair.sides() {
        touch(&side, pair.size, STEP).await?;
    }
    head(pair.vsg()).await
}

/// Changes every `step`th row in a transaction.
pub(super) async fn touch(side: &Side, size: u64, step: u64) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    person::touch(&write, size, step).await?;
    write.end().await
}

/// The newest commit, once all that was written is sealed.
pub(super) async fn head(vsg: &Vsg) -> Result<CommitId> {
    Ok(vsg.commit("HEAD").await?.uuid)
}
