use sea_orm::{ActiveModelTrait, EntityTrait};

use super::{SEED, names};
use crate::{
    Error, Figure, Result, Run,
    measure::{Sample, Turn, Turns},
    person,
    run::close,
    side::{Side, Way},
};

/// How many rows are inserted, updated and deleted in a turn.
const ROWS: usize = 10;

/// The samples of one side: of its inserts, updates and deletes.
type Samples = [Sample; 3];

/// Single-row writes through models. Tables of all sizes take turns, too: what a commit costs in a large table is compared
/// with what it costs in a small one.
pub(crate) async fn writes(run: &mut Run<'_>) -> Result<()> {
    // One for all of it: numbers that came again would update rows to what they are.
    let mut random = fastrand::Rng::with_seed(SEED);
    for durability in run.engine().durabilities() {
        let pairs = run.pairs_with(*durability).await?;
        for way in Way::ALL {
            let mut samples: Vec<[Samples; 2]> = pairs.iter().map(|_| Default::default()).collect();
            let mut writes = 0;
            for turn in Turns::within(run.settings.scale.turns * 2) {
                writes += 3 * ROWS as u64;
                let seed = random.u64(..);
                for (pair, samples) in pairs.iter().zip(&mut samples) {
                    for (side, samples) in pair.sides().iter().zip(samples) {
                        write(side, way, turn, fastrand::Rng::with_seed(seed), pair.size, samples).await?;
                    }
                }
            }
            for (pair, [plain, versioned]) in pairs.iter().zip(&samples) {
                for (what, (plain, versioned)) in names::WRITES.into_iter().zip(plain.iter().zip(versioned)) {
                    let name = names::write(what, way, durability.suffix());
                    run.add(Figure::times(name, pair.size, plain, versioned))?;
                }
                let commits = pair.vsg().seal().await?;
                if commits != writes {
                    return Err(Error::Unexpected(format!(
                        "{writes} writes were {commits} commits: some changed nothing"
                    )));
                }
            }
        }
        close(pairs).await?;
    }
    Ok(())
}

/// Inserts rows, updates others, and deletes those that were inserted, so that the table stays as large as it was.
async fn write(
    side: &Side,
    way: Way,
    turn: Turn,
    mut random: fastrand::Rng,
    size: u64,
    [inserts, updates, deletes]: &mut Samples,
) -> Result<()> {
    let mut inserted = Vec::with_capacity(ROWS);
    for _ in 0..ROWS {
        let row = person::row(random.u64(..size));
        let insert = async {
            let write = side.begin(way).await?;
            let id = row.insert(&write).await?.id;
            write.end().await?;
            Ok(id)
        };
        inserted.push(inserts.time(turn, insert).await?);
    }
    for _ in 0..ROWS {
        // Another age than any row has.
        let (id, age) = (random.i32(1..=size as i32), random.i32(1000..));
        let update = async {
            let write = side.begin(way).await?;
            person::update(&write, id, age).await?;
            write.end().await
        };
        updates.time(turn, update).await?;
    }
    for id in inserted {
        let delete = async {
            let write = side.begin(way).await?;
            person::Entity::delete_by_id(id).exec(&write).await?;
            write.end().await
        };
        deletes.time(turn, delete).await?;
    }
    Ok(())
}
