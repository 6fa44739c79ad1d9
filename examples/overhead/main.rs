//! What versioning costs, as ratios of two measurements in one run. On SQLite:
//! `cargo run --release --example overhead [ROWS]`; on an empty database of a server:
//! `cargo run --release --example overhead URL`.

mod server;

use std::time::{Duration, Instant};

use dbvsg::{ConnectOptions, Synchronous, Vsg};
use futures_util::TryStreamExt;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, Set, StreamTrait, entity::prelude::*};

mod person {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub email: String,
        pub age: i32,
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn row(id: usize) -> person::ActiveModel {
    person::ActiveModel {
        name: Set(format!("Person number {id}")),
        email: Set(format!("person-{id}@example.org")),
        age: Set((id % 90) as i32),
        note: Set("some forty characters of text to be real".into()),
        ..Default::default()
    }
}

/// The median time of one call.
async fn median(times: usize, mut call: impl AsyncFnMut(usize) -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut took = Vec::with_capacity(times);
    for n in 0..times {
        let begun = Instant::now();
        call(n).await?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(took[times / 2])
}

struct Side {
    vsg: Vsg,
    db: DatabaseConnection,
}

async fn side(dir: &std::path::Path, name: &str, synchronous: Synchronous, tracked: bool) -> Result<Side, Failure> {
    let url = format!("sqlite://{}/{name}.db?mode=rwc", dir.display());
    let mut options = ConnectOptions::default();
    options.synchronous = synchronous;
    let vsg = Vsg::connect_with(&url, &options).await?;
    vsg.create_table::<person::Entity>().await?;
    if tracked {
        vsg.track::<person::Entity>().await?;
    }
    let db = vsg.connection();
    for chunk in (0..1000).collect::<Vec<_>>().chunks(500) {
        person::Entity::insert_many(chunk.iter().map(|id| row(*id))).exec(&db).await?;
    }
    vsg.seal().await?;
    Ok(Side { vsg, db })
}

async fn update(db: &impl ConnectionTrait, n: usize) -> Result<(), Failure> {
    let changes =
        person::ActiveModel { id: Set((n % 1000) as i32 + 1), age: Set(n as i32 + 1000), ..Default::default() };
    changes.update(db).await?;
    Ok(())
}

fn ratio(what: &str, versioned: Duration, plain: Duration) {
    let factor = versioned.as_secs_f64() / plain.as_secs_f64();
    println!("{what:<58} {factor:>6.2}   ({versioned:>10.1?} / {plain:>10.1?})");
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let asked = std::env::args().nth(1);
    if let Some(url) = asked.as_ref().filter(|asked| asked.contains("://")) {
        return server::run(url).await;
    }
    let rows: usize = asked.and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir()?;
    println!("{:<58} {:>6}", "versioned / plain, medians of one run", "ratio");
    for (label, synchronous, times) in [("full", Synchronous::Full, 400), ("normal", Synchronous::Normal, 2000)] {
        let plain = side(dir.path(), &format!("plain-{label}"), synchronous, false).await?;
        let versioned = side(dir.path(), &format!("versioned-{label}"), synchronous, true).await?;
        let a = median(times, async |n| update(&plain.db, n).await).await?;
        let b = median(times, async |n| update(&versioned.db, n).await).await?;
        ratio(&format!("one update, autocommit, sync {label}"), b, a);
        let insert = async |db: &DatabaseConnection, n: usize| -> Result<(), Failure> {
            row(n + 5000).insert(db).await?;
            Ok(())
        };
        let a = median(times, async |n| insert(&plain.db, n).await).await?;
        let b = median(times, async |n| insert(&versioned.db, n).await).await?;
        ratio(&format!("one insert, autocommit, sync {label}"), b, a);
        let a = median(times, async |n| {
            use sea_orm::TransactionTrait;
            let txn = plain.db.begin().await?;
            update(&txn, n + 100_000).await?;
            Ok(txn.commit().await?)
        })
        .await?;
        let b = median(times, async |n| {
            let txn = versioned.vsg.begin("ann").await?;
            update(&txn, n + 100_000).await?;
            txn.commit().await?;
            Ok(())
        })
        .await?;
        ratio(&format!("one update in a transaction, sync {label}"), b, a);
        let begun = Instant::now();
        let commits = versioned.vsg.seal().await?;
        println!(
            "{:<58} {:>6.1} us",
            format!("sealing, a commit ({commits} commits)"),
            begun.elapsed().as_secs_f64() * 1e6 / commits as f64
        );
    }
    bulk_and_past(dir.path(), rows).await
}

async fn bulk_and_past(dir: &std::path::Path, rows: usize) -> Result<(), Failure> {
    let plain = side(dir, "plain-bulk", Synchronous::Normal, false).await?;
    let versioned = side(dir, "versioned-bulk", Synchronous::Normal, true).await?;
    let bulk = async |db: &DatabaseConnection| -> Result<(), Failure> {
        use sea_orm::TransactionTrait;
        let txn = db.begin().await?;
        for chunk in (0..10_000).collect::<Vec<_>>().chunks(1000) {
            person::Entity::insert_many(chunk.iter().map(|id| row(*id))).exec(&txn).await?;
        }
        Ok(txn.commit().await?)
    };
    let a = median(5, async |_| bulk(&plain.db).await).await?;
    let b = median(5, async |_| bulk(&versioned.db).await).await?;
    ratio("bulk insert of 10,000 rows", b, a);

    let past = side(dir, "past", Synchronous::Normal, true).await?;
    for start in (0..rows).step_by(1000) {
        person::Entity::insert_many((start..start + 1000).map(row)).exec(&past.db).await?;
    }
    past.vsg.seal().await?;
    let middle = past.vsg.commit("HEAD").await?.uuid;
    past.db.execute_unprepared("UPDATE person SET age = age + 1 WHERE id % 10 = 0").await?;
    past.vsg.seal().await?;
    async fn read(db: &(impl StreamTrait + ConnectionTrait)) -> Result<(), Failure> {
        let mut rows = person::Entity::find().stream(db).await?;
        while rows.try_next().await?.is_some() {}
        Ok(())
    }
    let then = past.vsg.as_of(middle).await?;
    let a = median(5, async |_| read(&past.db).await).await?;
    let b = median(5, async |_| read(&then).await).await?;
    ratio(&format!("as-of full read / live full read, {rows} rows"), b, a);
    let a = median(2000, async |n| {
        person::Entity::find_by_id((n * 37 % rows) as i32 + 1).one(&past.db).await?;
        Ok(())
    })
    .await?;
    let b = median(2000, async |n| {
        person::Entity::find_by_id((n * 37 % rows) as i32 + 1).one(&then).await?;
        Ok(())
    })
    .await?;
    ratio("as-of read by key / live read by key", b, a);
    let begun = Instant::now();
    let proof = past.vsg.verify().await?;
    println!(
        "{:<58} {:>6.1} us a version (sound: {})",
        "verify",
        begun.elapsed().as_secs_f64() * 1e6 / proof.rows as f64,
        proof.ok
    );
    Ok(())
}
