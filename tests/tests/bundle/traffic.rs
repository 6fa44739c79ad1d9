//! Others read and write meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dbvsg::{Error, RestoreOptions, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};

use super::{bundle, restore};

scenarios!(
    a_bundle_taken_while_others_write_is_of_one_moment,
    under_live_traffic_every_read_sees_the_old_or_the_new_state,
    a_restore_that_is_not_waited_for_is_whole_all_the_same,
    a_writer_that_does_not_let_go_wins,
);

const ACCOUNTS: i64 = 20;

async fn bank(engine: Engine) -> Scene {
    let scene = Scene::with(engine, &["CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)"]).await;
    let rows: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, 1000)")).collect();
    scene.sql(&format!("INSERT INTO account VALUES {}", rows.join(", "))).await;
    scene.vsg.enable("account").await.unwrap();
    scene
}

async fn sum(scene: &Scene) -> i64 {
    scene.rows("SELECT sum(amount) * 1.0 FROM account").await[0].parse::<f64>().unwrap() as i64
}

struct Traffic {
    stop: Arc<AtomicBool>,
    writers: Vec<tokio::task::JoinHandle<()>>,
    commits: Arc<AtomicUsize>,
}

impl Traffic {
    fn begin(scene: &Scene) -> Self {
        let (stop, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let writers = (0..3_i64).map(|writer| {
            let (vsg, stop, commits) = (scene.vsg.clone(), stop.clone(), commits.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let (from, to) = ((n + writer) % ACCOUNTS, (n * 7 + 3) % ACCOUNTS);
                    let done = vsg
                        .transaction(format!("writer-{writer}").as_str(), async |txn| {
                            let sql = format!(
                                "UPDATE account SET amount = amount + CASE id WHEN {from} THEN -1 ELSE 1 END \
                                 WHERE id IN ({from}, {to}) AND {from} <> {to}"
                            );
                            txn.execute_unprepared(&sql).await?;
                            Ok::<_, Error>(())
                        })
                        .await;
                    match done {
                        Ok(()) => _ = commits.fetch_add(1, Ordering::Relaxed),
                        Err(error) if error.is_busy() => {}
                        Err(error) => panic!("writer {writer}: {error:?}"),
                    }
                }
            })
        });
        Self { writers: writers.collect(), stop, commits }
    }

    fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await.unwrap();
        }
    }
}

async fn a_bundle_taken_while_others_write_is_of_one_moment(engine: Engine) {
    let scene = bank(engine).await;
    let traffic = Traffic::begin(&scene);
    let mut paths = Vec::new();
    for round in 0..3 {
        paths.push(bundle(&scene, &format!("{round}.zip")).await);
    }
    assert!(traffic.commits() > 3);
    traffic.end().await;
    for path in paths {
        let copy = Scene::new(engine).await;
        restore(&copy, &path).await.unwrap();
        assert_eq!(sum(&copy).await, 20_000);
        copy.end().await;
    }
    scene.end().await;
}

async fn under_live_traffic_every_read_sees_the_old_or_the_new_state(engine: Engine) {
    let scene = bank(engine).await;
    let path = bundle(&scene, "small.zip").await;
    scene.commit("UPDATE account SET amount = amount + 1000").await;
    let traffic = Traffic::begin(&scene);
    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let reader = {
        let (db, stop, reads) = (scene.db(), stop.clone(), reads.clone());
        let query = scene.query("SELECT CAST(sum(amount) AS DECIMAL(20, 0)) * 1 = 40000 AS old, sum(amount) * 1 = 20000 AS new FROM account");
        tokio::spawn(async move {
            let mut restored = false;
            while !stop.load(Ordering::Relaxed) {
                let row = db.query_one_raw(query.clone()).await.unwrap().unwrap();
                let is = |name: &str| row.try_get::<bool>("", name).unwrap();
                assert!(is("old") || is("new"), "a mix");
                assert!(!(restored && is("old")), "the old state came back");
                restored |= is("new");
                reads.fetch_add(1, Ordering::Relaxed);
            }
            restored
        })
    };
    let sealer = scene.vsg.seal_in_background(Duration::from_millis(20));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = (traffic.commits(), reads.load(Ordering::Relaxed));
    restore(&scene, &path).await.unwrap();
    let restored = traffic.commits();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(before.0 > 3 && traffic.commits() > restored + 3, "{before:?} {restored} {}", traffic.commits());
    stop.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap());
    assert!(before.1 > 3);
    traffic.end().await;
    sealer.abort();
    assert_eq!(sum(&scene).await, 20_000);
    scene.end().await;
}

async fn a_restore_that_is_not_waited_for_is_whole_all_the_same(engine: Engine) {
    let scene = bank(engine).await;
    let path = bundle(&scene, "bank.zip").await;
    let options = RestoreOptions::default();
    for patience in [1, 5, 10, 20, 40, 80] {
        scene.commit(&format!("UPDATE account SET amount = {patience}")).await;
        let _ = tokio::time::timeout(Duration::from_millis(patience), scene.vsg.restore(&path, &options)).await;
        // It goes on by itself.
        let whole = async {
            loop {
                scene.vsg.verify().await.unwrap();
                let total = sum(&scene).await;
                assert!(total == 20_000 || total == patience as i64 * ACCOUNTS, "{total}");
                if total == 20_000 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        // One that was dropped before it had begun does nothing.
        _ = tokio::time::timeout(Duration::from_secs(3), whole).await;
        scene.vsg.reload().await.unwrap();
        scene.verify().await;
    }
    scene.end().await;
}

async fn a_writer_that_does_not_let_go_wins(engine: Engine) {
    let scene = bank(engine).await;
    let path = bundle(&scene, "bank.zip").await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    txn.execute_unprepared("UPDATE account SET amount = 0").await.unwrap();
    let outcome = restore(&scene, &path).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    txn.commit().await.unwrap();
    assert_eq!(sum(&scene).await, 0);
    restore(&scene, &path).await.unwrap();
    assert_eq!(sum(&scene).await, 20_000);
    scene.end().await;
}
