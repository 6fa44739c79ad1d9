//! Several at a time: of two that expect the same parent one wins, and writers beside an operation lose nothing.

use std::time::Duration;

use dbvsg::{ApplyOptions, Author, Error, LogFilter, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    of_two_that_expect_the_same_head_one_wins,
    a_state_is_put_back_exactly_while_others_write,
    who_is_killed_meanwhile_leaves_nothing,
    who_does_not_wait_takes_no_connection,
);

async fn scene(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20))",
            "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene
}

async fn of_two_that_expect_the_same_head_one_wins(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    for round in 0..4 {
        let head = scene.commit(&format!("UPDATE t SET v = 'r{round}'")).await;
        let other = Vsg::connect(&scene.url()).await.unwrap();
        let table = ApplyOptions::table("t");
        let author = |name: &str| Author::new(name).expect_parent(head.into());
        let (a, b) = match round % 2 {
            0 => tokio::join!(
                scene.vsg.rollback_to(author("ann"), first, &table),
                other.restore_to(author("ben"), first, &table),
            ),
            _ => tokio::join!(
                scene.vsg.checkout(author("ann"), first, &table),
                other.revert(author("ben"), head, &table),
            ),
        };
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let refused = a.err().or(b.err()).unwrap();
        assert!(matches!(refused, Error::StaleParent { .. }), "{refused:?}");
        assert_eq!(scene.rows("SELECT v FROM t ORDER BY id").await, ["a", "b", "c"]);
        other.close().await.unwrap();
        scene.verify().await;
    }
    scene.end().await;
}

async fn a_state_is_put_back_exactly_while_others_write(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut writers = Vec::new();
    for number in 0..3 {
        let (db, stop) = (scene.db(), stop.clone());
        writers.push(tokio::spawn(async move {
            let mut written = 0;
            for round in (0..).take_while(|_| !stop.load(std::sync::atomic::Ordering::Relaxed)) {
                let key = 10 + number * 1000 + round % 50;
                for sql in [
                    format!("INSERT INTO t VALUES ({key}, 'w')"),
                    format!("UPDATE t SET v = 'w{round}' WHERE id = {}", 1 + round % 3),
                    format!("DELETE FROM t WHERE id = {key}"),
                ] {
                    // Whoever is in the way of an operation waits, or is told to try again.
                    written += u32::from(db.execute_unprepared(&sql).await.is_ok());
                }
            }
            written
        }));
    }
    let mut made = Vec::new();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        match scene.vsg.rollback_to("ann", first, &ApplyOptions::table("t")).await {
            Ok(done) => made.extend(done.commit),
            Err(error) if error.is_busy() => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() > 0);
    }
    assert!(!made.is_empty());
    for commit in made {
        assert_eq!(scene.rows_at(commit, "SELECT id, v FROM t ORDER BY id").await, ["1|a", "2|b", "3|c"]);
    }
    scene.end().await;
}

async fn who_is_killed_meanwhile_leaves_nothing(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let fill: Vec<String> = (10..3000).map(|id| format!("({id}, 'x')")).collect();
    scene.commit(&format!("INSERT INTO t VALUES {}", fill.join(", "))).await;
    for pause in [1, 3, 9, 20, 40] {
        let vsg = scene.vsg.clone();
        let running = tokio::spawn(async move { vsg.rollback_to("ann", first, &ApplyOptions::table("t")).await });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        running.abort();
        drop(running.await);
        let rows = scene.rows("SELECT count(*) FROM t").await;
        let log = scene.vsg.log(&LogFilter::table("t")).await.unwrap().items;
        // All of it, or nothing.
        assert_eq!(rows, [log[0].tables[0].rows.to_string()]);
        let is_done = rows == ["3"];
        assert!(is_done || rows == ["2993"]);
        scene.verify().await;
        if is_done {
            scene.vsg.rollback("ann", &ApplyOptions::table("t")).await.unwrap();
        }
    }
    // The pool is as it was: foreign keys, isolation, temporary tables.
    scene.vsg.rollback_to("ann", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id FROM t ORDER BY id").await, ["1", "2", "3"]);
    scene.end().await;
}

async fn who_does_not_wait_takes_no_connection(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)"]).await;
    scene.vsg.enable("t").await.unwrap();
    scene.commit("INSERT INTO t VALUES (1, 1)").await;
    scene.commit("UPDATE t SET v = 2").await;
    let rehearsal = ApplyOptions::table("t").dry_run();
    for most in 1..60 {
        let mut polls = 0;
        // Gives up after so many steps, wherever that is.
        let impatient = std::future::poll_fn(move |_| {
            polls += 1;
            if polls > most { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        });
        tokio::select! {
            biased;
            () = impatient => {}
            told = scene.vsg.rollback("ann", &rehearsal) => { told.unwrap(); }
        }
    }
    let undone = scene.vsg.rollback("ann", &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(undone.rows(), 1);
    scene.end().await;
}
