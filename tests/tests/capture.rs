//! Every writer is captured, whatever it writes with, and nothing that changed nothing.

use dbvsg::{Error, Op, Policy};
use dbvsg_tests::{Scene, outside};

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE)";

async fn users() -> Scene {
    let scene = Scene::with(&[USERS, "INSERT INTO users VALUES (1, 'Zoë', 'zoe@x'), (2, 'Ben', 'ben@x')"]).await;
    scene.vsg.enable("users").await.unwrap();
    scene
}

/// The changes of the newest commit, oldest first: operation, key, name before, name after.
async fn newest(scene: &Scene) -> Vec<String> {
    let head = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let mut changes: Vec<_> = scene.audit().await.into_iter().filter(|change| change.commit == head).collect();
    changes.reverse();
    let name = |row: &Option<dbvsg::Row>| match row {
        Some(row) => format!("{:?}", row.values[1]).replace("Text(", "").replace(')', ""),
        None => "-".into(),
    };
    let show = |change: dbvsg::Change| {
        format!("{} {:?} {} {}", change.op.shown(), change.key.0[0], name(&change.before), name(&change.after))
            .replace("Integer", "")
    };
    changes.into_iter().map(show).collect()
}

#[tokio::test]
async fn rows_that_were_there_are_the_baseline() {
    let scene = users().await;
    let log = scene.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].operation, "BASELINE");
    assert_eq!((log[0].tables[0].inserted, log[0].tables[0].rows), (2, 2));
    assert!(scene.audit().await.is_empty(), "baseline rows are no changes");
    scene.end().await;
}

#[tokio::test]
async fn an_empty_table_has_no_baseline() {
    let scene = Scene::with(&[USERS]).await;
    scene.vsg.enable("users").await.unwrap();
    assert!(scene.log().await.is_empty());
    scene.end().await;
}

#[tokio::test]
async fn each_kind_of_write_is_seen() {
    let scene = users().await;
    scene.commit("INSERT INTO users VALUES (3, 'Cy', 'cy@x')").await;
    assert_eq!(newest(&scene).await, [r#"create (3) - "Cy""#]);
    scene.commit("UPDATE users SET name = 'Cyd' WHERE id = 3").await;
    assert_eq!(newest(&scene).await, [r#"update (3) "Cy" "Cyd""#]);
    scene.commit("DELETE FROM users WHERE id = 3").await;
    assert_eq!(newest(&scene).await, [r#"delete (3) "Cyd" -"#]);
    scene.commit("UPDATE users SET id = 20 WHERE id = 2").await;
    assert_eq!(newest(&scene).await, [r#"delete (2) "Ben" -"#, r#"create (20) - "Ben""#]);
    scene
        .commit("INSERT INTO users VALUES (1, 'Zo', 'zoe@x') ON CONFLICT (id) DO UPDATE SET name = excluded.name")
        .await;
    assert_eq!(newest(&scene).await, [r#"update (1) "Zoë" "Zo""#]);
    scene.commit("DELETE FROM users").await;
    assert_eq!(newest(&scene).await.len(), 2);
    assert_eq!(scene.operations().await, ["DELETE", "UPDATE", "TRANSACTION", "DELETE", "UPDATE", "INSERT", "BASELINE"]);
    scene.end().await;
}

#[tokio::test]
async fn replace_is_seen_although_it_fires_no_delete() {
    let scene = users().await;
    scene.commit("REPLACE INTO users VALUES (1, 'Zed', 'zed@x')").await;
    assert_eq!(newest(&scene).await, [r#"update (1) "Zoë" "Zed""#]);
    scene.commit("INSERT OR REPLACE INTO users VALUES (9, 'Nine', 'ben@x')").await;
    assert_eq!(newest(&scene).await, [r#"delete (2) "Ben" -"#, r#"create (9) - "Nine""#]);
    scene.commit("REPLACE INTO users VALUES (1, 'All', 'ben@x')").await;
    assert_eq!(newest(&scene).await, [r#"delete (9) "Nine" -"#, r#"update (1) "Zed" "All""#]);
    scene.commit("INSERT INTO users VALUES (4, 'Four', 'four@x')").await;
    scene.commit("UPDATE OR REPLACE users SET email = 'ben@x' WHERE id = 4").await;
    assert_eq!(newest(&scene).await, [r#"delete (1) "All" -"#, r#"update (4) "Four" "Four""#]);
    scene.commit("INSERT INTO users VALUES (5, 'Five', 'five@x')").await;
    scene.commit("UPDATE OR REPLACE users SET id = 4 WHERE id = 5").await;
    assert_eq!(scene.rows("SELECT * FROM users").await, ["4|Five|five@x"]);
    scene.end().await;
}

#[tokio::test]
async fn what_changes_nothing_leaves_nothing() {
    let scene = users().await;
    let before = scene.log().await.len();
    for sql in [
        "UPDATE users SET name = name",
        "UPDATE users SET name = 'Zoë' WHERE id = 1",
        "UPDATE users SET name = 'x' WHERE id = 99",
        "REPLACE INTO users VALUES (1, 'Zoë', 'zoe@x')",
        "INSERT OR IGNORE INTO users VALUES (1, 'other', 'other@x')",
        "DELETE FROM users WHERE id = 99",
    ] {
        let txn = scene.vsg.begin("ann").await.unwrap();
        dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, sql).await.unwrap();
        assert_eq!(txn.commit().await.unwrap(), None, "{sql}");
    }
    assert_eq!(scene.log().await.len(), before);
    scene.end().await;
}

#[tokio::test]
async fn changes_too_small_for_a_comparison_are_seen() {
    let scene = Scene::with(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE, any, data BLOB)",
        "INSERT INTO t VALUES (1, 'a', 1, x'00')",
    ])
    .await;
    scene.vsg.enable("t").await.unwrap();
    for sql in [
        "UPDATE t SET word = 'A'",
        "UPDATE t SET any = 1.0",
        "UPDATE t SET any = '1'",
        "UPDATE t SET any = NULL",
        "UPDATE t SET data = x'0000'",
        "UPDATE t SET data = ''",
        "UPDATE t SET data = x''",
    ] {
        scene.commit(sql).await;
    }
    assert_eq!(scene.log().await.len(), 8);
    scene.end().await;
}

#[tokio::test]
async fn cascades_are_seen() {
    let scene = Scene::with(&[
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, child_id INTEGER REFERENCES child(id) ON DELETE SET NULL)",
        "INSERT INTO parent VALUES (1)",
        "INSERT INTO child VALUES (1, 1), (2, 1)",
        "INSERT INTO note VALUES (1, 1)",
    ])
    .await;
    for table in ["parent", "child", "note"] {
        scene.vsg.enable(table).await.unwrap();
    }
    scene.commit("UPDATE parent SET id = 5").await;
    scene.commit("DELETE FROM parent").await;
    let head = scene.vsg.commit("HEAD").await.unwrap();
    let touched: Vec<_> = head.tables.iter().map(|t| (t.table.as_str(), t.updated, t.deleted, t.rows)).collect();
    assert_eq!(touched, [("child", 0, 2, 0), ("note", 1, 0, 1), ("parent", 0, 1, 0)]);
    scene.end().await;
}

#[tokio::test]
async fn another_program_is_captured() {
    let scene = users().await;
    outside(&scene, "UPDATE users SET name = 'out' WHERE id = 1");
    outside(&scene, "BEGIN; INSERT INTO users VALUES (7, 'x', 'x'); UPDATE users SET name = 'y' WHERE id = 7; COMMIT");
    outside(&scene, "BEGIN; DELETE FROM users; ROLLBACK");
    let log = scene.log().await;
    let seen: Vec<_> = log
        .iter()
        .map(|c| (c.operation.as_str(), c.actor.as_str(), c.tables[0].inserted, c.tables[0].updated))
        .collect();
    assert_eq!(seen, [("EXTERNAL", "external", 1, 1), ("EXTERNAL", "external", 0, 1), ("BASELINE", "dbvsg", 2, 0)]);
    scene.end().await;
}

#[tokio::test]
async fn a_soft_delete_is_told_from_an_update() {
    let scene = Scene::with(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, gone TEXT, n INTEGER)",
        "INSERT INTO t VALUES (1, NULL, 0)",
    ])
    .await;
    scene.vsg.enable_with("t", &Policy::default().soft_delete("gone")).await.unwrap();
    scene.commit("UPDATE t SET gone = 'now'").await;
    scene.commit("UPDATE t SET n = 1").await;
    scene.commit("UPDATE t SET gone = NULL").await;
    let ops: Vec<_> = scene.audit().await.into_iter().map(|change| change.op).collect();
    assert_eq!(ops, [Op::Restore, Op::Update, Op::SoftDelete]);
    assert_eq!(scene.operations().await, ["UNDELETE", "UPDATE", "SOFT_DELETE", "BASELINE"]);
    scene.end().await;
}

#[tokio::test]
async fn columns_can_be_skipped_and_ignored() {
    let scene = Scene::with(&["CREATE TABLE t (id INTEGER PRIMARY KEY, secret TEXT, seen INTEGER, name TEXT)"]).await;
    scene.vsg.enable_with("t", &Policy::default().skip("secret").ignore("seen")).await.unwrap();
    scene.commit("INSERT INTO t VALUES (1, 'pw', 1, 'a')").await;
    scene.sql("UPDATE t SET secret = 'other', seen = 2").await;
    assert_eq!(scene.log().await.len(), 1, "neither column makes a version");
    scene.commit("UPDATE t SET name = 'b', seen = 3").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT * FROM t").await, ["1|-|1|a"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT * FROM t").await, ["1|-|3|b"]);
    let held = scene.rows("SELECT count(*) FROM pragma_table_info('t_history') WHERE name = 'secret'").await;
    assert_eq!(held, ["0"], "a skipped column is not even in the history table");
    scene.end().await;
}

#[tokio::test]
async fn keys_of_every_kind_work() {
    let scene = Scene::with(&[
        "CREATE TABLE composite (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (b, a))",
        "CREATE TABLE no_rowid (k TEXT PRIMARY KEY NOT NULL, v TEXT) WITHOUT ROWID",
        "CREATE TABLE uuid_key (id BLOB PRIMARY KEY NOT NULL, v TEXT)",
        "CREATE TABLE generated (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2), c INTEGER AS (a * 3) STORED)",
    ])
    .await;
    for table in ["composite", "no_rowid", "uuid_key", "generated"] {
        scene.vsg.enable(table).await.unwrap();
    }
    scene.commit("INSERT INTO composite VALUES ('x', 1, 'one'), ('x', 2, 'two')").await;
    scene.commit("UPDATE composite SET v = 'uno' WHERE b = 1; REPLACE INTO composite VALUES ('x', 2, 'dos')").await;
    scene.commit("INSERT INTO no_rowid VALUES ('é', 'a'); REPLACE INTO no_rowid VALUES ('é', 'b')").await;
    scene.commit("INSERT INTO uuid_key VALUES (x'0001', 'a'); UPDATE uuid_key SET v = 'b'").await;
    scene.commit("INSERT INTO generated (id, a) VALUES (1, 10)").await;
    scene.commit("UPDATE generated SET a = 11").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT * FROM generated").await, ["1|10|20|30"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT v FROM composite ORDER BY b").await, ["uno", "dos"]);
    scene.end().await;
}

#[tokio::test]
async fn hostile_names_are_only_names() {
    let table = r#"we"ird ' ; DROP TABLE users; -- [x] `y` 😀"#;
    let quoted = format!("\"{}\"", table.replace('"', "\"\""));
    let scene = Scene::with(&[&format!(
        "CREATE TABLE {quoted} (\"select\" INTEGER PRIMARY KEY, \"a\"\"b\" TEXT UNIQUE, \"new.id\" TEXT, \"old\" TEXT)"
    )])
    .await;
    scene.vsg.enable(table).await.unwrap();
    scene.commit(&format!("INSERT INTO {quoted} VALUES (1, 'a', 'b', 'c')")).await;
    scene.commit(&format!("UPDATE {quoted} SET \"a\"\"b\" = 'z'")).await;
    scene.commit(&format!("REPLACE INTO {quoted} VALUES (2, 'z', 'b', 'c')")).await;
    assert_eq!(scene.rows_at("HEAD~2", &format!("SELECT * FROM {quoted}")).await, ["1|a|b|c"]);
    scene.end().await;
}

#[tokio::test]
async fn what_cannot_be_tracked_is_refused_with_the_reason() {
    let scene = Scene::with(&[
        USERS,
        "CREATE TABLE keyless (a INTEGER)",
        "CREATE TABLE own (id INTEGER PRIMARY KEY, vsg_id INTEGER)",
        "CREATE TABLE taken (id INTEGER PRIMARY KEY)",
        "CREATE TABLE taken_history (id INTEGER PRIMARY KEY)",
        "CREATE TABLE nulls (a TEXT PRIMARY KEY)",
        "INSERT INTO nulls VALUES (NULL)",
        "CREATE VIEW seen AS SELECT * FROM users",
    ])
    .await;
    let refused = async |table: &str| scene.vsg.enable(table).await.unwrap_err();
    assert!(matches!(refused("nowhere").await, Error::UnknownTable { .. }));
    assert!(matches!(refused("seen").await, Error::UnknownTable { .. }));
    assert!(matches!(refused("dbvsg_commit").await, Error::UnknownTable { .. }));
    for table in ["keyless", "own", "taken", "nulls"] {
        assert!(matches!(refused(table).await, Error::Untrackable { .. }), "{table}");
    }
    scene.vsg.enable_with("taken", &Policy::default().suffix("_versions")).await.unwrap();
    scene.vsg.enable("users").await.unwrap();
    assert!(matches!(refused("users").await, Error::AlreadyTracked { .. }));
    assert!(matches!(refused("users_history").await, Error::UnknownTable { .. }));
    let policy = Policy::default().skip("nothing");
    assert!(matches!(scene.vsg.enable_with("keyless", &policy).await.unwrap_err(), Error::Untrackable { .. }));
    let reasons: Vec<_> =
        scene.vsg.tables().await.unwrap().into_iter().filter_map(|table| Some((table.table, table.reason?))).collect();
    assert_eq!(reasons.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>(), ["keyless", "own"]);
    scene.end().await;
}

#[tokio::test]
async fn a_row_without_its_key_is_refused() {
    let scene = Scene::with(&["CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)"]).await;
    scene.vsg.enable("t").await.unwrap();
    let result =
        dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&scene.db(), "INSERT INTO t VALUES (NULL, 'x')").await;
    assert!(result.is_err());
    assert!(scene.log().await.is_empty());
    scene.end().await;
}

#[tokio::test]
async fn a_pool_that_is_there_already_can_be_used() {
    let scene = Scene::with(&[USERS]).await;
    scene.vsg.close().await.unwrap();
    let mut options = dbvsg::sea_orm::ConnectOptions::new(scene.url());
    options.sqlx_logging(false);
    let vsg = dbvsg::Vsg::new(dbvsg::sea_orm::Database::connect(options).await.unwrap()).await.unwrap();
    vsg.enable("users").await.unwrap();
    let db = vsg.connection();
    let run = async |sql: &str| dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&db, sql).await.unwrap();
    run("INSERT INTO users VALUES (1, 'Zoë', 'z')").await;
    // Nothing tells this pool's transactions apart but time and sealing, so each is sealed before the next.
    vsg.seal().await.unwrap();
    run("UPDATE users SET name = 'Zed'").await;
    assert_eq!(vsg.log(&Default::default()).await.unwrap().total, 2);
    assert!(vsg.verify().await.unwrap().ok);
    assert!(matches!(dbvsg::Vsg::connect("mysql://nowhere").await, Err(Error::UnsupportedDatabase { .. })));
    let missing = format!("sqlite://{}?mode=rw", scene.path("missing.db").display());
    assert!(matches!(dbvsg::Vsg::connect(&missing).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn an_enabled_table_is_known_to_every_program() {
    let scene = Scene::with(&[USERS]).await;
    let other = dbvsg::Vsg::connect(&scene.url()).await.unwrap();
    scene.vsg.enable("users").await.unwrap();
    scene.commit("INSERT INTO users VALUES (1, 'Zoë', 'z')").await;
    // The other one connected before; it seals what it had never heard of.
    assert_eq!(other.log(&Default::default()).await.unwrap().items[0].tables[0].rows, 1);
    assert!(matches!(other.enable("users").await, Err(Error::AlreadyTracked { .. })));
    other.close().await.unwrap();
    scene.end().await;
}
