//! Every writer is captured, whatever it writes with, and nothing that changed nothing.

use dbvsg::{
    ApplyOptions, Error, Key, Op, Policy, Row, RowDiff, Value, Vsg,
    sea_orm::{ConnectOptions, ConnectionTrait, Database},
};
use dbvsg_tests::{Engine, Scene, outside, scenarios};
use futures_util::TryStreamExt;

scenarios!(
    rows_that_were_there_are_the_baseline,
    an_empty_table_has_no_baseline,
    each_kind_of_write_is_seen,
    what_changes_nothing_leaves_nothing,
    changes_too_small_for_a_comparison_are_seen,
    cascades_are_seen,
    another_program_is_captured,
    a_soft_delete_is_told_from_an_update,
    columns_can_be_skipped_and_ignored,
    keys_of_every_kind_work,
    hostile_names_are_only_names,
    names_of_the_catalog_are_only_names,
    what_cannot_be_tracked_is_refused_with_the_reason,
    a_pool_that_is_there_already_can_be_used,
    what_is_not_there_is_not_connected_to,
    an_enabled_table_is_known_to_every_program,
);
scenarios!(
    Sqlite: replace_is_seen_although_sqlite_fires_no_delete,
    sqlite_tells_values_by_their_storage_class,
    sqlite_keys_are_replaced_and_need_no_rowid,
    a_sqlite_row_without_its_key_is_refused,
);

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email VARCHAR(99) UNIQUE)";

async fn users(engine: Engine) -> Scene {
    let scene =
        Scene::with(engine, &[USERS, "INSERT INTO users VALUES (1, 'Zoë', 'zoe@x'), (2, 'Ben', 'ben@x')"]).await;
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

async fn rows_that_were_there_are_the_baseline(engine: Engine) {
    let scene = users(engine).await;
    let log = scene.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].operation, "BASELINE");
    assert_eq!((log[0].tables[0].inserted, log[0].tables[0].rows), (2, 2));
    assert!(scene.audit().await.is_empty(), "baseline rows are no changes");
    scene.end().await;
}

async fn an_empty_table_has_no_baseline(engine: Engine) {
    let scene = Scene::with(engine, &[USERS]).await;
    scene.vsg.enable("users").await.unwrap();
    assert!(scene.log().await.is_empty());
    scene.end().await;
}

async fn each_kind_of_write_is_seen(engine: Engine) {
    let scene = users(engine).await;
    scene.commit("INSERT INTO users VALUES (3, 'Cy', 'cy@x')").await;
    assert_eq!(newest(&scene).await, [r#"create (3) - "Cy""#]);
    scene.commit("UPDATE users SET name = 'Cyd' WHERE id = 3").await;
    assert_eq!(newest(&scene).await, [r#"update (3) "Cy" "Cyd""#]);
    scene.commit("DELETE FROM users WHERE id = 3").await;
    assert_eq!(newest(&scene).await, [r#"delete (3) "Cyd" -"#]);
    scene.commit("UPDATE users SET id = 20 WHERE id = 2").await;
    assert_eq!(newest(&scene).await, [r#"delete (2) "Ben" -"#, r#"create (20) - "Ben""#]);
    scene.commit(&scene.upsert("users", "1, 'Zo', 'zoe@x'", "name")).await;
    assert_eq!(newest(&scene).await, [r#"update (1) "Zoë" "Zo""#]);
    scene.commit("DELETE FROM users").await;
    assert_eq!(newest(&scene).await.len(), 2);
    assert_eq!(scene.operations().await, ["DELETE", "UPDATE", "TRANSACTION", "DELETE", "UPDATE", "INSERT", "BASELINE"]);
    scene.end().await;
}

async fn replace_is_seen_although_sqlite_fires_no_delete(engine: Engine) {
    let scene = users(engine).await;
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

async fn what_changes_nothing_leaves_nothing(engine: Engine) {
    let scene = users(engine).await;
    let before = scene.log().await.len();
    for sql in [
        "UPDATE users SET name = name",
        "UPDATE users SET name = 'Zoë' WHERE id = 1",
        "UPDATE users SET name = 'x' WHERE id = 99",
        &scene.upsert("users", "1, 'Zoë', 'zoe@x'", "name"),
        &scene.insert_or_ignore("users", "1, 'other', 'other@x'"),
        "DELETE FROM users WHERE id = 99",
    ] {
        let txn = scene.vsg.begin("ann").await.unwrap();
        txn.execute_unprepared(sql).await.unwrap();
        assert_eq!(txn.commit().await.unwrap(), None, "{sql}");
    }
    assert_eq!(scene.log().await.len(), before);
    scene.end().await;
}

async fn changes_too_small_for_a_comparison_are_seen(engine: Engine) {
    let scene = Scene::new(engine).await;
    // On PostgreSQL a comparison without regard to case needs a collation of its own; 1 and 1.0 are two texts of a number.
    let (setup, word, number) = engine.pick(
        ("SELECT 1", "TEXT COLLATE NOCASE", ""),
        (
            "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "TEXT COLLATE nocase",
            "NUMERIC",
        ),
        ("SELECT 1", "TEXT COLLATE utf8mb4_general_ci", "VARCHAR(9)"),
    );
    scene.sql(setup).await;
    let blob = scene.blob();
    scene.sql(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, word {word}, num {number}, data {blob})")).await;
    scene.sql(&format!("INSERT INTO t VALUES (1, 'a', 1, {})", scene.bytes("00"))).await;
    scene.vsg.enable("t").await.unwrap();
    for set in [
        "word = 'A'",
        "word = 'Ä'",
        "word = 'Ä '",
        "num = 1.0",
        "num = NULL",
        &format!("data = {}", scene.bytes("0000")),
        &format!("data = {}", scene.bytes("")),
        "data = NULL",
    ] {
        scene.commit(&format!("UPDATE t SET {set}")).await;
    }
    assert_eq!(scene.log().await.len(), 9);
    scene.end().await;
}

async fn sqlite_tells_values_by_their_storage_class(engine: Engine) {
    let ddl = ["CREATE TABLE t (id INTEGER PRIMARY KEY, any, data BLOB)", "INSERT INTO t VALUES (1, 1, x'')"];
    let scene = Scene::with(engine, &ddl).await;
    scene.vsg.enable("t").await.unwrap();
    for set in ["any = 1.0", "any = '1'", "any = x'31'", "data = ''", "data = x''"] {
        scene.commit(&format!("UPDATE t SET {set}")).await;
    }
    scene.commit("REPLACE INTO t VALUES (1, 1, x'')").await;
    assert_eq!(scene.log().await.len(), 7);
    scene.end().await;
}

async fn cascades_are_seen(engine: Engine) {
    let scene = Scene::with(engine, &[
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

async fn another_program_is_captured(engine: Engine) {
    let scene = users(engine).await;
    outside(&scene, "UPDATE users SET name = 'out' WHERE id = 1");
    outside(&scene, "BEGIN; INSERT INTO users VALUES (7, 'x', 'x'); UPDATE users SET name = 'y' WHERE id = 7; COMMIT");
    outside(&scene, "BEGIN; DELETE FROM users; ROLLBACK");
    let who = scene.outsider();
    let log = scene.log().await;
    let seen: Vec<_> = log
        .iter()
        .map(|c| (c.operation.as_str(), c.actor.as_str(), c.tables[0].inserted, c.tables[0].updated))
        .collect();
    assert_eq!(seen, [("EXTERNAL", who, 1, 1), ("EXTERNAL", who, 0, 1), ("BASELINE", "dbvsg", 2, 0)]);
    scene.end().await;
}

async fn a_soft_delete_is_told_from_an_update(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, gone TEXT, n INTEGER)", "INSERT INTO t VALUES (1, NULL, 0)"],
    )
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

async fn columns_can_be_skipped_and_ignored(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE t (id INTEGER PRIMARY KEY, secret TEXT, seen INTEGER, name TEXT)"]).await;
    scene.vsg.enable_with("t", &Policy::default().skip("secret").ignore("seen")).await.unwrap();
    scene.commit("INSERT INTO t VALUES (1, 'pw', 1, 'a')").await;
    scene.sql("UPDATE t SET secret = 'other', seen = 2").await;
    assert_eq!(scene.log().await.len(), 1, "neither column makes a version");
    scene.commit("UPDATE t SET name = 'b', seen = 3").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT * FROM t").await, ["1|-|1|a"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT * FROM t").await, ["1|-|3|b"]);
    let held = scene.columns("t_history").await;
    assert!(!held.contains(&"secret".into()), "a skipped column is not even in the history table");
    scene.end().await;
}

async fn keys_of_every_kind_work(engine: Engine) {
    let blob_key = engine.pick("BLOB", "BYTEA", "VARBINARY(16)");
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE composite (a VARCHAR(9), b INTEGER, v TEXT, PRIMARY KEY (b, a))",
            "CREATE TABLE word (k VARCHAR(9) PRIMARY KEY NOT NULL, v TEXT)",
            &format!("CREATE TABLE uuid_key (id {blob_key} PRIMARY KEY NOT NULL, v TEXT)"),
            "CREATE TABLE generated (id INTEGER PRIMARY KEY, a INTEGER, c INTEGER GENERATED ALWAYS AS (a * 3) STORED)",
        ],
    )
    .await;
    for table in ["composite", "word", "uuid_key", "generated"] {
        scene.vsg.enable(table).await.unwrap();
    }
    scene.commit("INSERT INTO composite VALUES ('x', 1, 'one'), ('x', 2, 'two')").await;
    scene.commit("UPDATE composite SET v = 'uno' WHERE b = 1; UPDATE composite SET a = 'y' WHERE b = 2").await;
    scene.commit("INSERT INTO word VALUES ('é', 'a'); UPDATE word SET v = 'b'").await;
    scene
        .commit(&format!("INSERT INTO uuid_key VALUES ({}, 'a'); UPDATE uuid_key SET v = 'b'", scene.bytes("0001")))
        .await;
    scene.commit("INSERT INTO generated (id, a) VALUES (1, 10)").await;
    scene.commit("UPDATE generated SET a = 11").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT * FROM generated").await, ["1|10|30"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT a, v FROM composite ORDER BY b").await, ["x|uno", "y|two"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT * FROM uuid_key").await, ["0001|b"]);
    scene.end().await;
}

async fn sqlite_keys_are_replaced_and_need_no_rowid(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE composite (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (b, a))",
            "CREATE TABLE no_rowid (k TEXT PRIMARY KEY NOT NULL, v TEXT) WITHOUT ROWID",
            "CREATE TABLE virtual (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2))",
        ],
    )
    .await;
    for table in ["composite", "no_rowid", "virtual"] {
        scene.vsg.enable(table).await.unwrap();
    }
    scene.commit("INSERT INTO composite VALUES ('x', 2, 'two')").await;
    scene.commit("REPLACE INTO composite VALUES ('x', 2, 'dos')").await;
    scene.commit("INSERT INTO no_rowid VALUES ('é', 'a'); REPLACE INTO no_rowid VALUES ('é', 'b')").await;
    scene.commit("INSERT INTO virtual (id, a) VALUES (1, 10)").await;
    scene.commit("UPDATE virtual SET a = 11").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT * FROM virtual").await, ["1|10|20"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT v FROM composite").await, ["dos"]);
    scene.end().await;
}

async fn hostile_names_are_only_names(engine: Engine) {
    let table = r#"we"ird ' ; DROP TABLE users; -- [x] `y` 😀"#;
    // MariaDB takes no character outside the Basic Multilingual Plane in a name.
    let table = if engine == Engine::MariaDb { table.replace('😀', "☺") } else { table.to_owned() };
    let (quoted, select, ab) = (engine.quote(&table), engine.quote("select"), engine.quote("a\"b`c"));
    let (new, old) = (engine.quote("new.id"), engine.quote("old"));
    let ddl =
        format!("CREATE TABLE {quoted} ({select} INTEGER PRIMARY KEY, {ab} VARCHAR(9) UNIQUE, {new} TEXT, {old} TEXT)");
    let scene = Scene::with(engine, &[&ddl]).await;
    scene.vsg.enable(table.as_str()).await.unwrap();
    scene.commit(&format!("INSERT INTO {quoted} VALUES (1, 'a', 'b', 'c')")).await;
    scene.commit(&format!("UPDATE {quoted} SET {ab} = 'z'")).await;
    scene.commit(&format!("UPDATE {quoted} SET {select} = 2")).await;
    assert_eq!(scene.rows_at("HEAD~2", &format!("SELECT * FROM {quoted}")).await, ["1|a|b|c"]);
    scene.end().await;
}

/// What is told beside the columns of a table has names, too.
async fn names_of_the_catalog_are_only_names(engine: Engine) {
    let texts = ["uuid", "actor", "message", "operation", "committed_at"];
    let numbers = ["previous", "number", "from_id", "to_id", "ours", "base", "theirs"];
    let texts: String = texts.iter().map(|name| format!(", {name} VARCHAR(40)")).collect();
    let numbers: String = numbers.iter().map(|name| format!(", {name} INTEGER")).collect();
    let ddl = format!("CREATE TABLE c (seq INTEGER, id INTEGER{texts}{numbers}, PRIMARY KEY (seq, id))");
    let scene = Scene::with(engine, &[&ddl]).await;
    scene.vsg.enable("c").await.unwrap();
    let row = "(7, 1, 'u', 'a', 'm', 'o', 'c', 99, 99, NULL, NULL, 0, 0, 0)";
    let first = scene.commit(&format!("INSERT INTO c VALUES {row}")).await;
    // Versions of one row, in one commit and in several, are sealed together.
    scene.sql("UPDATE c SET message = 'x'; UPDATE c SET message = 'y'").await;
    let changed = scene.commit("UPDATE c SET message = 'z', seq = 7").await;
    scene.commit("UPDATE c SET message = 'zz'").await;
    scene.vsg.seal().await.unwrap();
    let (key, values) =
        (Key([7, 1].map(Value::Integer).to_vec()), |row: &Option<Row>| row.as_ref().unwrap().values[4].clone());
    let audit = scene.audit().await;
    assert_eq!((audit[1].actor.as_str(), &audit[1].message, audit[1].commit), ("ann", &None, changed));
    assert_eq!((values(&audit[1].before), values(&audit[1].after)), (Value::Text("y".into()), Value::Text("z".into())));
    let history = scene.vsg.history("c", &key, 10, 0).await.unwrap().items;
    assert_eq!(history.iter().map(|version| version.version).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!((history[1].operation.as_str(), history[1].change.commit), ("UPDATE", changed));
    let blame = scene.vsg.blame("c", &key).await.unwrap();
    assert_eq!(blame.iter().filter(|value| value.commit == first && value.actor == "ann").count(), 13);
    let diff = scene.vsg.diff("c", &first.into(), &changed.into()).await.unwrap();
    let diff: Vec<RowDiff> = diff.try_collect().await.unwrap();
    assert!(matches!(&diff[..], [RowDiff::Changed { columns, .. }] if columns.len() == 1), "{diff:?}");
    scene.vsg.comment_version("bob", "c", &key, 4, "why?").await.unwrap();
    let comment = scene.vsg.comments(changed, 10, 0).await.unwrap().items.remove(0);
    assert_eq!((comment.actor.as_str(), comment.version), ("bob", Some(4)));
    let told = scene.vsg.revert("bob", changed, &ApplyOptions::table("c")).await.unwrap();
    let [conflict] = &told.conflicts[..] else { panic!("{told:?}") };
    let [base, ours, theirs] = [&conflict.base, &conflict.ours, &conflict.theirs].map(values);
    assert_eq!([base, ours, theirs], ["z", "zz", "y"].map(|text| Value::Text(text.into())));
    scene.end().await;
}

async fn what_cannot_be_tracked_is_refused_with_the_reason(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            USERS,
            "CREATE TABLE keyless (a INTEGER)",
            "CREATE TABLE own (id INTEGER PRIMARY KEY, vsg_id INTEGER)",
            "CREATE TABLE taken (id INTEGER PRIMARY KEY)",
            "CREATE TABLE taken_history (id INTEGER PRIMARY KEY)",
            "CREATE VIEW seen AS SELECT * FROM users",
        ],
    )
    .await;
    let refused = async |table: &str| scene.vsg.enable(table).await.unwrap_err();
    assert!(matches!(refused("nowhere").await, Error::UnknownTable { .. }));
    assert!(matches!(refused("seen").await, Error::UnknownTable { .. }));
    assert!(matches!(refused("dbvsg_commit").await, Error::UnknownTable { .. }));
    for table in ["keyless", "own", "taken"] {
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

async fn a_sqlite_row_without_its_key_is_refused(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)",
            "CREATE TABLE nulls (a TEXT PRIMARY KEY)",
            "INSERT INTO nulls VALUES (NULL)",
        ],
    )
    .await;
    assert!(matches!(scene.vsg.enable("nulls").await, Err(Error::Untrackable { .. })));
    scene.vsg.enable("t").await.unwrap();
    assert!(scene.db().execute_unprepared("INSERT INTO t VALUES (NULL, 'x')").await.is_err());
    assert!(scene.log().await.is_empty());
    scene.end().await;
}

async fn a_pool_that_is_there_already_can_be_used(engine: Engine) {
    let scene = Scene::with(engine, &[USERS]).await;
    scene.vsg.close().await.unwrap();
    let mut options = ConnectOptions::new(scene.url());
    options.sqlx_logging(false);
    let vsg = Vsg::new(Database::connect(options).await.unwrap()).await.unwrap();
    vsg.enable("users").await.unwrap();
    let db = vsg.connection();
    db.execute_unprepared("INSERT INTO users VALUES (1, 'Zoë', 'z')").await.unwrap();
    // On SQLite nothing tells this pool's transactions apart but time and sealing, so each is sealed before the next.
    vsg.seal().await.unwrap();
    db.execute_unprepared("UPDATE users SET name = 'Zed'").await.unwrap();
    assert_eq!(vsg.log(&Default::default()).await.unwrap().total, 2);
    assert!(vsg.verify().await.unwrap().ok);
    vsg.close().await.unwrap();
}

async fn what_is_not_there_is_not_connected_to(engine: Engine) {
    let scene = Scene::new(engine).await;
    let url = scene.url().replace("rwc", "rw").replace("test.db", "missing.db").replace("dbvsg_test_", "missing_");
    assert!(matches!(Vsg::connect(&url).await, Err(Error::Unavailable(_))), "{url}");
    let other = Vsg::connect("mssql://nowhere").await;
    assert!(matches!(other, Err(Error::UnsupportedDatabase { .. })), "{other:?}");
    scene.end().await;
}

async fn an_enabled_table_is_known_to_every_program(engine: Engine) {
    let scene = Scene::with(engine, &[USERS]).await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    scene.vsg.enable("users").await.unwrap();
    scene.commit("INSERT INTO users VALUES (1, 'Zoë', 'z')").await;
    // The other one connected before; it seals what it had never heard of.
    assert_eq!(other.log(&Default::default()).await.unwrap().items[0].tables[0].rows, 1);
    assert!(matches!(other.enable("users").await, Err(Error::AlreadyTracked { .. })));
    other.close().await.unwrap();
    scene.end().await;
}
