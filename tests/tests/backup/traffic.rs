//! Others read and write meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dbvsg::{Error, RestoreOptions, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, outside};
use futures_util::TryStreamExt;
use sea_orm::{DbBackend, Statement, StreamTrait};

use super::{ACCOUNTS, backup, bank, plain, restore, sum};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_live_traffic_every_read_sees_the_old_or_the_new_state() {
    let scene = bank().await;
    let path = backup(&scene, "small.db").await;
    scene.commit("UPDATE account SET amount = amount + 1000").await;
    let (stop, restored) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (reads, commits) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = Vec::new();
    for reader in 0..2 {
        let (vsg, stop, restored, reads) = (scene.vsg.clone(), stop.clone(), restored.clone(), reads.clone());
        tasks.push(tokio::spawn(async move {
            let mut seen = 40_000;
            while !stop.load(Ordering::Relaxed) {
                let after = restored.load(Ordering::SeqCst);
                let total = match sum(&vsg.connection()).await {
                    Ok(total) => total,
                    Err(error) => panic!("reader {reader}: {error:?}"),
                };
                assert!(total == 40_000 || total == 20_000, "a mix: {total}");
                assert!(total <= seen, "the old state came back");
                assert!(!after || total == 20_000, "the old state outlived the restore");
                seen = total;
                reads.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for writer in 0..3_i64 {
        let (vsg, stop, commits) = (scene.vsg.clone(), stop.clone(), commits.clone());
        tasks.push(tokio::spawn(async move {
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (from, to) = ((n + writer) % ACCOUNTS, (n * 7 + 3) % ACCOUNTS);
                let done = vsg
                    .transaction(format!("writer-{writer}").as_str(), async |txn| {
                        txn.execute_unprepared(&format!("UPDATE account SET amount = amount - 1 WHERE id = {from}"))
                            .await?;
                        txn.execute_unprepared(&format!("UPDATE account SET amount = amount + 1 WHERE id = {to}"))
                            .await?;
                        Ok::<_, Error>(())
                    })
                    .await;
                match done {
                    Ok(()) => _ = commits.fetch_add(1, Ordering::Relaxed),
                    Err(error) if error.is_busy() => {}
                    Err(error) => panic!("writer {writer}: {error:?}"),
                }
            }
        }));
    }
    let sealer = scene.vsg.seal_in_background(Duration::from_millis(20));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = (reads.load(Ordering::Relaxed), commits.load(Ordering::Relaxed));
    restore(&scene, &path).await.unwrap();
    restored.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    sealer.abort();
    let after = (reads.load(Ordering::Relaxed), commits.load(Ordering::Relaxed));
    assert!(
        before.0 > 10 && before.1 > 10 && after.0 > before.0 + 10 && after.1 > before.1 + 10,
        "{before:?} {after:?}"
    );
    assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_began_before_keeps_its_view() {
    let scene = bank().await;
    let path = backup(&scene, "copy.db").await;
    scene.sql("WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO account SELECT i, 1, NULL FROM n").await;
    let db = scene.db();
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT id FROM account");
    let mut rows = db.stream_raw(sql).await.unwrap();
    rows.try_next().await.unwrap().unwrap();
    restore(&scene, &path).await.unwrap();
    assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
    let mut left = 0;
    while rows.try_next().await.unwrap().is_some() {
        left += 1;
    }
    drop(rows);
    assert_eq!(left, ACCOUNTS + 4901 - 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_does_not_let_go_is_waited_for_and_then_wins() {
    let scene = bank().await;
    let path = backup(&scene, "copy.db").await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    txn.execute_unprepared("UPDATE account SET amount = 0").await.unwrap();
    let outcome = restore(&scene, &path).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    txn.commit().await.unwrap();
    assert_eq!(sum(&scene.db()).await.unwrap(), 0);
    restore(&scene, &path).await.unwrap();
    assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_not_waited_for_is_whole_all_the_same() {
    let scene = bank().await;
    let path = backup(&scene, "copy.db").await;
    for patience in [1, 5, 10, 20, 30, 40, 60, 80, 120] {
        scene.commit(&format!("UPDATE account SET amount = {patience}")).await;
        let copy = scene.path("again.db");
        std::fs::copy(&path, &copy).unwrap();
        let options = RestoreOptions::default();
        let _ = tokio::time::timeout(Duration::from_millis(patience), scene.vsg.restore(&copy, &options)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let total = sum(&scene.db()).await.unwrap();
        assert!(total == 20_000 || total == patience as i64 * ACCOUNTS, "{total}");
        scene.verify().await;
        for name in ["again.db", "again.db-wal", "again.db-shm"] {
            _ = std::fs::remove_file(scene.path(name));
        }
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_others_write_is_consistent() {
    let scene = bank().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let (vsg, stop) = (scene.vsg.clone(), stop.clone());
            tokio::spawn(async move {
                for n in writer.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let (from, to) = (n % ACCOUNTS, (n * 3 + 1) % ACCOUNTS);
                    let sql = format!(
                        "UPDATE account SET amount = amount + CASE id WHEN {from} THEN -1 ELSE 1 END WHERE id IN ({from}, {to}) AND {from} <> {to}"
                    );
                    vsg.connection().execute_unprepared(&sql).await.unwrap();
                }
            })
        })
        .collect();
    for round in 0..6 {
        let path = backup(&scene, &format!("copy{round}.db")).await;
        let copy = Vsg::connect(&format!("sqlite://{}?mode=rw", path.display())).await.unwrap();
        assert_eq!(sum(&copy.connection()).await.unwrap(), 20_000);
        let proof = copy.verify().await.unwrap();
        assert!(proof.ok, "{:?}", proof.problems);
        copy.close().await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let taken = scene.vsg.backup(scene.path("copy0.db")).await;
    assert!(taken.is_err(), "a file that is there is not written over");
    scene.end().await;
}

#[tokio::test]
async fn others_who_have_the_file_open_go_on_with_the_new_content() {
    let scene = Scene::with(
        Engine::Sqlite,
        &["CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)", "CREATE TABLE b (id INTEGER PRIMARY KEY, y TEXT)"],
    )
    .await;
    let other_order = plain(
        &scene,
        "other.db",
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, y TEXT);",
    );
    // The same tables under other numbers: whoever still holds the old catalog would mix them up.
    let copy = Vsg::connect(&format!("sqlite://{}?mode=rw", other_order.display())).await.unwrap();
    copy.enable("b").await.unwrap();
    copy.enable("a").await.unwrap();
    copy.close().await.unwrap();
    scene.vsg.enable("a").await.unwrap();
    scene.vsg.enable("b").await.unwrap();
    let second = Vsg::connect(&scene.url()).await.unwrap();
    second.connection().execute_unprepared("INSERT INTO a VALUES (1, 'before')").await.unwrap();
    restore(&scene, &other_order).await.unwrap();
    outside(&scene, "INSERT INTO a VALUES (1, 'x'); INSERT INTO a VALUES (2, 'x'); INSERT INTO b VALUES (1, 'y')");
    second.connection().execute_unprepared("UPDATE a SET x = 'second'").await.unwrap();
    second.seal().await.unwrap();
    assert_eq!(scene.rows("SELECT x FROM a").await, ["second", "second"]);
    scene.verify().await;
    second.close().await.unwrap();
    scene.end().await;
}

#[tokio::test]
async fn live_tables_are_read_as_of_one_moment() {
    let scene = bank().await;
    scene.sql("CREATE TABLE keyless (b TEXT, a INTEGER); INSERT INTO keyless VALUES ('x', 1)").await;
    let live = scene.vsg.live_tables().await.unwrap();
    scene.sql("DELETE FROM account; INSERT INTO keyless VALUES ('y', 2)").await;
    let mut counts = Vec::new();
    for table in live.tables() {
        let rows: Vec<dbvsg::Row> = live.rows(table).try_collect().await.unwrap();
        counts.push((table.name.to_string(), rows.len()));
    }
    assert_eq!(counts, [("account".to_owned(), 20), ("keyless".to_owned(), 1)]);
    drop(live);
    assert_eq!(scene.rows("SELECT count(*) FROM account").await, ["0"]);
    scene.end().await;
}
