//! A transaction is one commit, labelled, or leaves no trace.

use std::time::Duration;

use dbvsg::{
    Author, ConnectOptions, Error, ErrorKind, Reference, Vsg,
    sea_orm::{ConnectionTrait, Statement, TransactionTrait},
};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    who_when_and_why_are_kept,
    a_rollback_leaves_no_trace,
    a_savepoint_can_be_undone_alone,
    every_step_inside_is_kept,
    of_two_that_expect_the_same_parent_one_is_refused,
    an_actor_must_be_usable,
    futures_can_move_between_threads,
    whoever_gives_up_costs_no_connection,
    what_failed_has_let_go,
    a_commit_that_is_not_waited_for_is_whole,
    what_is_refused_at_the_end_leaves_no_trace,
    who_hears_of_a_commit_can_write,
    an_outside_transaction_is_one_commit_and_a_dbvsg_one_parts_two,
    each_plain_write_of_this_program_is_a_commit,
);
scenarios!(Sqlite: what_sqlite_undoes_itself_leaves_no_connection_behind);

async fn counters(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE c (id INTEGER PRIMARY KEY, n INTEGER)", "INSERT INTO c VALUES (1, 0), (2, 0)"],
    )
    .await;
    scene.vsg.enable("c").await.unwrap();
    scene
}

async fn who_when_and_why_are_kept(engine: Engine) {
    let scene = counters(engine).await;
    let author = Author::new("ann")
        .because("it was time")
        .operation("CORRECTION")
        .query("UPDATE ...")
        .meta(serde_json::json!({"ticket": 7}));
    let before = chrono_micros();
    let txn = scene.vsg.begin(author).await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 1").await.unwrap();
    let id = txn.commit().await.unwrap().unwrap();
    let commit = scene.vsg.commit(id).await.unwrap();
    assert_eq!(commit.actor, "ann");
    assert_eq!(commit.message.as_deref(), Some("it was time"));
    assert_eq!(commit.operation, "CORRECTION");
    assert_eq!(commit.query.as_deref(), Some("UPDATE ..."));
    assert_eq!(commit.meta, Some(serde_json::json!({"ticket": 7})));
    let at = commit.created_at.timestamp_micros();
    assert!(at + 1000 >= before && at <= chrono_micros() + 1000);
    assert!(commit.is_current && !commit.rollbacked);
    assert_eq!(commit.parent, Some(scene.vsg.commit("HEAD~1").await.unwrap().uuid));
    scene.end().await;
}

fn chrono_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_micros() as i64
}

async fn a_rollback_leaves_no_trace(engine: Engine) {
    let scene = counters(engine).await;
    for explicit in [true, false] {
        let txn = scene.vsg.begin("ann").await.unwrap();
        txn.execute_unprepared("UPDATE c SET n = 1").await.unwrap();
        if explicit {
            txn.rollback().await.unwrap();
        } else {
            drop(txn);
        }
    }
    let failed: Result<(), Error> = scene
        .vsg
        .transaction("ann", async |txn| {
            txn.execute_unprepared("UPDATE c SET n = 1").await?;
            Err(Error::NotTracked { table: "any error".into() })
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(scene.rows("SELECT n FROM c ORDER BY id").await, ["0", "0"]);
    assert_eq!(scene.operations().await, ["BASELINE"]);
    let left = scene.rows("SELECT count(*) FROM dbvsg_commit UNION ALL SELECT count(*) FROM c_history").await;
    assert_eq!(left, ["1", "2"]);
    scene.end().await;
}

async fn a_savepoint_can_be_undone_alone(engine: Engine) {
    let scene = counters(engine).await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    let inner = TransactionTrait::begin(&txn).await.unwrap();
    inner.execute_unprepared("UPDATE c SET n = 5").await.unwrap();
    inner.rollback().await.unwrap();
    let inner = TransactionTrait::begin(&txn).await.unwrap();
    inner.execute_unprepared("UPDATE c SET n = 6 WHERE id = 1").await.unwrap();
    inner.commit().await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 7 WHERE id = 2").await.unwrap();
    let id = txn.commit().await.unwrap().unwrap();
    let commit = scene.vsg.commit(id).await.unwrap();
    assert_eq!(commit.tables[0].updated, 2);
    assert_eq!(scene.rows_at("HEAD", "SELECT n FROM c ORDER BY id").await, ["6", "7"]);
    scene.end().await;
}

async fn every_step_inside_is_kept(engine: Engine) {
    let scene = counters(engine).await;
    scene.commit("UPDATE c SET n = 1 WHERE id = 1; UPDATE c SET n = 2 WHERE id = 1; DELETE FROM c WHERE id = 1; INSERT INTO c VALUES (1, 3)").await;
    let values: Vec<_> = scene
        .audit()
        .await
        .iter()
        .rev()
        .map(|c| {
            (c.op.shown(), c.before.clone().map(|r| r.values[1].clone()), c.after.clone().map(|r| r.values[1].clone()))
        })
        .collect();
    use dbvsg::Value::Integer as I;
    assert_eq!(
        values,
        [
            ("update", Some(I(0)), Some(I(1))),
            ("update", Some(I(1)), Some(I(2))),
            ("delete", Some(I(2)), None),
            ("create", None, Some(I(3))),
        ]
    );
    assert_eq!(scene.rows_at("HEAD", "SELECT n FROM c ORDER BY id").await, ["3", "0"]);
    assert_eq!(scene.rows_at("HEAD~1", "SELECT n FROM c ORDER BY id").await, ["0", "0"]);
    scene.end().await;
}

async fn of_two_that_expect_the_same_parent_one_is_refused(engine: Engine) {
    let scene = counters(engine).await;
    let parent: Reference = scene.vsg.commit("HEAD").await.unwrap().uuid.into();
    let author = Author::new("ann").expect_parent(parent);
    let txn = scene.vsg.begin(author.clone()).await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 1").await.unwrap();
    txn.commit().await.unwrap();
    assert!(matches!(scene.vsg.begin(author).await, Err(Error::StaleParent { .. })));
    scene.end().await;
}

async fn an_actor_must_be_usable(engine: Engine) {
    let scene = counters(engine).await;
    for actor in [String::new(), "x".repeat(256), "a\nb".into()] {
        assert!(matches!(scene.vsg.begin(actor).await, Err(Error::InvalidActor { .. })));
    }
    scene.vsg.begin("é".repeat(255)).await.unwrap().rollback().await.unwrap();
    scene.end().await;
}

async fn futures_can_move_between_threads(engine: Engine) {
    let scene = counters(engine).await;
    let vsg = scene.vsg.clone();
    tokio::spawn(async move {
        vsg.transaction("ann", async |txn| {
            txn.execute_unprepared("UPDATE c SET n = 1").await?;
            Ok::<_, Error>(())
        })
        .await
    })
    .await
    .unwrap()
    .unwrap();
    assert_eq!(scene.operations().await, ["UPDATE", "BASELINE"]);
    scene.end().await;
}

/// To close the pool takes all of its connections.
async fn whoever_gives_up_costs_no_connection(engine: Engine) {
    let scene = counters(engine).await;
    for n in 0..60 {
        let patience = Duration::from_micros(50 * n);
        let sealing = scene.vsg.seal_in_background(Duration::from_millis(1));
        let write = scene.vsg.transaction("ann", async |txn| {
            for id in 1..=2_i64 {
                // A text that no connection has prepared yet.
                let sql = format!(
                    "UPDATE c SET n = {} WHERE id = {} /* {n} {id} */",
                    scene.placeholder(1),
                    scene.placeholder(2)
                );
                txn.execute_raw(Statement::from_sql_and_values(
                    scene.engine().backend(),
                    sql,
                    [(n as i64).into(), id.into()],
                ))
                .await?;
            }
            Ok::<_, Error>(())
        });
        match tokio::time::timeout(patience, write).await {
            Ok(written) => written.unwrap(),
            Err(_) => tokio::time::sleep(patience).await,
        }
        sealing.abort();
    }
    scene.commit("UPDATE c SET n = 100").await;
    assert_eq!(scene.rows("SELECT n FROM c").await, ["100", "100"]);
    scene.end().await;
}

/// Another connection, which does not wait, can write at once.
async fn what_failed_has_let_go(engine: Engine) {
    let scene = counters(engine).await;
    let mut options = ConnectOptions::default();
    options.busy_timeout = Duration::from_millis(1);
    let other = Vsg::connect_with(&scene.url(), &options).await.unwrap();
    let now = "SELECT n FROM c WHERE id = 1 FOR UPDATE NOWAIT";
    let lock = engine.pick("UPDATE c SET n = n WHERE id = 1", now, now);
    for _ in 0..30 {
        let failed = scene.vsg.transaction("ann", async |txn| {
            txn.execute_unprepared("UPDATE c SET n = 9").await?;
            Err::<(), _>(Error::UnknownColumn { table: "c".into(), column: "m".into() })
        });
        assert!(matches!(failed.await, Err(Error::UnknownColumn { .. })));
        other.connection().execute_unprepared(lock).await.unwrap();
    }
    other.close().await.unwrap();
    assert_eq!(scene.rows("SELECT n FROM c").await, ["0", "0"]);
    scene.end().await;
}

/// Nor does it leave anything behind on the connection: what follows is for good.
async fn a_commit_that_is_not_waited_for_is_whole(engine: Engine) {
    let scene = counters(engine).await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    let seen = async |sql: &str| {
        let row = other.connection().query_one_raw(scene.query(sql)).await.unwrap();
        row.unwrap().try_get_by_index::<i64>(0).unwrap()
    };
    for n in 1..=150_i64 {
        let txn = scene.vsg.begin("ann").await.unwrap();
        txn.execute_unprepared(&format!("UPDATE c SET n = {n} WHERE id <= 2")).await.unwrap();
        let patience = async {
            for _ in 0..10 * n {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            done = txn.commit() => drop(done.unwrap()),
            () = patience => {}
        }
        scene.sql(&format!("INSERT INTO c VALUES ({}, 0)", n + 2)).await;
        assert_eq!(seen("SELECT COUNT(DISTINCT n) FROM c WHERE id <= 2").await, 1);
        assert_eq!(seen("SELECT COUNT(*) FROM c").await, n + 2);
    }
    other.close().await.unwrap();
    scene.end().await;
}

async fn what_is_refused_at_the_end_leaves_no_trace(engine: Engine) {
    let refused = if engine == Engine::MariaDb { "" } else { " DEFERRABLE INITIALLY DEFERRED" };
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE c (id INTEGER PRIMARY KEY, n INTEGER)",
            &format!("CREATE TABLE d (id INTEGER PRIMARY KEY, c INTEGER, FOREIGN KEY (c) REFERENCES c (id){refused})"),
        ],
    )
    .await;
    scene.vsg.enable_all("dbvsg", &["c", "d"], &Default::default()).await.unwrap();
    for n in 1..=20 {
        let failed = scene.vsg.transaction("ann", async |txn| {
            txn.execute_unprepared(&format!("INSERT INTO c VALUES ({n}, 0)")).await?;
            txn.execute_unprepared("INSERT INTO d VALUES (1, 99)").await?;
            Ok::<_, Error>(())
        });
        assert_eq!(failed.await.unwrap_err().kind(), ErrorKind::Invalid);
        scene.commit(&format!("INSERT INTO c VALUES ({}, 0)", 100 + n)).await;
    }
    assert_eq!(scene.rows("SELECT COUNT(*) FROM c").await, ["20"]);
    assert_eq!(scene.rows("SELECT COUNT(*) FROM d").await, ["0"]);
    assert_eq!(scene.log().await.len(), 20);
    scene.end().await;
}

async fn who_hears_of_a_commit_can_write(engine: Engine) {
    let scene = counters(engine).await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 1").await.unwrap();
    let vsg = scene.vsg.clone();
    txn.after_commit(move |heard| {
        Box::pin(async move {
            let txn = vsg.begin("bob").await.unwrap();
            txn.execute_unprepared("UPDATE c SET n = 2").await.unwrap();
            assert_ne!(txn.commit().await.unwrap(), Some(heard));
        })
    });
    txn.commit().await.unwrap();
    let log = scene.log().await;
    assert_eq!(log.iter().map(|commit| commit.actor.as_str()).collect::<Vec<_>>()[..2], ["bob", "ann"]);
    scene.end().await;
}

async fn an_outside_transaction_is_one_commit_and_a_dbvsg_one_parts_two(engine: Engine) {
    let scene = counters(engine).await;
    let txn = scene.db().begin().await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 1 WHERE id = 1").await.unwrap();
    txn.execute_unprepared("UPDATE c SET n = 1 WHERE id = 2").await.unwrap();
    txn.commit().await.unwrap();
    scene.commit("UPDATE c SET n = 2").await;
    scene.sql("UPDATE c SET n = 3").await;
    let log = scene.log().await;
    let seen: Vec<_> = log.iter().map(|c| (c.operation.as_str(), c.tables[0].updated)).collect();
    assert_eq!(seen, [("EXTERNAL", 2), ("UPDATE", 2), ("EXTERNAL", 2), ("BASELINE", 0)]);
    scene.end().await;
}

async fn each_plain_write_of_this_program_is_a_commit(engine: Engine) {
    let scene = counters(engine).await;
    for n in 1..=20 {
        scene.sql(&format!("UPDATE c SET n = {n} WHERE id = 1")).await;
    }
    let txn = scene.db().begin().await.unwrap();
    for n in 1..=3 {
        txn.execute_unprepared(&format!("UPDATE c SET n = {n} WHERE id = 2")).await.unwrap();
    }
    txn.commit().await.unwrap();
    let log = scene.log().await;
    assert_eq!(log.len(), 22);
    assert_eq!(log[0].tables[0].updated, 3);
    for (back, n) in (1..=20).rev().enumerate() {
        assert_eq!(scene.rows_at(format!("HEAD~{}", back + 1), "SELECT n FROM c WHERE id = 1").await, [n.to_string()]);
    }
    scene.end().await;
}

/// The driver believes such a connection to be inside a transaction for ever.
async fn what_sqlite_undoes_itself_leaves_no_connection_behind(engine: Engine) {
    let scene = counters(engine).await;
    scene
        .sql("CREATE TRIGGER refuse BEFORE INSERT ON c WHEN NEW.n < 0 BEGIN SELECT RAISE(ROLLBACK, 'no debts'); END")
        .await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    for n in 1..=20_i64 {
        let refused = scene
            .vsg
            .transaction("ann", async |txn| {
                txn.execute_unprepared("INSERT INTO c VALUES (99, -1)").await?;
                Ok::<_, Error>(())
            })
            .await;
        refused.unwrap_err();
        scene.commit(&format!("INSERT INTO c VALUES ({}, 0)", 100 + n)).await;
        scene.sql(&format!("INSERT INTO c VALUES ({}, 0)", 200 + n)).await;
        let count = other.connection().query_one_raw(scene.query("SELECT count(*) FROM c WHERE id > 100")).await;
        assert_eq!(count.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap(), 2 * n);
    }
    other.close().await.unwrap();
    scene.end().await;
}
