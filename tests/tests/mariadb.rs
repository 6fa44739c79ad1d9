//! What only MySQL and MariaDB have: their types and collations, cascades without triggers, session variables, implicit
//! commits, statements that are killed.

use std::time::Duration;

use dbvsg::{
    ConnectOptions, Error, ErrorKind, Vsg,
    sea_orm::{ConnectionTrait, Database, DatabaseConnection, Set, TransactionTrait},
};
use dbvsg_tests::{Engine, Scene, models::user, outside, scenarios};

scenarios!(
    MariaDb: every_type_returns_unchanged, dates_that_are_none_are_kept, a_change_of_letters_is_a_change, rows_that_take_anothers_place,
    cascades_are_captured_through_all_levels, keys_cascade_too, no_cascade_without_checks, nothing_leaks_through_a_pooled_connection,
    a_cancelled_transaction_leaves_no_trace, a_transaction_of_any_kind_is_one_commit, many_rows_are_one_commit,
    a_truncated_table_is_found, an_enabling_that_was_killed_is_undone, what_cannot_be_captured_is_refused, long_names_are_cut,
    who_writes_needs_no_right_on_history, who_lacks_a_right_is_told, triggers_of_the_application_write_too,
    a_statement_that_is_killed_harms_nobody, new_tables_take_any_text, a_stamp_on_a_row_that_does_not_change_is_no_change,
    triggers_that_were_put_away_come_back, a_whole_table_goes_back_through_every_type, what_is_sealed_is_whole,
);

async fn a_stamp_on_a_row_that_does_not_change_is_no_change(engine: Engine) {
    let stamp = "z DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP";
    let scene = Scene::with(
        engine,
        &[
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20), {stamp})"),
            "INSERT INTO t VALUES (1, NULL, '2021-01-01'), (2, 'x', '2021-01-01')",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene.sql("UPDATE t SET v = NULL").await;
    assert_eq!(scene.log().await[0].tables[0].updated, 1);
    scene.verify().await;
    // A stamp that is set by hand is a change.
    scene.sql("UPDATE t SET z = '2022-02-02'").await;
    assert_eq!(scene.log().await[0].tables[0].updated, 2);
    scene.end().await;
}

/// As a program leaves them that is killed while it puts a table back.
async fn triggers_that_were_put_away_come_back(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE noted (id INTEGER)"]).await;
    scene.vsg.enable("t").await.unwrap();
    let create = "CREATE TRIGGER notes AFTER INSERT ON t FOR EACH ROW INSERT INTO noted VALUES (NEW.id)";
    let held = format!("[\"DROP TRIGGER IF EXISTS notes\", \"{create}\"]");
    scene.sql(&format!("UPDATE dbvsg_table SET held_triggers = '{held}'")).await;
    let guard = "BEGIN IF NOT (CONNECTION_ID() <=> 1) THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF; END";
    scene.sql(&format!("CREATE TRIGGER dbvsg_1_guard_0 BEFORE INSERT ON t FOR EACH ROW {guard}")).await;
    assert!(scene.db().execute_unprepared("INSERT INTO t VALUES (1)").await.is_err());
    dbvsg::Vsg::connect(&scene.url()).await.unwrap().close().await.unwrap();
    scene.sql("INSERT INTO t VALUES (1)").await;
    assert_eq!(scene.rows("SELECT id FROM noted").await, ["1"]);
    assert_eq!(scene.rows("SELECT held_triggers FROM dbvsg_table").await, ["-"]);
    scene.end().await;
}

async fn a_whole_table_goes_back_through_every_type(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, e ENUM('a', 'b'), s SET('x', 'y'), p POINT, n DECIMAL(65, 30), \
             c CHAR(5) CHARACTER SET latin1, v VARBINARY(4), y YEAR, g INTEGER AS (id * 2) STORED, h TIME(6), u BIGINT UNSIGNED)",
            "INSERT INTO t (id, e, s, p, n, c, v, y, h, u) VALUES (0, 'b', 'x,y', ST_GeomFromText('POINT(1 2)'), 1.5, 'é', x'00ff', 2024, \
             '-01:02:03.5', 18446744073709551615), (7, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let change = scene
        .commit("UPDATE t SET e = 'a', s = 'y', p = NULL, n = 0, c = 'z', v = x'', y = 1999, h = '00:00:00', u = 0")
        .await;
    let table = dbvsg::ApplyOptions::table("t");
    scene.sql("UPDATE t SET c = 'w' WHERE id = 7").await;
    scene.vsg.rollback("ann", &table).await.unwrap();
    // Row by row, and cell by cell.
    scene.vsg.revert("ann", change, &table).await.unwrap();
    assert_eq!(scene.vsg.checkout("ann", first, &table).await.unwrap().commit, None);
    scene.commit("DELETE FROM t").await;
    scene.vsg.checkout("ann", first, &table).await.unwrap();
    assert_eq!(
        scene.rows("SELECT id, g, HEX(c), u FROM t ORDER BY id").await,
        ["0|0|E9|18446744073709551615", "7|14|-|-"]
    );
    scene.end().await;
}

async fn new_tables_take_any_text(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.sql("ALTER DATABASE CHARACTER SET latin1").await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    let users = scene.vsg.track::<user::Entity>().await.unwrap();
    let row = user::ActiveModel { name: Set("جامع 😀".into()), email: Set("j@x".into()), ..Default::default() };
    let id = users.insert("زوي", row).await.unwrap().id;
    assert_eq!(users.get(id).await.unwrap().unwrap().name, "جامع 😀");
    assert_eq!(scene.log().await[0].actor, "زوي");
    scene.end().await;
}

async fn every_type_returns_unchanged(engine: Engine) {
    let scene = Scene::new(engine).await;
    let columns = [
        ("i1", "tinyint", "-128"),
        ("yes", "boolean", "true"),
        ("i8", "bigint", "-9223372036854775808"),
        ("u8", "bigint unsigned", "18446744073709551615"),
        ("n", "decimal(65,30)", "-12345678901234567890123456789012345.123456789012345678901234567890"),
        ("f4", "float", "0.1"),
        ("f8", "double", "1.7976931348623157e308"),
        ("bits", "bit(64)", "b'1111111111111111111111111111111111111111111111111111111111111101'"),
        ("y", "year", "2155"),
        ("d", "date", "'9999-12-31'"),
        ("dt", "datetime(6)", "'1000-01-01 00:00:00.000001'"),
        ("ts", "timestamp(6) NULL", "'2024-01-15 12:30:00.123456'"),
        ("tm", "time(6)", "'-838:59:58.999999'"),
        ("c", "char(5)", "'ab'"),
        ("vc", "varchar(20)", "''"),
        ("l", "varchar(20) CHARACTER SET latin1", "'é'"),
        ("t", "text", "'é\\n\\\\''😀 '"),
        ("vb", "varbinary(9)", "x'00ff00'"),
        ("b16", "binary(16)", "x'0f8fad5bd9cb469fa16570867728950e'"),
        ("b", "longblob", "x'fffe00'"),
        ("u", "uuid", "'0f8fad5b-d9cb-469f-a165-70867728950e'"),
        ("ip4", "inet4", "'10.1.2.3'"),
        ("ip", "inet6", "'2001:db8::ff00:42:8329'"),
        ("j", "json", "'{\"b\": 1.50, \"a\": [1, null],  \"b\": 2}'"),
        ("e", "enum('sad', 'it''s ok', 'happy')", "'it''s ok'"),
        ("s", "set('a', 'b', 'c')", "'a,c'"),
        ("p", "point", "ST_GeomFromText('POINT(1.5 -2)')"),
        ("hidden", "int INVISIBLE", "7"),
    ];
    let definitions: String = columns.iter().map(|(name, kind, _)| format!(", {name} {kind}")).collect();
    let made = "twice int AS (i1 * 2) VIRTUAL, thrice int AS (i1 * 3) STORED";
    scene.sql(&format!("CREATE TABLE things (id int AUTO_INCREMENT PRIMARY KEY{definitions}, {made})")).await;
    let names = columns.map(|(name, ..)| name).join(", ");
    let values = columns.map(|(.., value)| value).join(", ");
    scene.sql(&format!("INSERT INTO things ({names}) VALUES ({values})")).await;
    scene.vsg.enable("things").await.unwrap();
    scene.sql(&format!("INSERT INTO things ({names}) VALUES ({values})")).await;
    scene.sql(&format!("CREATE TABLE copy AS SELECT id, {names} FROM things")).await;
    scene.vsg.seal().await.unwrap();
    let then = scene.log().await[0].uuid;

    // Nothing is a change, whatever the type.
    let same: Vec<String> = columns.iter().map(|(name, ..)| format!("{name} = {name}")).collect();
    scene.sql(&format!("UPDATE things SET {}", same.join(", "))).await;
    assert_eq!(scene.log().await[0].uuid, then);
    for (name, ..) in columns {
        scene.sql(&format!("UPDATE things SET {name} = NULL WHERE id = 1")).await;
    }
    assert_eq!(scene.log().await.len(), 2 + columns.len());

    for (name, ..) in columns {
        let sql = format!(
            "SELECT CAST(t.{name} AS BINARY) <=> CAST(c.{name} AS BINARY) FROM things t JOIN copy c ON c.id = t.id"
        );
        assert_eq!(scene.rows_at(then, &sql).await, ["1", "1"], "{name}");
    }
    assert_eq!(scene.rows_at(then, "SELECT twice, thrice FROM things").await, ["-256|-384", "-256|-384"]);
    // A moment is the same one in whatever zone it is written and read, also where a local time can be two.
    outside(&scene, "SET time_zone = '+05:30'; UPDATE things SET ts = '2024-06-01 05:30:00.5' WHERE id = 2");
    let head = scene.vsg.audit(&Default::default()).await.unwrap().items.remove(0);
    let table = scene.vsg.tracked("things").await.unwrap();
    let at = table.table.position("ts").unwrap();
    assert_eq!(head.after.unwrap().values[at], dbvsg::Value::Text("2024-06-01 00:00:00.500000".into()));
    scene.end().await;
}

async fn dates_that_are_none_are_kept(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE z (id int PRIMARY KEY, n int, d date, dt datetime(3), ts timestamp NULL, e enum('a'))"],
    )
    .await;
    let lax = "SET sql_mode = 'ALLOW_INVALID_DATES'";
    outside(
        &scene,
        &format!(
            "{lax}; INSERT INTO z VALUES (1, 1, '0000-00-00', '2024-02-31 10:00', '0000-00-00 00:00:00', 'wrong')"
        ),
    );
    // One that would not take them itself.
    let mut options = dbvsg::sea_orm::ConnectOptions::new(scene.url());
    options.map_sqlx_mysql_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            let strict = "SET SESSION sql_mode = 'TRADITIONAL'";
            Box::pin(async move { dbvsg::sea_orm::sqlx::Executor::execute(connection, strict).await.map(drop) })
        })
    });
    let strict = Vsg::new(Database::connect(options).await.unwrap()).await.unwrap();
    strict.enable("z").await.unwrap();
    scene.vsg.reload().await.unwrap();
    outside(&scene, &format!("{lax}; INSERT INTO z VALUES (2, 1, '2024-00-00', '0000-00-00', 0, 'wrong')"));
    // A strict session that changes something else can copy them all the same.
    outside(&scene, "SET sql_mode = 'TRADITIONAL'; UPDATE z SET n = 2");
    let rows = "SELECT n, CAST(d AS CHAR), CAST(dt AS CHAR), CAST(ts AS CHAR), e FROM z ORDER BY id";
    let kept = [
        "2|0000-00-00|2024-02-31 10:00:00.000|0000-00-00 00:00:00|",
        "2|2024-00-00|0000-00-00 00:00:00.000|0000-00-00 00:00:00|",
    ];
    assert_eq!(scene.rows_at("HEAD", rows).await, kept);
    assert_eq!(scene.rows_at("HEAD~1", rows).await, kept.map(|row| row.replacen('2', "1", 1)));
    outside(&scene, "TRUNCATE z");
    let commit = strict.reconcile("auditor").await.unwrap().unwrap();
    assert_eq!(strict.commit(commit).await.unwrap().tables[0].deleted, 2);
    strict.close().await.unwrap();
    scene.end().await;
}

async fn a_change_of_letters_is_a_change(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE k (id varchar(20) PRIMARY KEY, v varchar(20), c char(9) CHARACTER SET latin1, t text)"],
    )
    .await;
    scene.vsg.enable("k").await.unwrap();
    scene.commit("INSERT INTO k VALUES ('a', 'word', 'word', 'word')").await;
    for change in ["v = 'Word'", "c = 'WORD'", "t = 'wörd'", "v = 'Word '", "t = 'word'", "id = 'A'"] {
        scene.commit(&format!("UPDATE k SET {change}")).await;
        assert_eq!(scene.operations().await[0], "UPDATE", "{change}");
    }
    // What the column itself does not keep is no change.
    scene.sql("UPDATE k SET c = 'WORD '").await;
    assert_eq!(scene.log().await.len(), 7);
    scene.commit("DELETE FROM k WHERE id = 'a'").await;
    scene.commit("INSERT INTO k (id) VALUES ('á')").await;
    let key = dbvsg::Key::parse(&scene.vsg.tracked("k").await.unwrap().table, "A").unwrap();
    assert_eq!(scene.vsg.history("k", &key, 20, 0).await.unwrap().total, 9, "to the server they are one key");
    assert_eq!(scene.rows_at("HEAD~2", "SELECT id, v FROM k").await, ["A|Word "]);
    scene.end().await;
}

async fn rows_that_take_anothers_place(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE p (id int PRIMARY KEY, a int UNIQUE, b int UNIQUE, v int)"]).await;
    scene.vsg.enable("p").await.unwrap();
    let counts = async || {
        let log = scene.log().await;
        let table = &log[0].tables[0];
        (table.inserted, table.updated, table.deleted, table.rows)
    };
    scene.commit("INSERT INTO p VALUES (1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 3, 3)").await;
    // One row stands in the way by its key, and two others by a key each.
    scene.commit("REPLACE INTO p VALUES (1, 2, 3, 9)").await;
    assert_eq!(scene.rows("SELECT * FROM p").await, ["1|2|3|9"]);
    assert_eq!(counts().await.3, 1);
    scene.verify().await;
    scene.commit("REPLACE INTO p SELECT 5, a, 7, v FROM p").await;
    // The row that is met by another unique key is the one that is changed.
    scene.commit("INSERT INTO p VALUES (8, 2, 8, 8) ON DUPLICATE KEY UPDATE v = v + 1").await;
    assert_eq!((counts().await, scene.rows("SELECT * FROM p").await), ((0, 1, 0, 1), vec!["5|2|7|10".to_owned()]));
    scene.commit("INSERT INTO p VALUES (8, 2, 8, 8) ON DUPLICATE KEY UPDATE id = VALUES(id)").await;
    assert_eq!(counts().await, (1, 0, 1, 1));
    scene.commit("INSERT INTO p VALUES (9, 9, 9, 9), (8, 0, 0, 0) ON DUPLICATE KEY UPDATE v = VALUES(v)").await;
    assert_eq!(counts().await, (1, 1, 0, 2));
    scene.commit("INSERT IGNORE INTO p VALUES (8, 5, 5, 5), (10, 10, 10, 10)").await;
    assert_eq!(counts().await, (1, 0, 0, 3));
    let before = scene.log().await.len();
    scene.sql("INSERT IGNORE INTO p VALUES (8, 5, 5, 5)").await;
    scene.sql("UPDATE IGNORE p SET id = 9 WHERE id = 8").await;
    scene.sql("INSERT INTO p VALUES (8, 5, 5, 5) ON DUPLICATE KEY UPDATE v = p.v").await;
    assert_eq!(scene.log().await.len(), before, "nothing came of these");
    scene.end().await;
}

async fn cascades_are_captured_through_all_levels(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (id int PRIMARY KEY, a_id int, FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE CASCADE)",
            "CREATE TABLE c (id int PRIMARY KEY, b_id int, a_id int, v varchar(9), FOREIGN KEY (b_id) REFERENCES b (id) ON DELETE CASCADE, \
             FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE SET NULL)",
            "CREATE TABLE d (id int PRIMARY KEY, c_id int, FOREIGN KEY (c_id) REFERENCES c (id) ON DELETE SET NULL)",
            "CREATE TABLE tree (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE)",
            "INSERT INTO a VALUES (1), (2), (3)",
            "INSERT INTO b VALUES (10, 1), (11, 1), (20, 2)",
            "INSERT INTO c VALUES (100, 10, 1, 'x'), (101, 11, 2, 'x'), (200, 20, 1, 'x'), (201, 20, NULL, 'x')",
            "INSERT INTO d VALUES (1000, 100), (1001, 101), (2000, 200)",
            "INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL), (6, 5)",
        ],
    )
    .await;
    // The table that begins it need not be tracked.
    for table in ["b", "c", "d", "tree"] {
        scene.vsg.enable(table).await.unwrap();
    }
    let counts = async || -> Vec<(String, i64, i64)> {
        let touched = scene.log().await.remove(0).tables;
        touched.into_iter().map(|table| (table.table, table.updated, table.deleted)).collect()
    };
    let is = |expected: &[(&str, i64, i64)]| -> Vec<(String, i64, i64)> {
        expected.iter().map(|(table, updated, deleted)| ((*table).to_owned(), *updated, *deleted)).collect()
    };
    scene.commit("DELETE FROM a WHERE id = 1").await;
    assert_eq!(counts().await, is(&[("b", 0, 2), ("c", 1, 2), ("d", 2, 0)]));
    scene.verify().await;
    assert_eq!(scene.rows_at("HEAD", "SELECT id, a_id FROM c ORDER BY id").await, ["200|-", "201|-"]);
    // A program that knows nothing of it, and rows that nothing refers to.
    outside(&scene, "DELETE FROM a WHERE id = 3; DELETE FROM b WHERE id = 20");
    assert_eq!(counts().await, is(&[("b", 0, 1), ("c", 0, 2), ("d", 1, 0)]));
    scene.verify().await;
    scene.commit("DELETE FROM tree WHERE id = 2").await;
    assert_eq!(counts().await, is(&[("tree", 0, 3)]));
    scene.commit("DELETE FROM tree").await;
    assert_eq!(counts().await, is(&[("tree", 0, 3)]));
    // A delete that is undone leaves nothing.
    let before = scene.log().await.len();
    scene.sql("INSERT INTO b VALUES (30, 2)").await;
    outside(&scene, "BEGIN; DELETE FROM a; ROLLBACK");
    assert_eq!(scene.log().await.len(), before + 1);
    scene.end().await;
}

async fn keys_cascade_too(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE a (code varchar(9) PRIMARY KEY, v int)",
            "CREATE TABLE b (code varchar(9), n int, PRIMARY KEY (code, n), FOREIGN KEY (code) REFERENCES a (code) ON UPDATE CASCADE)",
            "CREATE TABLE c (id int PRIMARY KEY, code varchar(9), n int, FOREIGN KEY (code, n) REFERENCES b (code, n) ON UPDATE CASCADE)",
            "CREATE TABLE s (id int PRIMARY KEY, code varchar(9), FOREIGN KEY (code) REFERENCES a (code) ON UPDATE SET NULL)",
            "INSERT INTO a VALUES ('x', 1), ('y', 1)",
            "INSERT INTO b VALUES ('x', 1), ('x', 2), ('y', 1)",
            "INSERT INTO c VALUES (1, 'x', 1), (2, 'y', 1)",
            "INSERT INTO s VALUES (1, 'x')",
        ],
    )
    .await;
    for table in ["a", "b", "c", "s"] {
        scene.vsg.enable(table).await.unwrap();
    }
    scene.commit("UPDATE a SET code = 'z' WHERE code = 'x'").await;
    let log = scene.log().await;
    let counts: Vec<_> = log[0].tables.iter().map(|t| (t.table.as_str(), t.inserted, t.updated, t.deleted)).collect();
    assert_eq!(counts, [("a", 1, 0, 1), ("b", 2, 0, 2), ("c", 0, 1, 0), ("s", 0, 1, 0)]);
    scene.verify().await;
    scene.commit("UPDATE a SET v = 2").await;
    assert_eq!(scene.log().await[0].tables.len(), 1, "no key changed");
    // Another letter of the same key goes down too.
    scene.commit("UPDATE a SET code = 'Y' WHERE code = 'y'").await;
    assert_eq!(
        scene.rows_at("HEAD", "SELECT code FROM c ORDER BY id").await,
        scene.rows("SELECT code FROM c ORDER BY id").await
    );
    scene.end().await;
}

async fn no_cascade_without_checks(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (id int PRIMARY KEY, a_id int, FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE CASCADE)",
            "INSERT INTO a VALUES (1)",
            "INSERT INTO b VALUES (10, 1)",
        ],
    )
    .await;
    scene.vsg.enable("b").await.unwrap();
    outside(&scene, "SET foreign_key_checks = 0; DELETE FROM a");
    assert_eq!(scene.rows_at("HEAD", "SELECT id FROM b").await, ["10"]);
    scene.end().await;
}

/// A table of counters, and another connection to it which a pool of one always gives out again.
async fn pool_of_one(engine: Engine) -> (Scene, Vsg) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE c (id int PRIMARY KEY, n int)", "INSERT INTO c VALUES (1, 0), (2, 0), (3, 0)"],
    )
    .await;
    scene.vsg.enable("c").await.unwrap();
    let mut options = ConnectOptions::default();
    options.max_connections = 1;
    let one = Vsg::connect_with(&scene.url(), &options).await.unwrap();
    (scene, one)
}

async fn set(db: &impl ConnectionTrait, id: i64, n: i64) {
    db.execute_unprepared(&format!("UPDATE c SET n = {n} WHERE id = {id}")).await.unwrap();
}

/// Who wrote what, newest first: actor, key, value.
async fn writes(scene: &Scene) -> Vec<String> {
    scene.vsg.seal().await.unwrap();
    let sql = "SELECT c.actor, h.id, h.n FROM c_history h JOIN dbvsg_commit c ON c.id = h.vsg_begin WHERE vsg_op <> 'baseline' \
               ORDER BY h.vsg_id DESC";
    scene.rows(sql).await
}

async fn nothing_leaks_through_a_pooled_connection(engine: Engine) {
    let (scene, one) = pool_of_one(engine).await;
    let (db, root) = (one.connection(), scene.outsider().to_owned());
    let newest = async |count: usize| writes(&scene).await.into_iter().take(count).collect::<Vec<_>>();

    let txn = one.begin("ann").await.unwrap();
    set(&txn, 1, 1).await;
    drop(txn);
    set(&db, 1, 2).await;
    assert_eq!(newest(2).await, [format!("{root}|1|2")], "dropped, then a plain write");

    let txn = one.begin("ann").await.unwrap();
    set(&txn, 1, 3).await;
    txn.rollback().await.unwrap();
    set(&db, 1, 4).await;
    assert_eq!(newest(2).await, [format!("{root}|1|4"), format!("{root}|1|2")], "rolled back, then a plain write");

    let txn = one.begin("ann").await.unwrap();
    set(&txn, 1, 5).await;
    txn.execute_unprepared("INSERT INTO c VALUES (9, 9), (1, 1)").await.unwrap_err();
    let inner = txn.begin().await.unwrap();
    set(&inner, 2, 5).await;
    inner.rollback().await.unwrap();
    set(&txn, 3, 5).await;
    txn.commit().await.unwrap().unwrap();
    set(&db, 1, 6).await;
    assert_eq!(
        newest(3).await,
        [format!("{root}|1|6"), "ann|3|5".into(), "ann|1|5".into()],
        "a failure and a savepoint"
    );

    // What was captured first is undone with a savepoint.
    let txn = one.begin("ben").await.unwrap();
    let inner = txn.begin().await.unwrap();
    set(&inner, 2, 7).await;
    inner.rollback().await.unwrap();
    set(&txn, 3, 7).await;
    txn.commit().await.unwrap().unwrap();
    let txn = one.begin("cy").await.unwrap();
    let inner = txn.begin().await.unwrap();
    set(&inner, 2, 8).await;
    inner.rollback().await.unwrap();
    assert_eq!(txn.commit().await.unwrap(), None);
    assert_eq!(newest(2).await, ["ben|3|7".into(), format!("{root}|1|6")]);

    // Two transactions of no library, one after the other, with nothing in between and with an undone one.
    for n in [10, 11, 12] {
        let txn = db.begin().await.unwrap();
        set(&txn, 1, n).await;
        set(&txn, 2, n).await;
        if n == 11 { txn.rollback().await.unwrap() } else { txn.commit().await.unwrap() }
    }
    let log = scene.log().await;
    assert_eq!((log[0].tables[0].updated, log[1].tables[0].updated), (2, 2));
    assert_eq!(newest(5).await[4], "ben|3|7");
    one.close().await.unwrap();
    scene.end().await;
}

async fn a_cancelled_transaction_leaves_no_trace(engine: Engine) {
    let (scene, one) = pool_of_one(engine).await;
    let db = one.connection();
    for n in 1..=8 {
        let work = async {
            let txn = one.begin("ann").await.unwrap();
            set(&txn, 1, -n).await;
            txn.execute_unprepared("UPDATE c SET n = n + 1 + SLEEP(0.3) WHERE id = 2").await.unwrap();
            txn.commit().await.unwrap();
        };
        let cancelled = tokio::time::timeout(Duration::from_millis(n.unsigned_abs() * 3), work).await;
        assert!(cancelled.is_err());
        set(&db, 3, n).await;
    }
    let written = writes(&scene).await;
    assert_eq!(written.len(), 8);
    assert!(written.iter().all(|row| row.starts_with(scene.outsider())), "{written:?}");
    assert_eq!(scene.rows("SELECT COUNT(*) FROM dbvsg_pending").await, ["0"]);
    one.close().await.unwrap();
    scene.end().await;
}

/// A session whose clock was stopped goes on with its commit until that is sealed.
async fn what_is_sealed_is_whole(engine: Engine) {
    let (scene, one) = pool_of_one(engine).await;
    let db = one.connection();
    db.execute_unprepared("SET timestamp = 1700000000").await.unwrap();
    set(&db, 1, 1).await;
    let slow = "UPDATE c SET n = n + 1 + SLEEP(0.5) WHERE id > 1 ORDER BY id";
    let writing = tokio::spawn(async move { db.execute_unprepared(slow).await.unwrap() });
    // The second of its rows is being written, the first of them was.
    tokio::time::sleep(Duration::from_millis(750)).await;
    scene.vsg.seal().await.unwrap();
    scene.verify().await;
    writing.await.unwrap();
    scene.verify().await;
    assert_eq!(scene.log().await[0].tables[0].updated, 3);
    one.close().await.unwrap();
    scene.end().await;
}

async fn a_transaction_of_any_kind_is_one_commit(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE c (id int PRIMARY KEY, n int)",
            "INSERT INTO c VALUES (1, 0), (2, 0), (3, 0)",
            "CREATE PROCEDURE twice(v int) BEGIN UPDATE c SET n = v WHERE id = 1; UPDATE c SET n = v WHERE id = 2; END",
            "CREATE PROCEDURE whole(v int) BEGIN START TRANSACTION; CALL twice(v); COMMIT; END",
        ],
    )
    .await;
    scene.vsg.enable("c").await.unwrap();
    let set = |n: i64| format!("UPDATE c SET n = {n} WHERE id = 1; UPDATE c SET n = {n} WHERE id = 2");
    for (sql, expected) in [
        (set(1), vec![1, 1]),
        (format!("BEGIN; {}; COMMIT", set(2)), vec![2]),
        (format!("BEGIN; {}; ROLLBACK; {}", set(3), set(4)), vec![1, 1]),
        (format!("SET autocommit = 0; {}; COMMIT; {}; COMMIT; {}", set(5), set(6), set(7)), vec![2, 2]),
        // What ends a transaction without a word of it.
        (format!("SET autocommit = 0; {}; CREATE TABLE other (id int); {}; COMMIT", set(8), set(9)), vec![2, 2]),
        (format!("BEGIN; {}; BEGIN; {}; COMMIT", set(10), set(11)), vec![2, 2]),
        (format!("BEGIN; {}; COMMIT AND CHAIN; {}; COMMIT", set(12), set(13)), vec![2, 2]),
        ("CALL twice(14)".into(), vec![1, 1]),
        ("BEGIN; CALL twice(15); COMMIT".into(), vec![2]),
        ("CALL whole(16); CALL whole(17)".into(), vec![2, 2]),
        (format!("XA START 'x'; {}; XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'; {}", set(18), set(19)), vec![2, 1, 1]),
        (format!("BEGIN; SAVEPOINT a; {}; ROLLBACK TO a; {}; COMMIT", set(20), set(21)), vec![2]),
        // A clock that stands still makes plain writes one.
        (format!("SET timestamp = 1700000000; {}; BEGIN; {}; COMMIT; {}", set(22), set(23), set(24)), vec![2, 2, 2]),
        (
            format!(
                "PREPARE s FROM 'UPDATE c SET n = ?'; SET @n = 25; EXECUTE s USING @n; EXECUTE s USING @n; {}",
                set(26)
            ),
            vec![3, 1, 1],
        ),
    ] {
        let before = scene.log().await.len();
        outside(&scene, &sql);
        let log = scene.log().await;
        let mut written: Vec<i64> = log[..log.len() - before].iter().map(|c| c.tables[0].updated).collect();
        written.reverse();
        assert_eq!(written, expected, "{sql}");
        scene.verify().await;
    }
    assert!(scene.log().await.iter().rev().skip(1).all(|commit| commit.actor == scene.outsider()));
    scene.end().await;
}

async fn many_rows_are_one_commit(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE m (id int PRIMARY KEY, v varchar(20))"]).await;
    scene.vsg.enable("m").await.unwrap();
    outside(&scene, "INSERT INTO m SELECT seq, CONCAT('n', seq) FROM seq_1_to_20000");
    outside(&scene, "UPDATE m SET v = CONCAT(v, 'x') WHERE id % 2 = 0");
    outside(&scene, "DELETE FROM m WHERE id > 15000");
    let file = scene.path("rows.txt");
    std::fs::write(&file, (30_000..31_000).map(|id| format!("{id}\tloaded\n")).collect::<String>()).unwrap();
    outside(&scene, &format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE m", file.display()));
    outside(&scene, "UPDATE m a JOIN m b ON b.id = a.id + 1 SET a.v = b.v, b.v = a.v WHERE a.id = 1");
    let log = scene.log().await;
    let counts: Vec<_> = log.iter().map(|c| (c.tables[0].inserted, c.tables[0].updated, c.tables[0].deleted)).collect();
    assert_eq!(counts, [(0, 2, 0), (1000, 0, 0), (0, 0, 5000), (0, 10_000, 0), (20_000, 0, 0)]);
    assert_eq!(scene.rows_at("HEAD~3", "SELECT COUNT(*), MAX(v) FROM m").await, ["20000|n9999"]);
    scene.end().await;
}

async fn a_truncated_table_is_found(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3)"]).await;
    scene.vsg.enable("t").await.unwrap();
    outside(&scene, "TRUNCATE t; INSERT INTO t VALUES (3), (4)");
    let proof = scene.vsg.verify().await.unwrap();
    assert_eq!(proof.problems.len(), 2, "{:?}", proof.problems);
    let commit = scene.vsg.reconcile("auditor").await.unwrap().unwrap();
    assert_eq!(scene.vsg.commit(commit).await.unwrap().tables[0].deleted, 2);
    assert_eq!(scene.rows_at("HEAD", "SELECT id FROM t").await, ["3", "4"]);
    scene.end().await;
}

async fn an_enabling_that_was_killed_is_undone(engine: Engine) {
    let scene = Scene::new(engine).await;
    for (table, left) in [
        (
            "noted",
            "DROP TABLE noted_history; DROP TRIGGER dbvsg_{id}_insert; DROP TRIGGER dbvsg_{id}_update; DROP TRIGGER dbvsg_{id}_delete",
        ),
        ("stored", "DROP TRIGGER dbvsg_{id}_insert; DROP TRIGGER dbvsg_{id}_update; DROP TRIGGER dbvsg_{id}_delete"),
        ("begun", "DROP TRIGGER dbvsg_{id}_delete"),
        ("all", "DO 0"),
    ] {
        let quoted = scene.quote(table);
        scene.sql(&format!("CREATE TABLE {quoted} (id int PRIMARY KEY)")).await;
        scene.vsg.enable(table).await.unwrap();
        let id = scene.rows(&format!("SELECT id FROM dbvsg_table WHERE table_name = '{table}'")).await.remove(0);
        scene
            .sql(&format!("{}; UPDATE dbvsg_table SET state = 'enabling' WHERE id = {id}", left.replace("{id}", &id)))
            .await;
        // While a program is at it, nobody undoes its work.
        let turn = scene.db().begin().await.unwrap();
        turn.execute_unprepared("SELECT id FROM dbvsg_sealing WHERE id = 3 FOR UPDATE").await.unwrap();
        Vsg::connect(&scene.url()).await.unwrap().close().await.unwrap();
        assert_eq!(scene.rows("SELECT COUNT(*) FROM dbvsg_table WHERE state = 'enabling'").await, ["1"]);
        turn.commit().await.unwrap();
        let after = Vsg::connect(&scene.url()).await.unwrap();
        assert_eq!(scene.rows("SELECT COUNT(*) FROM dbvsg_table WHERE state = 'enabling'").await, ["0"]);
        assert_eq!(scene.columns(&format!("{table}_history")).await, [""; 0]);
        assert_eq!(scene.triggers(table).await, [""; 0]);
        scene.sql(&format!("INSERT INTO {quoted} VALUES (1)")).await;
        after.enable(table).await.unwrap();
        scene.sql(&format!("DELETE FROM {quoted}")).await;
        after.close().await.unwrap();
    }
    // A table of somebody else's that has the name of a history is not ours to drop.
    scene.sql("CREATE TABLE mine (id int PRIMARY KEY); CREATE TABLE mine_history (id int)").await;
    scene
        .sql(
            "INSERT INTO dbvsg_table (table_name, history_name, skip_columns, ignore_columns, enabled_at, since_seq, state) \
             VALUES ('mine', 'mine_history', '[]', '[]', 0, 0, 'enabling')",
        )
        .await;
    Vsg::connect(&scene.url()).await.unwrap().close().await.unwrap();
    assert_eq!(scene.columns("mine_history").await, ["id"]);
    scene.vsg.reload().await.unwrap();
    scene.end().await;
}

async fn what_cannot_be_captured_is_refused(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE flat (id int PRIMARY KEY) ENGINE = MyISAM",
            "CREATE TABLE heap (id int PRIMARY KEY) ENGINE = MEMORY",
            "CREATE TABLE keyless (id int)",
            "CREATE VIEW seen AS SELECT * FROM keyless",
            "CREATE SEQUENCE numbers",
            "CREATE TABLE own (vsg_id int PRIMARY KEY)",
        ],
    )
    .await;
    for (table, reason) in [
        ("flat", "its engine MyISAM knows no transactions"),
        ("heap", "its engine MEMORY knows no transactions"),
        ("keyless", "no primary key"),
        ("seen", "seen"),
        ("numbers", "numbers"),
        ("own", "`vsg_id` begins with `vsg_`"),
        ("nowhere😀", "nowhere"),
        ("dbvsg_commit", "dbvsg_commit"),
        ("mysql.user", "mysql.user"),
    ] {
        let refused = scene.vsg.enable(table).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{table}: {refused}");
    }
    scene.end().await;
}

async fn long_names_are_cut(engine: Engine) {
    let scene = Scene::new(engine).await;
    let long = "ä".repeat(60);
    let (one, two) = (format!("{long}`a"), format!("{long}`b"));
    for name in [&one, &two] {
        let (table, column) = (scene.quote(name), "ü".repeat(64));
        scene
            .sql(&format!(
                "CREATE TABLE {table} (id int PRIMARY KEY, `{column}` int, `select` int, `?` int, `a;b--` int)"
            ))
            .await;
        scene.vsg.enable(name).await.unwrap();
        scene.commit(&format!("INSERT INTO {table} VALUES (1, 2, 3, 4, 5)")).await;
        scene.commit(&format!("UPDATE {table} SET `a;b--` = 6")).await;
        assert_eq!(scene.rows_at("HEAD~1", &format!("SELECT * FROM {table}")).await, ["1|2|3|4|5"]);
    }
    let histories: Vec<String> = scene.vsg.all_tracked().iter().map(|tracked| tracked.history.name.clone()).collect();
    assert!(histories.iter().all(|name| name.chars().count() <= 64) && histories[0] != histories[1], "{histories:?}");
    scene.end().await;
}

/// A user of the server's, which no database takes with it when it goes.
struct User<'a>(&'a Scene, String);

impl<'a> User<'a> {
    async fn new(scene: &'a Scene, rights: &str) -> Self {
        let name = format!("dbvsg_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        scene.sql(&format!("CREATE USER {name}@localhost IDENTIFIED BY ''")).await;
        scene.sql(&format!("GRANT {rights} TO {name}@localhost")).await;
        Self(scene, name)
    }

    fn url(&self) -> String {
        let mut url = url::Url::parse(&self.0.url()).unwrap();
        url.set_username(&self.1).unwrap();
        url.into()
    }

    async fn connect(&self) -> DatabaseConnection {
        Database::connect(self.url()).await.unwrap()
    }

    async fn end(self) {
        self.0.sql(&format!("DROP USER {}@localhost", self.1)).await;
    }
}

async fn who_writes_needs_no_right_on_history(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE pay (id int PRIMARY KEY, amount int)",
            "CREATE TABLE slip (id int PRIMARY KEY, pay_id int, FOREIGN KEY (pay_id) REFERENCES pay (id) ON DELETE CASCADE)",
        ],
    )
    .await;
    scene.vsg.enable("pay").await.unwrap();
    scene.vsg.enable("slip").await.unwrap();
    scene.sql("INSERT INTO pay VALUES (7, 7); INSERT INTO slip VALUES (1, 7)").await;
    let clerk = User::new(&scene, "SELECT, INSERT, UPDATE, DELETE ON pay").await;
    let db = clerk.connect().await;
    for sql in ["INSERT INTO pay VALUES (1, 1)", "UPDATE pay SET amount = 2", "DELETE FROM pay WHERE id = 7"] {
        db.execute_unprepared(sql).await.unwrap();
    }
    let log = scene.log().await;
    assert!(log[..3].iter().all(|commit| commit.actor == clerk.1), "{log:?}");
    assert_eq!(log[0].tables.len(), 2);
    for sql in [
        "DELETE FROM pay_history",
        "UPDATE dbvsg_pending SET actor = 'x'",
        "CALL dbvsg_begin()",
        "DROP TRIGGER dbvsg_1_insert",
    ] {
        let denied = Error::from(db.execute_unprepared(sql).await.unwrap_err());
        assert_eq!(denied.kind(), ErrorKind::Denied, "{sql}: {denied:?}");
    }
    // A program that writes through DBVSG needs some more.
    let teller = User::new(&scene, "SELECT, UPDATE ON pay").await;
    for right in ["INSERT ON dbvsg_pending", "SELECT, INSERT ON dbvsg_change", "EXECUTE ON PROCEDURE dbvsg_close"] {
        scene.sql(&format!("GRANT {right} TO {}@localhost", teller.1)).await;
    }
    for table in ["branch", "column", "commit", "commit_table", "horizon", "support", "table"] {
        scene.sql(&format!("GRANT SELECT ON dbvsg_{table} TO {}@localhost", teller.1)).await;
    }
    let as_teller = Vsg::connect(&teller.url()).await.unwrap();
    let txn = as_teller.begin("ann").await.unwrap();
    txn.execute_unprepared("UPDATE pay SET amount = 5").await.unwrap();
    let commit = txn.commit().await.unwrap().unwrap();
    assert_eq!(scene.vsg.commit(commit).await.unwrap().actor, "ann");
    as_teller.close().await.unwrap();
    teller.end().await;
    // A variable that a writer sets itself gives it no other commit than its own.
    db.execute_unprepared("SET @dbvsg_own = 1, @dbvsg_commit = 1, @dbvsg_statement = NULL; UPDATE pay SET amount = 3")
        .await
        .unwrap();
    assert_eq!(scene.log().await[0].actor, clerk.1);
    db.close().await.unwrap();
    clerk.end().await;
    scene.end().await;
}

async fn who_lacks_a_right_is_told(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE pay (id int PRIMARY KEY, amount int)", "INSERT INTO pay VALUES (1, 1)"])
            .await;
    scene.vsg.enable("pay").await.unwrap();
    let reader = User::new(&scene, &format!("SELECT ON {}.*", scene.schema())).await;
    let as_reader = Vsg::connect(&reader.url()).await.unwrap();
    assert_eq!(as_reader.log(&Default::default()).await.unwrap().total, 1);
    let then = as_reader.as_of("2999-01-01T00:00:00Z").await.unwrap();
    assert_eq!(then.query_all_raw(scene.query("SELECT amount FROM pay")).await.unwrap().len(), 1);
    let denied = |error: Error, right: &str| {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        assert!(error.to_string().contains(right), "{error}");
    };
    denied(as_reader.begin("ann").await.unwrap_err(), "INSERT");
    let plain = as_reader.connection().execute_unprepared("UPDATE pay SET amount = 2").await.unwrap_err();
    denied(plain.into(), "UPDATE command denied");
    scene.sql("CREATE TABLE other (id int PRIMARY KEY)").await;
    denied(as_reader.enable("other").await.unwrap_err(), "denied");
    scene.sql("UPDATE pay SET amount = 2").await;
    denied(as_reader.log(&Default::default()).await.unwrap_err(), "denied");
    as_reader.close().await.unwrap();
    reader.end().await;
    // One who may do everything but create triggers is told when it enables, and nothing is left of the attempt.
    let builder = User::new(
        &scene,
        &format!(
            "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, EXECUTE, LOCK TABLES ON {}.*",
            scene.schema()
        ),
    )
    .await;
    let as_builder = Vsg::connect(&builder.url()).await.unwrap();
    denied(as_builder.enable("other").await.unwrap_err(), "lacks a right");
    assert_eq!(scene.columns("other_history").await, [""; 0]);
    assert_eq!(scene.rows("SELECT COUNT(*) FROM dbvsg_table").await, ["1"]);
    as_builder.close().await.unwrap();
    builder.end().await;
    scene.end().await;
}

async fn triggers_of_the_application_write_too(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int, seen int DEFAULT 0)",
            "CREATE TABLE totals (id int PRIMARY KEY, n int)",
            "CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY, t_id int)",
            "INSERT INTO totals VALUES (1, 0)",
            "CREATE TRIGGER a_before BEFORE UPDATE ON t FOR EACH ROW SET NEW.seen = OLD.seen + 1",
            "CREATE TRIGGER a_early AFTER INSERT ON t FOR EACH ROW INSERT INTO notes (t_id) VALUES (NEW.id)",
            "CREATE TRIGGER a_gone AFTER DELETE ON t FOR EACH ROW DELETE FROM notes WHERE t_id = OLD.id",
        ],
    )
    .await;
    for table in ["t", "totals", "notes"] {
        scene.vsg.enable(table).await.unwrap();
    }
    // One that stands after DBVSG's own.
    scene.sql("CREATE TRIGGER z_late AFTER INSERT ON t FOR EACH ROW UPDATE totals SET n = n + NEW.v").await;
    let counts = async || -> Vec<(String, i64, i64, i64)> {
        let touched = scene.log().await.remove(0).tables;
        touched.into_iter().map(|table| (table.table, table.inserted, table.updated, table.deleted)).collect()
    };
    scene.commit("INSERT INTO t (v) VALUES (1), (2)").await;
    assert_eq!(counts().await, [("notes".into(), 2, 0, 0), ("t".into(), 2, 0, 0), ("totals".into(), 0, 2, 0)]);
    outside(&scene, "INSERT INTO t (v) VALUES (3), (4)");
    assert_eq!(counts().await, [("notes".into(), 2, 0, 0), ("t".into(), 2, 0, 0), ("totals".into(), 0, 2, 0)]);
    // The trigger changes what the statement did not.
    scene.commit("UPDATE t SET v = v WHERE id = 1").await;
    assert_eq!(scene.rows_at("HEAD", "SELECT seen FROM t WHERE id = 1").await, ["1"]);
    scene.commit("DELETE FROM t WHERE id > 2").await;
    assert_eq!(counts().await, [("notes".into(), 0, 0, 2), ("t".into(), 0, 0, 2)]);
    // Keys that the server gives are still told to whoever inserts.
    assert_eq!(outside(&scene, "INSERT INTO t (v) VALUES (5); SELECT LAST_INSERT_ID() = MAX(id) FROM t"), "1");
    scene.end().await;
}

/// Statements are killed while they capture, which brought the server down where a column's default called NEXTVAL.
async fn a_statement_that_is_killed_harms_nobody(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)"]).await;
    scene.vsg.enable("t").await.unwrap();
    let started = scene
        .rows("SELECT variable_value > 0 FROM information_schema.global_status WHERE variable_name = 'UPTIME'")
        .await;
    assert_eq!(started, ["1"]);
    let until = std::time::Instant::now() + Duration::from_secs(3);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let db = scene.db();
            let insert = scene.query("INSERT INTO t (v) VALUES (1), (2), (3)");
            let update = scene.query("UPDATE t SET v = v + 1 ORDER BY id DESC LIMIT 5");
            tokio::spawn(async move {
                let mut done = 0;
                while std::time::Instant::now() < until {
                    done += u32::from(db.execute_raw(insert.clone()).await.is_ok());
                    _ = db.execute_raw(update.clone()).await;
                }
                done
            })
        })
        .collect();
    let killer = Database::connect(scene.url()).await.unwrap();
    let running = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = '{}' AND id <> CONNECTION_ID() AND command = 'Execute'",
        scene.schema()
    );
    while std::time::Instant::now() < until {
        for row in killer.query_all_raw(scene.query(&running)).await.unwrap() {
            let id: String = row.try_get_by_index(0).unwrap();
            // It may have gone by itself.
            _ = killer.execute_unprepared(&format!("KILL QUERY {id}")).await;
        }
    }
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap();
    }
    killer.close().await.unwrap();
    assert!(done > 0);
    assert_eq!(scene.rows("SELECT COUNT(*) FROM t").await, [(done * 3).to_string()]);
    scene.end().await;
}
