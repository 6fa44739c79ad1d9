//! Many writers at once: nothing is lost, nothing is told in another order than it happened, and nobody waits for DBVSG.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dbvsg::{
    Error, Vsg,
    sea_orm::{ConnectionTrait, TransactionTrait},
};
use dbvsg_tests::{Engine, Scene, scenarios, try_outside};
use rand::{Rng, SeedableRng, rngs::StdRng};

scenarios!(every_past_is_a_replay_of_what_was_committed);
scenarios!(Postgres: writers_that_agree_on_an_order_never_deadlock, who_ends_late_comes_late);
scenarios!(MariaDb: writers_that_agree_on_an_order_never_deadlock, who_ends_late_comes_late);

const TABLES: [&str; 3] = ["apples", "pears", "plums"];
const KEYS: i64 = 500;
const WRITERS: u64 = 16;

/// What a transaction did to the rows it met: what they became, or that they are gone.
type Effects = Vec<((&'static str, i64), Option<i64>)>;

/// The writers' shared notes.
#[derive(Clone)]
struct Crowd {
    vsg: Vsg,
    engine: Engine,
    /// The last stamp given out. Each statement writes one that no other does.
    stamp: Arc<AtomicI64>,
    deadlocks: Arc<AtomicU64>,
}

/// A transaction that was committed, by the stamp of its mark.
type Committed = BTreeMap<i64, Effects>;

async fn crowd(engine: Engine) -> (Scene, Crowd) {
    let scene = Scene::new(engine).await;
    for table in TABLES {
        scene
            .sql(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, note VARCHAR(40))"))
            .await;
        let rows: Vec<String> = (1..=KEYS).map(|id| format!("({id}, 0)")).collect();
        scene.sql(&format!("INSERT INTO {table} (id, v) VALUES {}", rows.join(", "))).await;
        scene.vsg.enable(table).await.unwrap();
    }
    scene.sql("CREATE TABLE marks (id INTEGER PRIMARY KEY)").await;
    scene.vsg.enable("marks").await.unwrap();
    let mut options = dbvsg::ConnectOptions::default();
    options.max_connections = WRITERS as u32;
    let vsg = Vsg::connect_with(&scene.url(), &options).await.unwrap();
    let crowd = Crowd { vsg, engine, stamp: Arc::default(), deadlocks: Arc::default() };
    (scene, crowd)
}

impl Crowd {
    fn stamp(&self) -> i64 {
        self.stamp.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// One random statement, and what it did.
    async fn write<C: ConnectionTrait>(&self, db: &C, rng: &mut StdRng) -> Result<Effects, Error> {
        let (table, id, stamp) = (TABLES[rng.random_range(0..TABLES.len())], rng.random_range(1..=KEYS), self.stamp());
        let one = |done: u64, value| if done > 0 { vec![((table, id), value)] } else { Vec::new() };
        Ok(match rng.random_range(0..10) {
            0 => {
                one(db.execute_unprepared(&format!("DELETE FROM {table} WHERE id = {id}")).await?.rows_affected(), None)
            }
            1 | 2 => {
                let sql = self.engine.insert_or_ignore(table, &format!("{id}, {stamp}, NULL"));
                one(db.execute_unprepared(&sql).await?.rows_affected(), Some(stamp))
            }
            3 => {
                let sql = format!("UPDATE {table} SET v = {stamp} WHERE id BETWEEN {id} AND {}", id + 3);
                db.execute_unprepared(&sql).await?;
                let sql = format!("SELECT id FROM {table} WHERE v = {stamp}");
                let rows = db.query_all_raw(dbvsg::sea_orm::Statement::from_string(self.engine.backend(), sql)).await?;
                rows.iter()
                    .map(|row| ((table, i64::from(row.try_get::<i32>("", "id").unwrap())), Some(stamp)))
                    .collect()
            }
            4 => {
                // Changes nothing, so it is nothing.
                db.execute_unprepared(&format!("UPDATE {table} SET v = v WHERE id = {id}")).await?;
                Vec::new()
            }
            _ => {
                let sql = format!("UPDATE {table} SET v = {stamp}, note = 'by {stamp}' WHERE id = {id}");
                one(db.execute_unprepared(&sql).await?.rows_affected(), Some(stamp))
            }
        })
    }

    /// The statements of a transaction, ending in its mark.
    async fn body<C: ConnectionTrait>(&self, db: &C, rng: &mut StdRng) -> Result<(i64, Effects), Error> {
        let mut effects = Effects::new();
        // Short ones are the most frequent.
        let statements = rng.random_range(1..=20);
        for _ in 0..rng.random_range(1..=statements) {
            effects.extend(self.write(db, rng).await?);
        }
        let mark = self.stamp();
        db.execute_unprepared(&format!("INSERT INTO marks VALUES ({mark})")).await?;
        Ok((mark, effects))
    }

    /// One transaction: one of DBVSG's own, or one of a program that does not know of it. None if it was undone.
    async fn transaction(&self, rng: &mut StdRng) -> Result<Option<(i64, Effects)>, Error> {
        let undone = rng.random_bool(0.1);
        if rng.random_bool(0.5) {
            let txn = self.vsg.begin("ann").await?;
            let done = self.body(&txn, rng).await?;
            if undone {
                txn.rollback().await?
            } else {
                assert!(txn.commit().await?.is_some())
            };
            Ok((!undone).then_some(done))
        } else {
            let txn = self.vsg.connection().begin().await?;
            let done = self.body(&txn, rng).await?;
            if undone {
                txn.rollback().await?
            } else {
                txn.commit().await?
            };
            Ok((!undone).then_some(done))
        }
    }

    /// Writes until the time is over; what failed because somebody was in the way is tried anew.
    async fn writer(self, seed: u64, until: Instant) -> Committed {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut committed = Committed::new();
        while Instant::now() < until {
            match self.transaction(&mut rng).await {
                Ok(done) => committed.extend(done),
                Err(error) if error.is_busy() => _ = self.deadlocks.fetch_add(1, Ordering::Relaxed),
                Err(error) => panic!("{error:?}"),
            }
        }
        committed
    }
}

/// A second process that seals.
fn sealer(scene: &Scene) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealer"));
    command.arg(scene.url()).stdin(Stdio::piped()).spawn().unwrap()
}

fn stop(mut sealer: Child) {
    sealer.stdin.take().unwrap().flush().unwrap();
    assert!(sealer.wait().unwrap().success());
}

async fn every_past_is_a_replay_of_what_was_committed(engine: Engine) {
    let (scene, crowd) = crowd(engine).await;
    let start = scene.log().await[0].uuid;
    let until = Instant::now() + Duration::from_secs(60);
    let (child, sealing) = (sealer(&scene), scene.vsg.seal_in_background(Duration::from_millis(20)));
    let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(crowd.clone().writer(seed, until))).collect();
    // A program of the engine's own takes part, with a transaction a process.
    let mut committed = Committed::new();
    while Instant::now() < until {
        let (id, stamp, mark) = (1 + crowd.stamp() % KEYS, crowd.stamp(), crowd.stamp());
        let sql = format!(
            "BEGIN; INSERT INTO marks VALUES ({mark}); UPDATE pears SET v = {stamp} WHERE id = {id}; \
             SELECT count(*) FROM pears WHERE id = {id} AND v = {stamp}; COMMIT;"
        );
        match try_outside(&scene, &sql) {
            Ok(met) if met == "1" => _ = committed.insert(mark, vec![(("pears", id), Some(stamp))]),
            Ok(_) => _ = committed.insert(mark, Vec::new()),
            // The others do not lock in one order, so it can be the one that gives way.
            Err(error) => assert!(error.to_lowercase().contains("deadlock"), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for writer in writers {
        committed.extend(writer.await.unwrap());
    }
    sealing.abort();
    stop(child);
    crowd.vsg.close().await.unwrap();
    replay(&scene, start, committed, crowd.deadlocks.load(Ordering::Relaxed)).await;
    scene.end().await;
}

/// Replays what was committed in the order of the log, and compares it with the past on the way.
async fn replay(scene: &Scene, start: dbvsg::CommitId, mut committed: Committed, deadlocks: u64) {
    scene.vsg.seal().await.unwrap();
    let rows = scene
        .rows(
            "SELECT h.id, c.uuid FROM marks_history h JOIN dbvsg_commit c ON c.id = h.vsg_begin \
             ORDER BY c.seq, h.vsg_id",
        )
        .await;
    assert_eq!(rows.len(), committed.len(), "as many marks as transactions that were committed");
    println!("{}: {} transactions, {deadlocks} tried anew", scene.name(), rows.len());
    let mut state: BTreeMap<(&str, i64), i64> =
        TABLES.iter().flat_map(|table| (1..=KEYS).map(move |id| ((*table, id), 0))).collect();
    compare(scene, &start.to_string(), &state).await;
    let every = (rows.len() / 40).max(1);
    for (number, row) in rows.iter().enumerate() {
        let (mark, uuid) = row.split_once('|').unwrap();
        let effects = committed.remove(&mark.parse().unwrap()).expect("no mark that was undone, and none twice");
        for (key, value) in effects {
            match value {
                Some(value) => _ = state.insert(key, value),
                None => _ = state.remove(&key),
            }
        }
        let last_of_its_commit = rows.get(number + 1).is_none_or(|next| !next.ends_with(uuid));
        if last_of_its_commit && (number % every == 0 || number + 1 == rows.len()) {
            compare(scene, uuid, &state).await;
        }
    }
    for table in TABLES {
        let live = scene.rows(&format!("SELECT id, v FROM {table} ORDER BY id")).await;
        assert_eq!(live, expected(&state, table), "{table} is as the last of the replay");
    }
}

fn expected(state: &BTreeMap<(&str, i64), i64>, table: &str) -> Vec<String> {
    state.iter().filter(|((name, _), _)| *name == table).map(|((_, id), value)| format!("{id}|{value}")).collect()
}

async fn compare(scene: &Scene, uuid: &str, state: &BTreeMap<(&str, i64), i64>) {
    for table in TABLES {
        let then = scene.rows_at(uuid, &format!("SELECT id, v FROM {table} ORDER BY id")).await;
        assert_eq!(then, expected(state, table), "{table} at {uuid}");
    }
}

/// Programs that lock their rows in one order have no deadlock of their own, so there must be none at all.
async fn writers_that_agree_on_an_order_never_deadlock(engine: Engine) {
    let (scene, crowd) = crowd(engine).await;
    let until = Instant::now() + Duration::from_secs(10);
    let (child, sealing) = (sealer(&scene), scene.vsg.seal_in_background(Duration::from_millis(20)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|seed| {
            let crowd = crowd.clone();
            tokio::spawn(async move {
                let mut rng = StdRng::seed_from_u64(seed);
                let mut done = 0_u64;
                while Instant::now() < until {
                    let txn = crowd.vsg.connection().begin().await.unwrap();
                    let mut keys: Vec<(usize, i64)> =
                        (0..5).map(|_| (rng.random_range(0..TABLES.len()), rng.random_range(1..=KEYS))).collect();
                    keys.sort_unstable();
                    for (table, id) in keys {
                        let sql = format!("UPDATE {} SET v = {} WHERE id = {id}", TABLES[table], crowd.stamp());
                        txn.execute_unprepared(&sql).await.unwrap();
                    }
                    txn.commit().await.unwrap();
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap();
    }
    sealing.abort();
    stop(child);
    crowd.vsg.close().await.unwrap();
    let commits = scene.log().await.len() as u64;
    assert!(done > 0 && commits > 0);
    let sealed = scene.rows("SELECT count(*) FROM dbvsg_commit WHERE operation = 'EXTERNAL'").await;
    assert_eq!(sealed, [done.to_string()], "one commit a transaction");
    scene.end().await;
}

/// What was sealed stays where it is, and so does what it shows.
async fn who_ends_late_comes_late(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", "INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)"],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let (early, own) = (scene.db().begin().await.unwrap(), scene.vsg.begin("ann").await.unwrap());
    early.execute_unprepared("UPDATE t SET v = 1 WHERE id = 1").await.unwrap();
    own.execute_unprepared("UPDATE t SET v = 1 WHERE id = 2").await.unwrap();
    let quick = scene.commit("UPDATE t SET v = 1 WHERE id = 3").await;
    assert_eq!(scene.rows_at(quick, "SELECT v FROM t ORDER BY id").await, ["0", "0", "1"]);
    // Neither writes anything more.
    early.commit().await.unwrap();
    assert_eq!(scene.rows_at("HEAD", "SELECT v FROM t ORDER BY id").await, ["1", "0", "1"]);
    own.commit().await.unwrap();
    scene.commit("UPDATE t SET v = 2 WHERE id = 1").await;
    for (reference, expected) in [
        ("HEAD~3", ["0", "0", "1"]),
        ("HEAD~2", ["1", "0", "1"]),
        ("HEAD~1", ["1", "1", "1"]),
        ("HEAD", ["2", "1", "1"]),
    ] {
        assert_eq!(scene.rows_at(reference, "SELECT v FROM t ORDER BY id").await, expected, "{reference}");
    }
    assert_eq!(scene.rows_at(quick, "SELECT v FROM t ORDER BY id").await, ["0", "0", "1"]);
    scene.end().await;
}
