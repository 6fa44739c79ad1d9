//! Going back over changes of shape: what cannot be put back is said, and the rest is.

use dbvsg::{ApplyOptions, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    a_column_that_came_later_keeps_its_values,
    a_column_that_is_gone_stays_gone,
    a_column_of_another_type_goes_back
);

async fn scene(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20), w VARCHAR(20))",
            "INSERT INTO t VALUES (1, 'a', '1'), (2, 'b', '2')",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene
}

async fn a_column_that_came_later_keeps_its_values(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    scene.sql("ALTER TABLE t ADD COLUMN cur VARCHAR(5) DEFAULT 'EUR' NOT NULL").await;
    scene.vsg.refresh("t").await.unwrap();
    scene.commit("UPDATE t SET v = 'A', cur = 'USD' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 'c', '3', 'GBP')").await;
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, cur FROM t ORDER BY id").await, ["1|a|USD", "2|b|EUR"]);
    assert!(done.notes.iter().any(|note| note.contains("`cur`")), "{:?}", done.notes);
    assert_eq!(done.rows(), 3);
    // From when it is known, it goes back with the rest.
    scene.vsg.rollback("bea", &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, cur FROM t ORDER BY id").await, ["1|A|USD", "3|c|GBP"]);
    scene.end().await;
}

async fn a_column_that_is_gone_stays_gone(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    scene.commit("DELETE FROM t WHERE id = 2").await;
    let rebuilt = "CREATE TABLE n (id INTEGER PRIMARY KEY, v VARCHAR(20)); INSERT INTO n SELECT id, v FROM t; DROP TABLE t; \
                   ALTER TABLE n RENAME TO t";
    let dropped = "ALTER TABLE t DROP COLUMN w";
    scene.sql(engine.pick(rebuilt, dropped, dropped)).await;
    scene.vsg.refresh("t").await.unwrap();
    let done = scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT * FROM t ORDER BY id").await, ["1|a", "2|b"]);
    assert!(done.notes.iter().any(|note| note.contains("`w`") && note.contains("gone")), "{:?}", done.notes);
    scene.end().await;
}

async fn a_column_of_another_type_goes_back(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    match engine {
        Engine::Sqlite => {
            scene.sql("CREATE TABLE n (id INTEGER PRIMARY KEY, v VARCHAR(20), w INTEGER); INSERT INTO n SELECT id, v, CAST(w AS INTEGER) FROM t; \
                       DROP TABLE t; ALTER TABLE n RENAME TO t").await;
        }
        Engine::Postgres => scene.sql("ALTER TABLE t ALTER COLUMN w TYPE INTEGER USING w::integer").await,
        Engine::MariaDb => scene.sql("ALTER TABLE t MODIFY w INTEGER").await,
    }
    scene.vsg.refresh("t").await.unwrap();
    scene.db().execute_unprepared("UPDATE t SET w = w * 10, v = 'z'").await.unwrap();
    scene.vsg.rollback_to("bea", first, &ApplyOptions::table("t")).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, w FROM t ORDER BY id").await, ["1|a|1", "2|b|2"]);
    scene.end().await;
}
