//! The same on a server: throughput of one and of eight clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dbvsg::{ConnectOptions, Vsg};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait, entity::prelude::*};

use crate::{Failure, person, ratio, row};

/// The same table, without versions.
mod plain {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "person_plain")]
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

const ROWS: i32 = 10_000;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

fn plain_row(id: usize) -> plain::ActiveModel {
    let person::ActiveModel { id: key, name, email, age, note } = row(id);
    plain::ActiveModel { id: key, name, email, age, note }
}

/// One write of a client; `n` differs from call to call.
#[derive(Clone, Copy)]
enum Work {
    Plain,
    Versioned,
    PlainTransaction,
    VersionedTransaction,
}

async fn update<C: ConnectionTrait>(db: &C, table: &str, n: u64) -> Result<(), Failure> {
    let backend = db.get_database_backend();
    let places = if backend == sea_orm::DbBackend::Postgres { ("$1", "$2") } else { ("?", "?") };
    let sql = format!("UPDATE {table} SET age = {} WHERE id = {}", places.0, places.1);
    let id = (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as i32 % ROWS + 1;
    db.execute_raw(Statement::from_sql_and_values(backend, sql, [Value::from(n as i32), id.into()])).await?;
    Ok(())
}

async fn work(vsg: &Vsg, db: &DatabaseConnection, work: Work, n: u64) -> Result<(), Failure> {
    match work {
        Work::Plain => update(db, "person_plain", n).await,
        Work::Versioned => update(db, "person", n).await,
        Work::PlainTransaction => {
            let txn = db.begin().await?;
            update(&txn, "person_plain", n).await?;
            Ok(txn.commit().await?)
        }
        Work::VersionedTransaction => {
            let txn = vsg.begin("ann").await?;
            update(&txn, "person", n).await?;
            txn.commit().await?;
            Ok(())
        }
    }
}

/// How many writes a second this many clients do.
async fn throughput(vsg: &Vsg, kind: Work, clients: usize) -> Result<f64, Failure> {
    let (stop, counter) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let running: Vec<_> = (0..clients)
        .map(|_| {
            let (vsg, db, stop, counter) = (vsg.clone(), vsg.connection(), stop.clone(), counter.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let n = counter.fetch_add(1, Ordering::Relaxed);
                    work(&vsg, &db, kind, n + begun.elapsed().as_nanos() as u64).await?;
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    tokio::time::sleep(ROUND).await;
    stop.store(true, Ordering::Relaxed);
    for client in running {
        client.await??;
    }
    Ok(counter.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// The two take turns, so that a moment's noise meets both.
async fn compare(vsg: &Vsg, what: &str, plain: Work, versioned: Work, clients: usize) -> Result<(), Failure> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(throughput(vsg, plain, clients).await?);
        b.push(throughput(vsg, versioned, clients).await?);
        vsg.seal().await?;
    }
    let (a, b) = (median(a), median(b));
    println!("{:<58} {:>6.2}   ({b:>8.0} / {a:>8.0} a second)", format!("{what}, {clients} client(s)"), b / a);
    Ok(())
}

async fn seal_cost(vsg: &Vsg) -> Result<(), Failure> {
    throughput(vsg, Work::Versioned, 8).await?;
    let begun = Instant::now();
    let commits = vsg.seal().await?;
    let micros = begun.elapsed().as_secs_f64() * 1e6 / commits as f64;
    println!("{:<58} {micros:>6.1} us", format!("sealing, a commit ({commits} commits)"));
    Ok(())
}

async fn bulk(vsg: &Vsg) -> Result<(), Failure> {
    let db = vsg.connection();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let ids: Vec<usize> = (0..10_000).map(|n| n + 100_000 + round * 10_000).collect();
        let begun = Instant::now();
        let txn = db.begin().await?;
        for chunk in ids.chunks(1000) {
            plain::Entity::insert_many(chunk.iter().map(|id| plain_row(*id))).exec(&txn).await?;
        }
        txn.commit().await?;
        a.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let txn = vsg.begin("ann").await?;
        for chunk in ids.chunks(1000) {
            person::Entity::insert_many(chunk.iter().map(|id| row(*id))).exec(&txn).await?;
        }
        txn.commit().await?;
        b.push(begun.elapsed().as_secs_f64());
    }
    let (a, b) = (median(a), median(b));
    ratio("bulk insert of 10,000 rows, time", Duration::from_secs_f64(b), Duration::from_secs_f64(a));
    Ok(())
}

async fn past(vsg: &Vsg) -> Result<(), Failure> {
    let db = vsg.connection();
    vsg.seal().await?;
    let middle = vsg.commit("HEAD").await?.uuid;
    db.execute_unprepared("UPDATE person SET age = age + 1 WHERE id % 10 = 0").await?;
    vsg.seal().await?;
    let then = vsg.as_of(middle).await?;
    let (mut live, mut old, mut key, mut old_key) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let count = person::Entity::find().all(&db).await?.len();
        live.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert_eq!(person::Entity::find().all(&then).await?.len(), count);
        old.push(begun.elapsed().as_secs_f64());
    }
    for n in 0..1000 {
        let id = n * 37 % ROWS + 1;
        let begun = Instant::now();
        person::Entity::find_by_id(id).one(&db).await?;
        key.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        person::Entity::find_by_id(id).one(&then).await?;
        old_key.push(begun.elapsed().as_secs_f64());
    }
    let time = |of| Duration::from_secs_f64(median(of));
    ratio("as-of full read / live full read", time(old), time(live));
    ratio("as-of read by key / live read by key", time(old_key), time(key));
    Ok(())
}

/// Measures on a database of its own: the tables `person` and `person_plain` must not be there.
pub async fn run(url: &str) -> Result<(), Failure> {
    let mut options = ConnectOptions::default();
    options.max_connections = 10;
    let vsg = Vsg::connect_with(url, &options).await?;
    vsg.create_table::<person::Entity>().await?;
    vsg.create_table::<plain::Entity>().await?;
    let db = vsg.connection();
    for chunk in (0..ROWS as usize).collect::<Vec<_>>().chunks(1000) {
        person::Entity::insert_many(chunk.iter().map(|id| row(*id))).exec(&db).await?;
        plain::Entity::insert_many(chunk.iter().map(|id| plain_row(*id))).exec(&db).await?;
    }
    vsg.track::<person::Entity>().await?;
    println!("{:<58} {:>6}", "versioned / plain, medians of rounds that take turns", "ratio");
    for clients in [1, 8] {
        compare(&vsg, "updates of one row, autocommit", Work::Plain, Work::Versioned, clients).await?;
    }
    for clients in [1, 8] {
        let (plain, versioned) = (Work::PlainTransaction, Work::VersionedTransaction);
        compare(&vsg, "updates of one row, in a transaction", plain, versioned, clients).await?;
    }
    seal_cost(&vsg).await?;
    bulk(&vsg).await?;
    past(&vsg).await
}
