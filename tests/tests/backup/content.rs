//! What is there afterwards.

use dbvsg::{Error, Policy, RestoreOptions, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene};

use super::{ACCOUNTS, backup, bank, plain, restore, sum};

#[tokio::test]
async fn a_plain_file_is_tracked_as_the_database_was() {
    let scene = Scene::with(
        Engine::Sqlite,
        &[
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT, deleted_at TEXT)",
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)",
        ],
    )
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
