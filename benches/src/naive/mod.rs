//! What an application would do to keep a history by itself, measured beside DBVSG.

mod audit;
mod copy;

use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, Schema, Statement};

use crate::{
    Engine, Error, Figure, Result, Run,
    measure::{Sample, Turns},
    person,
    run::close,
    side::{Side, Way},
    workloads::{SEED, names},
};

/// How many updates a turn has of each way that is quick.
const UPDATES: usize = 10;

/// Ages that no row has, so that each update changes something.
const AGES: std::ops::Range<i32> = 1000..1_000_000_000;

/// The most bytes that a row has as JSON.
const ROW: u64 = 200;

/// An update of one row in a transaction: without versions, with DBVSG, with an audit row that the application writes, and
/// with a copy of the whole table as JSON.
pub(crate) async fn naive(run: &mut Run<'_>) -> Result<()> {
    let engine = run.engine();
    let pairs = run.pairs().await?;
    for pair in pairs.iter().filter(|pair| pair.size <= run.settings.scale.copied) {
        let [plain, versioned] = pair.sides();
        let db = plain.db();
        prepare(&db, engine, pair.size).await?;
        let [mut without, mut dbvsg, mut audited, mut copied] = <[Sample; 4]>::default();
        let mut random = fastrand::Rng::with_seed(SEED);
        for turn in Turns::within(run.settings.scale.turns) {
            let updates = [(); UPDATES].map(|()| (random.i32(1..=pair.size as i32), random.i32(AGES)));
            for (id, age) in updates {
                without.time(turn, update(&plain, id, age)).await?;
            }
            for (id, age) in updates {
                dbvsg.time(turn, update(&versioned, id, age)).await?;
            }
            for (id, age) in updates {
                audited.time(turn, audit::update(&plain, id, age + 1)).await?;
            }
            for (id, age) in updates.into_iter().take(1) {
                copied.time(turn, copy::update(&plain, id, age + 2)).await?;
            }
            // There need not be room for all of them.
            copy::Entity::delete_many().exec(&db).await?;
        }
        pair.vsg().seal().await?;
        for (name, sample) in [(names::DBVSG, &dbvsg), (names::AUDIT, &audited), (names::COPY, &copied)] {
            run.add(Figure::times(name, pair.size, &without, sample))?;
        }
    }
    close(pairs).await
}

async fn update(side: &Side, id: i32, age: i32) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    person::update(&write, id, age).await?;
    write.end().await
}

/// Makes the tables that the naive ways write to.
async fn prepare(db: &DatabaseConnection, engine: Engine, size: u64) -> Result<()> {
    if engine == Engine::MariaDb {
        let query = Statement::from_string(engine.backend(), "SELECT CAST(@@max_allowed_packet AS SIGNED)");
        let packet: Option<i64> = db.query_one_raw(query).await?.map(|row| row.try_get_by_index(0)).transpose()?;
        if packet.is_some_and(|packet| packet.unsigned_abs() < size * ROW) {
            let reason = format!("a table of {size} rows is copied as JSON: set max_allowed_packet to {}", size * ROW);
            return Err(Error::Settings(reason));
        }
    }
    let schema = Schema::new(engine.backend());
    db.execute(schema.create_table_from_entity(audit::Entity).if_not_exists()).await?;
    db.execute(schema.create_table_from_entity(copy::Entity).if_not_exists()).await?;
    Ok(())
}
