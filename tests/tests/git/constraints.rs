//! What stands in the way of going back: foreign keys, unique keys, the application's own triggers, automatic keys.

use dbvsg::{ApplyOptions, Error, Policy};
use dbvsg_tests::{Engine, Scene, scenarios};
use futures_util::TryStreamExt;

scenarios!(
    parents_and_children_go_back_together,
    rows_of_a_tree_go_back,
    tables_that_refer_to_each_other_go_back,
    a_child_moves_away_from_a_parent_that_goes,
    a_cascade_takes_nothing_else_with_it,
    a_missing_parent_is_named,
    unique_values_swap_between_rows,
    unique_values_swap_between_rows_that_others_refer_to,
    triggers_of_the_application_hold_still_and_act_again,
    automatic_keys_go_on_behind_rows_that_came_back,
    columns_that_are_not_kept_are_left_alone,
    odd_names_and_composite_keys_go_back,
    every_value_comes_back_as_it_was,
);

async fn tracked(engine: Engine, ddl: &[&str], tables: &[&str]) -> Scene {
    let scene = Scene::with(engine, ddl).await;
    for table in tables {
        scene.vsg.enable(table).await.unwrap();
    }
    scene
}

async fn parents_and_children_go_back_together(engine: Engine) {
    let scene = tracked(
        engine,
        &[
            "CREATE TABLE author (id INTEGER PRIMARY KEY, name VARCHAR(20) UNIQUE)",
            "CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title VARCHAR(20), \
             FOREIGN KEY (author_id) REFERENCES author (id))",
            "CREATE TABLE page (book_id INTEGER, no INTEGER, PRIMARY KEY (book_id, no), FOREIGN KEY (book_id) REFERENCES book (id))",
        ],
        &["page", "book", "author"],
    )
    .await;
    let first = scene
        .commit("INSERT INTO author VALUES (1, 'ann'); INSERT INTO book VALUES (10, 1, 'x'); INSERT INTO page VALUES (10, 1), (10, 2)")
        .await;
    let gone = scene.commit("DELETE FROM page; DELETE FROM book; DELETE FROM author").await;
    // The same author under another key: the names collide while both are there.
    scene.commit("INSERT INTO author VALUES (2, 'ann'); INSERT INTO book VALUES (11, 2, 'y'); INSERT INTO page VALUES (11, 1)").await;
    let all = "SELECT name || '' FROM author";
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await.unwrap();
    assert_eq!(
        done.changes.iter().map(|changes| (changes.inserted, changes.deleted)).collect::<Vec<_>>(),
        [(2, 1), (1, 1), (1, 1)]
    );
    assert_eq!(scene.rows("SELECT id, name FROM author").await, ["1|ann"]);
    assert_eq!(scene.rows("SELECT book_id, no FROM page ORDER BY no").await, ["10|1", "10|2"]);
    assert_eq!(scene.rows(all).await.len(), 1);
    scene.vsg.checkout("bea", gone, &ApplyOptions::all()).await.unwrap();
    assert!(
        scene.rows("SELECT 1 FROM author UNION ALL SELECT 1 FROM book UNION ALL SELECT 1 FROM page").await.is_empty()
    );
    scene.end().await;
}

async fn rows_of_a_tree_go_back(engine: Engine) {
    let scene = tracked(
        engine,
        &["CREATE TABLE node (id INTEGER PRIMARY KEY, up INTEGER, FOREIGN KEY (up) REFERENCES node (id) ON DELETE CASCADE)"],
        &["node"],
    )
    .await;
    let first = scene
        .commit("INSERT INTO node VALUES (1, NULL); INSERT INTO node VALUES (2, 1); INSERT INTO node VALUES (3, 2); INSERT INTO node VALUES (4, 3)")
        .await;
    // Four moves under a new node, the old way down goes.
    scene
        .commit("INSERT INTO node VALUES (9, 1); UPDATE node SET up = 9 WHERE id = 4; DELETE FROM node WHERE id = 3")
        .await;
    let second = scene.vsg.commit("HEAD").await.unwrap().uuid;
    scene.vsg.checkout("bea", first, &ApplyOptions::table("node")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, up FROM node ORDER BY id").await, ["1|-", "2|1", "3|2", "4|3"]);
    scene.vsg.checkout("bea", second, &ApplyOptions::table("node")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, up FROM node ORDER BY id").await, ["1|-", "2|1", "4|9", "9|1"]);
    let ops: Vec<_> = scene.audit().await.iter().take(3).map(|change| change.op.shown()).collect();
    let mut ops = ops;
    ops.sort();
    assert_eq!(ops, ["create", "delete", "update"]);
    scene.end().await;
}

async fn tables_that_refer_to_each_other_go_back(engine: Engine) {
    let add = match engine {
        Engine::Sqlite => "SELECT 1",
        _ => "ALTER TABLE team ADD CONSTRAINT leads FOREIGN KEY (lead_id) REFERENCES person (id)",
    };
    let inline = engine.pick(", FOREIGN KEY (lead_id) REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED", "", "");
    let scene = tracked(
        engine,
        &[
            &format!("CREATE TABLE team (id INTEGER PRIMARY KEY, lead_id INTEGER{inline})"),
            "CREATE TABLE person (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL, FOREIGN KEY (team_id) REFERENCES team (id))",
            add,
        ],
        &["team", "person"],
    )
    .await;
    let first = scene
        .commit("INSERT INTO team VALUES (1, NULL); INSERT INTO person VALUES (5, 1); UPDATE team SET lead_id = 5")
        .await;
    scene.commit("UPDATE team SET lead_id = NULL; DELETE FROM person; DELETE FROM team").await;
    scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await.unwrap();
    assert_eq!(scene.rows("SELECT t.id, t.lead_id, p.id, p.team_id FROM team t, person p").await, ["1|5|5|1"]);
    scene.vsg.rollback("bea", &ApplyOptions::all()).await.unwrap();
    assert!(scene.rows("SELECT 1 FROM team UNION ALL SELECT 1 FROM person").await.is_empty());
    // The foreign keys are what they were: nothing dangles from now on.
    assert!(scene.vsg.execute("ann", None, "INSERT INTO person VALUES (6, 77)").await.is_err());
    scene.end().await;
}

async fn a_child_moves_away_from_a_parent_that_goes(engine: Engine) {
    for action in ["", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE RESTRICT"] {
        let scene = tracked(
            engine,
            &[
                "CREATE TABLE p (id INTEGER PRIMARY KEY, code VARCHAR(5) UNIQUE)",
                &format!("CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id) {action})"),
            ],
            &["p", "c"],
        )
        .await;
        let first = scene.commit("INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (1, 1), (2, 1)").await;
        scene.commit("UPDATE p SET code = 'old'; INSERT INTO p VALUES (2, 'x'); UPDATE c SET p_id = 2; DELETE FROM p WHERE id = 1").await;
        let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await;
        let done = done.unwrap_or_else(|error| panic!("{action}: {error}"));
        assert_eq!(done.changes[1].updated, 2, "{action}");
        assert_eq!(
            scene.rows("SELECT c.id, p.id, p.code FROM c JOIN p ON p.id = c.p_id ORDER BY c.id").await,
            ["1|1|x", "2|1|x"]
        );
        let commit = scene.vsg.commit(done.commit.unwrap()).await.unwrap();
        assert_eq!((commit.tables[0].updated, commit.tables[0].deleted), (2, 0), "{action}");
        scene.end().await;
    }
}

async fn a_cascade_takes_nothing_else_with_it(engine: Engine) {
    let scene = tracked(
        engine,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE)",
            "CREATE TABLE untracked (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE)",
            "INSERT INTO p VALUES (1)",
        ],
        &["p", "c"],
    )
    .await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    scene.commit("INSERT INTO p VALUES (2); INSERT INTO c VALUES (1, 2)").await;
    for options in [ApplyOptions::table("p"), ApplyOptions::table("p").dry_run()] {
        let refused = scene.vsg.rollback_to("bea", first, &options).await.unwrap_err();
        let Error::Violation { detail, .. } = &refused else { panic!("{refused:?}") };
        assert!(detail.contains("row `2` of `p`") && detail.contains("`c`"), "{detail}");
    }
    assert_eq!(scene.rows("SELECT id FROM p ORDER BY id").await, ["1", "2"]);
    // With the child's table it goes, and a table that nobody tracks is asked too.
    scene.sql("INSERT INTO untracked VALUES (1, 2)").await;
    let refused = scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await.unwrap_err();
    assert!(refused.to_string().contains("untracked"), "{refused}");
    scene.sql("DELETE FROM untracked").await;
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await;
    // The child was not tracked yet at that commit, unless its baseline came first.
    let done = done.unwrap();
    assert_eq!(done.changes.len(), 2);
    scene.end().await;
}

async fn a_missing_parent_is_named(engine: Engine) {
    let scene = tracked(
        engine,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id))",
        ],
        &["p", "c"],
    )
    .await;
    let first = scene.commit("INSERT INTO p VALUES (1); INSERT INTO c VALUES (7, 1)").await;
    scene.commit("DELETE FROM c; DELETE FROM p").await;
    let refused = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("c")).await.unwrap_err();
    let Error::Violation { detail, .. } = &refused else { panic!("{refused:?}") };
    assert!(detail.contains("row `7` of `c`") && detail.contains("`p`"), "{detail}");
    assert_eq!(scene.log().await.len(), 2);
    scene.vsg.rollback_to("bea", first, &ApplyOptions::all()).await.unwrap();
    assert_eq!(scene.rows("SELECT p_id FROM c").await, ["1"]);
    scene.end().await;
}

async fn unique_values_swap_between_rows(engine: Engine) {
    let scene = tracked(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b DATE NOT NULL, v VARCHAR(5), UNIQUE (a, b))",
            "INSERT INTO t VALUES (1, 1, '2024-01-01', 'x'), (2, 1, '2024-01-02', 'y'), (3, 1, '2024-01-03', 'z'), (4, 9, '2024-01-01', 'w')",
        ],
        &["t"],
    )
    .await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    // A ring of three, with one step over a value that is free for a moment.
    scene
        .commit(
            "UPDATE t SET b = '2025-01-01' WHERE id = 1; UPDATE t SET b = '2024-01-01' WHERE id = 2; \
             UPDATE t SET b = '2024-01-02' WHERE id = 3; UPDATE t SET b = '2024-01-03', v = 'moved' WHERE id = 1; DELETE FROM t WHERE id = 4",
        )
        .await;
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!((done.changes[0].updated, done.changes[0].inserted), (3, 1));
    assert_eq!(scene.rows("SELECT id, v FROM t ORDER BY b, a").await, ["1|x", "4|w", "2|y", "3|z"]);
    let commit = scene.vsg.commit(done.commit.unwrap()).await.unwrap();
    assert_eq!((commit.tables[0].updated, commit.tables[0].inserted, commit.tables[0].deleted), (3, 1, 0));
    let ops: Vec<_> = scene.audit().await.iter().take(4).map(|change| change.op.shown()).collect();
    assert_eq!(ops.iter().filter(|op| **op == "update").count(), 3);
    scene.end().await;
}

async fn unique_values_swap_between_rows_that_others_refer_to(engine: Engine) {
    let scene = tracked(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, mail VARCHAR(40) NOT NULL UNIQUE, no INTEGER UNIQUE)",
            "CREATE TABLE c (id INTEGER PRIMARY KEY, t_id INTEGER, FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE)",
            "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2)",
            "INSERT INTO c VALUES (1, 1), (2, 2)",
        ],
        &["t", "c"],
    )
    .await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let swap = "UPDATE t SET mail = '-', no = NULL WHERE id = 1; UPDATE t SET mail = 'x', no = 1 WHERE id = 2; \
                UPDATE t SET mail = 'y', no = 2 WHERE id = 1";
    scene.commit(swap).await;
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, mail, no FROM t ORDER BY id").await, ["1|x|1", "2|y|2"]);
    assert_eq!(scene.rows("SELECT count(*) FROM c").await, ["2"]);
    let commit = scene.vsg.commit(done.commit.unwrap()).await.unwrap();
    assert_eq!((commit.tables[0].updated, commit.tables.len()), (2, 1));
    scene.end().await;
}

async fn triggers_of_the_application_hold_still_and_act_again(engine: Engine) {
    let trigger = |name: &str, event: &str, sql: &str| match engine {
        Engine::Sqlite => vec![format!("CREATE TRIGGER {name} {event} ON t FOR EACH ROW BEGIN {sql}; END")],
        Engine::Postgres => vec![
            format!(
                "CREATE FUNCTION {name}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {sql}; RETURN NEW; END $$"
            ),
            format!("CREATE TRIGGER {name} {event} ON t FOR EACH ROW EXECUTE FUNCTION {name}_f()"),
        ],
        Engine::MariaDb => vec![format!("CREATE TRIGGER {name} {event} ON t FOR EACH ROW BEGIN {sql}; END")],
    };
    let scene = tracked(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20))", "CREATE TABLE noted (what VARCHAR(20))"],
        &["t"],
    )
    .await;
    for sql in [
        trigger("on_insert", "AFTER INSERT", "INSERT INTO noted VALUES ('insert')"),
        trigger("on_update", "AFTER UPDATE", "INSERT INTO noted VALUES ('update')"),
    ]
    .concat()
    {
        scene.sql(&sql).await;
    }
    let first = scene.commit("INSERT INTO t VALUES (1, 'a'), (2, 'b')").await;
    scene.commit("UPDATE t SET v = 'c' WHERE id = 1; DELETE FROM t WHERE id = 2").await;
    let noted = scene.rows("SELECT what FROM noted").await.len();
    let before = scene.triggers("t").await;
    let told = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t").dry_run()).await.unwrap();
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(told.changes, done.changes);
    assert_eq!(scene.rows("SELECT id, v FROM t ORDER BY id").await, ["1|a", "2|b"]);
    assert_eq!(scene.rows("SELECT what FROM noted").await.len(), noted, "they acted meanwhile");
    assert_eq!(scene.triggers("t").await, before);
    scene.sql("INSERT INTO t VALUES (3, 'c')").await;
    assert_eq!(scene.rows("SELECT what FROM noted").await.len(), noted + 1, "they do not act any more");
    // What fails leaves them as they are, too.
    scene.sql("UPDATE t SET v = 'x'").await;
    let unknown = scene.vsg.checkout("bea", "2000-01-01T00:00:00Z", &ApplyOptions::table("t")).await;
    assert!(matches!(unknown, Err(Error::UnknownReference { .. })), "{unknown:?}");
    assert_eq!(scene.triggers("t").await, before);
    scene.end().await;
}

async fn automatic_keys_go_on_behind_rows_that_came_back(engine: Engine) {
    let scene = tracked(engine, &[&format!("CREATE TABLE t (id {}, v VARCHAR(20))", engine.auto_key())], &["t"]).await;
    scene.sql("INSERT INTO t (v) VALUES ('a')").await;
    let first = scene.commit("INSERT INTO t VALUES (50, 'given by hand')").await;
    scene.commit("DELETE FROM t WHERE id = 50").await;
    scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    for _ in 0..3 {
        scene.sql("INSERT INTO t (v) VALUES ('next')").await;
    }
    assert_eq!(scene.rows("SELECT count(*) FROM t WHERE v = 'next' AND id > 50").await, ["3"]);
    scene.end().await;
}

async fn columns_that_are_not_kept_are_left_alone(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20), secret VARCHAR(20) DEFAULT 'none', seen INTEGER)",
            "INSERT INTO t VALUES (1, 'a', 's1', 1), (2, 'b', 's2', 2)",
        ],
    )
    .await;
    scene.vsg.enable_with("t", &Policy::default().skip("secret").ignore("seen")).await.unwrap();
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    scene.commit("UPDATE t SET v = 'A', secret = 'new', seen = 10 WHERE id = 1; DELETE FROM t WHERE id = 2").await;
    scene.sql("UPDATE t SET seen = 11").await;
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, secret, seen FROM t ORDER BY id").await, ["1|a|new|11", "2|b|none|2"]);
    assert!(done.notes.iter().any(|note| note.contains("`secret`")), "{:?}", done.notes);
    scene.end().await;
}

async fn odd_names_and_composite_keys_go_back(engine: Engine) {
    let (table, key, other, column) =
        (engine.quote("order \"by`; --"), engine.quote("select"), engine.quote("a'b"), engine.quote("WHERE \"x\""));
    let scene = Scene::with(
        engine,
        &[&format!("CREATE TABLE {table} ({key} VARCHAR(10), {other} INTEGER, {column} VARCHAR(10) UNIQUE, PRIMARY KEY ({other}, {key}))")],
    )
    .await;
    let name = "order \"by`; --";
    scene.vsg.enable(name).await.unwrap();
    let first = scene.commit(&format!("INSERT INTO {table} VALUES ('a', 1, 'x'), ('b', 1, 'y'), ('c', 2, NULL)")).await;
    scene
        .commit(&format!("UPDATE {table} SET {column} = 'q' WHERE {key} = 'a'; DELETE FROM {table} WHERE {key} = 'c'"))
        .await;
    scene
        .commit(&format!(
            "UPDATE {table} SET {column} = 'x' WHERE {key} = 'b'; UPDATE {table} SET {column} = 'y' WHERE {key} = 'a'"
        ))
        .await;
    scene.vsg.rollback_to("bea", first, &ApplyOptions::table(name)).await.unwrap();
    let rows = scene.rows(&format!("SELECT {key}, {other}, {column} FROM {table} ORDER BY {key}")).await;
    assert_eq!(rows, ["a|1|x", "b|1|y", "c|2|-"]);
    scene.end().await;
}

async fn every_value_comes_back_as_it_was(engine: Engine) {
    let (types, values, others) = match engine {
        Engine::Sqlite => (
            "n NUMERIC, r REAL, b BLOB, j JSON, d DATETIME, x, flag BOOLEAN",
            "1.10, 0.1, x'00ff', '{\"a\": [1, 2]}', '2024-02-29 12:00:00.123456', x'61', 1",
            "NULL, -0.0, NULL, '{}', NULL, '61', 0",
        ),
        Engine::Postgres => (
            "n NUMERIC(30, 10), r DOUBLE PRECISION, b BYTEA, j JSONB, d TIMESTAMPTZ, x INT4RANGE, flag BOOLEAN, l TEXT[], i INTERVAL",
            "12345678901234567890.1234567890, 'NaN', '\\x00ff', '{\"a\": [1, 2]}', '2024-02-29 12:00:00.123456+02', '[1,5)', true, '{a,NULL}', '1 day'",
            "NULL, '-Infinity', NULL, '{}', NULL, 'empty', false, '{}', NULL",
        ),
        Engine::MariaDb => (
            "n DECIMAL(30, 10), r DOUBLE, b BLOB, j JSON, d TIMESTAMP(6) NULL, x BIGINT UNSIGNED, flag BOOLEAN, l ENUM('a', 'b'), i BIT(8), \
             y YEAR, z DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            "12345678901234567890.1234567890, 0.1, x'00ff', '{\"a\": [1, 2]}', '2024-02-29 12:00:00.123456', 18446744073709551615, 1, 'b', b'10000001', 2024, '2020-01-01 00:00:00'",
            "NULL, -0.0, NULL, '{}', NULL, 0, 0, 'a', b'0', 1999, '2021-01-01 00:00:00'",
        ),
    };
    let scene = tracked(
        engine,
        &[
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {types})"),
            &format!("INSERT INTO t VALUES (1, {values}), (2, {others}), (3, {values}), (0, {others})"),
        ],
        &["t"],
    )
    .await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let all = async |reference: &str| {
        let rows = scene.vsg.rows_at("t", &reference.parse().unwrap(), None).await.unwrap();
        // Two that are no numbers are the same text.
        format!("{:?}", TryStreamExt::try_collect::<Vec<_>>(rows).await.unwrap())
    };
    let was = all("HEAD").await;
    scene.commit("DELETE FROM t WHERE id IN (0, 1)").await;
    let change = scene.commit("UPDATE t SET n = 7, r = 7, j = '[7]', flag = NULL").await;
    scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(all("HEAD").await, was);
    scene.verify().await;
    // Cell by cell, too.
    scene.vsg.cherry_pick("bea", change, &ApplyOptions::table("t")).await.unwrap();
    scene.sql("UPDATE t SET b = NULL").await;
    scene.vsg.revert("bea", "HEAD~1", &ApplyOptions::table("t")).await.unwrap();
    scene.vsg.checkout("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(all("HEAD").await, was);
    scene.end().await;
}
