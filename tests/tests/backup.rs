//! Backups, and restoring them under live traffic: all of the old state or all of the new one, and nothing in between.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dbvsg::{Error, Policy, RestoreOptions, Result, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Scene, outside};
use futures_util::TryStreamExt;
use sea_orm::{DbBackend, Statement, StreamTrait};

const ACCOUNTS: i64 = 20;

async fn bank() -> Scene {
    let scene =
        Scene::with(&["CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, note TEXT)"]).await;
    let rows: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, 1000, 'account {id}')")).collect();
    scene.sql(&format!("INSERT INTO account VALUES {}", rows.join(", "))).await;
    scene.vsg.enable("account").await.unwrap();
    scene
}

async fn backup(scene: &Scene, name: &str) -> PathBuf {
    let path = scene.path(name);
    scene.vsg.backup(&path).await.unwrap();
    path
}

async fn restore(scene: &Scene, path: &Path) -> Result<dbvsg::Restored> {
    scene.vsg.restore(path, &RestoreOptions::default()).await
}

async fn sum(db: &impl ConnectionTrait) -> Result<i64> {
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT sum(amount) AS n FROM account");
    Ok(db.query_one_raw(sql).await?.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}

#[track_caller]
fn refused(result: Result<dbvsg::Restored>) -> String {
    match result {
        Err(Error::DamagedBackup { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// A file made by plain SQL, in a process of its own.
fn plain(scene: &Scene, name: &str, sql: &str) -> PathBuf {
    let path = scene.path(name);
    let output = std::process::Command::new("sqlite3").arg(&path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

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
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let scene = bank().await;
    for n in 0..30 {
        scene.commit(&format!("UPDATE account SET amount = amount + 1, note = 'note {n}' WHERE id < 10")).await;
    }
    let good = std::fs::read(backup(&scene, "good.db").await).unwrap();
    scene.commit("UPDATE account SET amount = 1").await;
    let path = scene.path("bad.db");
    let mut cases: Vec<(String, Vec<u8>)> = vec![
        ("empty".into(), Vec::new()),
        ("text".into(), b"id,amount\n1,1000\n".repeat(1000)),
        ("header alone".into(), good[..100].to_vec()),
        ("magic alone".into(), good[..16].to_vec()),
        ("zeroes after the header".into(), [&good[..100], &vec![0; good.len() - 100]].concat()),
    ];
    for part in [1, 3, 5, 7, 8, 9] {
        cases.push((format!("the first {part} tenths"), good[..good.len() * part / 10].to_vec()));
    }
    cases.push(("without its last page".into(), good[..good.len() - 4096].to_vec()));
    cases.push(("without its last byte".into(), good[..good.len() - 1].to_vec()));
    for (what, content) in cases {
        for whole in [true, false] {
            std::fs::write(&path, &content).unwrap();
            let options = RestoreOptions::default().integrity_check(whole);
            let outcome = scene.vsg.restore(&path, &options).await;
            assert!(matches!(outcome, Err(Error::DamagedBackup { .. })), "{what}: {outcome:?}");
            assert_eq!(sum(&scene.db()).await.unwrap(), ACCOUNTS, "{what}");
            for name in ["bad.db", "bad.db-wal", "bad.db-shm", "bad.db-journal"] {
                _ = std::fs::remove_file(scene.path(name));
            }
        }
    }
    assert!(matches!(restore(&scene, &scene.path("nothing.db")).await, Err(Error::File { .. })));
    scene.end().await;
}

#[tokio::test]
async fn a_flipped_byte_is_found_or_does_not_matter() {
    let scene = bank().await;
    for n in 0..20 {
        scene.commit(&format!("UPDATE account SET amount = amount + 1, note = 'note {n}' WHERE id < 5")).await;
    }
    let good = std::fs::read(backup(&scene, "good.db").await).unwrap();
    let content = "SELECT * FROM account ORDER BY id";
    let expected = scene.rows(content).await;
    scene.commit("UPDATE account SET amount = 1").await;
    let (mut found, mut harmless) = (0, 0);
    let path = scene.path("flipped.db");
    for place in (0..good.len()).step_by(good.len() / 90) {
        let place = (place + place / 7 % 61).min(good.len() - 1);
        let mut bytes = good.clone();
        bytes[place] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        match restore(&scene, &path).await {
            Err(Error::DamagedBackup { .. }) => found += 1,
            Ok(_) => {
                harmless += 1;
                assert_eq!(scene.rows(content).await, expected, "byte {place}");
                scene.verify().await;
            }
            other => panic!("byte {place}: {other:?}"),
        }
        for name in ["flipped.db", "flipped.db-wal", "flipped.db-shm"] {
            _ = std::fs::remove_file(scene.path(name));
        }
    }
    assert!(found > 10, "{found} found, {harmless} harmless");
    scene.end().await;
}

#[tokio::test]
async fn a_plain_file_is_tracked_as_the_database_was() {
    let scene = Scene::with(&[
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT, deleted_at TEXT)",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)",
    ])
    .await;
    let policy = Policy::default().suffix("_past").skip("password").soft_delete("deleted_at");
    scene.vsg.enable_with("users", &policy).await.unwrap();
    let path = plain(
        &scene,
        "plain.db",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT, deleted_at TEXT, age INTEGER);
         INSERT INTO users VALUES (1, 'ann', 'x', NULL, 30); CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT); CREATE TABLE more (a);",
    );
    restore(&scene, &path).await.unwrap();
    assert_eq!(scene.rows("SELECT * FROM users").await, ["1|ann|x|-|30"]);
    let tracked: Vec<String> = scene.vsg.all_tracked().iter().map(|tracked| tracked.name()).collect();
    assert_eq!(tracked, ["users"]);
    assert_eq!(scene.operations().await, ["BASELINE"]);
    assert_eq!(scene.rows("SELECT name, vsg_op FROM users_past").await, ["ann|baseline"]);
    scene.commit("UPDATE users SET deleted_at = 'now'").await;
    assert_eq!(scene.operations().await, ["SOFT_DELETE", "BASELINE"]);
    scene.end().await;
}

#[tokio::test]
async fn a_file_that_lacks_what_is_needed_is_refused() {
    let scene = bank().await;
    let other = plain(&scene, "other.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let needs = RestoreOptions::default().require("account");
    let reason = refused(scene.vsg.restore(&other, &needs).await);
    assert_eq!(reason, "it holds no table `account`");
    // No key: what is tracked here cannot be tracked there.
    let keyless = plain(&scene, "keyless.db", "CREATE TABLE account (id INTEGER, amount INTEGER)");
    assert!(refused(scene.vsg.restore(&keyless, &needs).await).contains("primary key"));
    let orphans = plain(
        &scene,
        "orphans.db",
        "CREATE TABLE account (id INTEGER PRIMARY KEY); CREATE TABLE x (a REFERENCES account); INSERT INTO x VALUES (1);",
    );
    assert!(refused(restore(&scene, &orphans).await).contains("`x`"));
    let wide = plain(&scene, "wide.db", "PRAGMA encoding = 'UTF-16'; CREATE TABLE account (id INTEGER PRIMARY KEY)");
    assert!(refused(restore(&scene, &wide).await).contains("UTF-16"));
    assert!(refused(restore(&scene, &scene.file()).await).contains("itself"));
    assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
    // Nothing here needs it: it is taken.
    restore(&scene, &other).await.unwrap();
    assert_eq!(scene.rows("SELECT count(*) FROM orders").await, ["0"]);
    assert!(scene.vsg.all_tracked().is_empty());
    scene.end().await;
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let scene = bank().await;
    let path = backup(&scene, "copy.db").await;
    scene.commit("UPDATE account SET amount = 5").await;
    let state = async || (scene.rows("SELECT * FROM account").await, scene.rows("SELECT * FROM dbvsg_commit").await);
    let before = state().await;
    let outcome = scene.vsg.restore(&path, &RestoreOptions::default().dry_run(true)).await.unwrap();
    assert!(!outcome.restored);
    assert_eq!(outcome.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(state().await, before);
    scene.end().await;
}

#[tokio::test]
async fn any_backup_follows_any_other() {
    let scene = bank().await;
    let first = backup(&scene, "first.db").await;
    let log = scene.log().await;
    scene.commit("UPDATE account SET amount = 2").await;
    scene
        .sql("CREATE TABLE later (id INTEGER PRIMARY KEY, big BLOB); INSERT INTO later VALUES (1, zeroblob(3000000))")
        .await;
    scene.vsg.enable("later").await.unwrap();
    let second = backup(&scene, "second.db").await;
    for _ in 0..2 {
        restore(&scene, &first).await.unwrap();
        assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
        assert_eq!(scene.log().await, log);
        assert!(scene.vsg.tracked("later").await.is_err());
        assert!(std::fs::metadata(scene.file()).unwrap().len() < 1_000_000, "the file shrinks with its content");
        scene.verify().await;
        restore(&scene, &second).await.unwrap();
        assert_eq!(sum(&scene.db()).await.unwrap(), 2 * ACCOUNTS);
        assert_eq!(scene.rows_at(log[0].uuid, "SELECT sum(amount) FROM account").await, ["20000"]);
        scene.commit("INSERT INTO later VALUES (2, x'00')").await;
        scene.verify().await;
    }
    scene.end().await;
}

#[tokio::test]
async fn statements_prepared_before_work_after() {
    let scene = bank().await;
    let path = plain(
        &scene,
        "wider.db",
        "PRAGMA page_size = 16384; CREATE TABLE account (note TEXT, id INTEGER PRIMARY KEY, extra REAL, amount INTEGER NOT NULL);
         INSERT INTO account VALUES ('new', 5, 1.5, 77);",
    );
    let named = "SELECT id, amount, note FROM account WHERE id = 5";
    for _ in 0..3 {
        assert_eq!(scene.rows(named).await, ["5|1000|account 5"]);
        assert_eq!(scene.rows("SELECT * FROM account WHERE id = 5").await, ["5|1000|account 5"]);
    }
    restore(&scene, &path).await.unwrap();
    for _ in 0..20 {
        assert_eq!(scene.rows(named).await, ["5|77|new"]);
        assert_eq!(scene.rows("SELECT * FROM account WHERE id = 5").await, ["new|5|1.5|77"]);
    }
    assert_eq!(scene.rows("PRAGMA page_size").await, ["4096"]);
    assert_eq!(scene.rows("PRAGMA journal_mode").await, ["wal"]);
    scene.commit("UPDATE account SET extra = 2").await;
    scene.end().await;
}

#[tokio::test]
async fn others_who_have_the_file_open_go_on_with_the_new_content() {
    let scene = Scene::with(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, y TEXT)",
    ])
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
async fn a_database_in_memory_gives_a_backup_and_takes_none() {
    let scene = bank().await;
    let memory = Vsg::connect("sqlite::memory:").await.unwrap();
    memory
        .connection()
        .execute_unprepared(
            "CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER); INSERT INTO account VALUES (1, 3)",
        )
        .await
        .unwrap();
    let path = scene.path("it's 100% from memory?#.db");
    memory.backup(&path).await.unwrap();
    let outcome = memory.restore(&path, &RestoreOptions::default()).await;
    assert!(matches!(outcome, Err(Error::UnsupportedDatabase { .. })), "{outcome:?}");
    restore(&scene, &path).await.unwrap();
    assert_eq!(sum(&scene.db()).await.unwrap(), 3);
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
