//! What else is in the database that takes a bundle.

use dbvsg_tests::{Engine, Scene, outside, scenarios};

use super::{
    bundle, refused, restore,
    world::{state, world},
};

scenarios!(
    what_the_bundle_does_not_hold_stays,
    a_table_that_was_dropped_comes_back,
    a_table_that_was_not_tracked_is_enabled_anew,
    another_program_notices,
    rows_that_refer_to_what_is_gone_are_found,
);

async fn what_the_bundle_does_not_hold_stays(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    let log = scene.log().await;
    scene.sql("CREATE TABLE later (id INTEGER PRIMARY KEY, x VARCHAR(9))").await;
    scene.sql("CREATE TABLE plain (x INTEGER)").await;
    scene.sql("INSERT INTO later VALUES (1, 'one')").await;
    scene.sql("INSERT INTO plain VALUES (5)").await;
    scene.vsg.enable("later").await.unwrap();
    scene.commit("UPDATE later SET x = 'two'").await;
    restore(&scene, &path).await.unwrap();
    assert_eq!(scene.rows("SELECT id, x FROM later").await, ["1|two"]);
    assert_eq!(scene.rows("SELECT x FROM plain").await, ["5"]);
    let now = scene.log().await;
    assert_eq!((&now[0].operation[..], now.len()), ("BASELINE", log.len() + 1));
    assert_eq!(now[1].uuid, log[0].uuid);
    assert_eq!(scene.rows("SELECT vsg_op, x FROM later_history").await, ["baseline|two"]);
    scene.commit("UPDATE later SET x = 'three'").await;
    assert_eq!(scene.rows_at("HEAD~1", "SELECT x FROM later").await, ["two"]);
    scene.end().await;
}

async fn a_table_that_was_dropped_comes_back(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    let before = state(&scene).await;
    scene.sql("DROP VIEW crowd").await;
    scene.sql("DROP TABLE seat").await;
    scene.sql("DROP TABLE note").await;
    scene.vsg.refresh_all().await.unwrap();
    restore(&scene, &path).await.unwrap();
    assert_eq!(state(&scene).await, before);
    scene.commit("INSERT INTO seat VALUES ('new', 1, 1)").await;
    scene.sql("INSERT INTO note VALUES ('counted', 1)").await;
    assert_eq!(scene.rows("SELECT n FROM note WHERE text = 'counted'").await, ["101"]);
    assert_eq!(scene.rows("SELECT name FROM crowd ORDER BY 1").await.len(), 3);
    scene.end().await;
}

async fn a_table_that_was_not_tracked_is_enabled_anew(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    scene.sql("INSERT INTO void VALUES (1)").await;
    scene.vsg.enable("void").await.unwrap();
    restore(&scene, &path).await.unwrap();
    assert_eq!(scene.rows("SELECT id FROM void").await, [""; 0]);
    assert!(scene.vsg.tracked("void").await.is_ok());
    scene.commit("INSERT INTO void VALUES (2)").await;
    assert_eq!(scene.rows("SELECT id, vsg_op FROM void_history").await, ["2|insert"]);
    scene.end().await;
}

async fn another_program_notices(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    let second = dbvsg::Vsg::connect(&scene.url()).await.unwrap();
    scene.commit("UPDATE team SET name = 'seen'").await;
    second.seal().await.unwrap();
    restore(&scene, &path).await.unwrap();
    let txn = second.begin("bea").await.unwrap();
    dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, "UPDATE team SET name = 'second' WHERE id = 1")
        .await
        .unwrap();
    txn.commit().await.unwrap();
    second.seal().await.unwrap();
    outside(&scene, "UPDATE team SET name = 'outside' WHERE id = 2");
    assert!(second.verify().await.unwrap().ok);
    assert_eq!(scene.rows("SELECT name FROM team ORDER BY id").await, ["second", "outside"]);
    second.close().await.unwrap();
    scene.end().await;
}

async fn rows_that_refer_to_what_is_gone_are_found(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "world.zip").await;
    scene.commit("INSERT INTO team (id, name) VALUES (50, 'later')").await;
    scene.sql("CREATE TABLE fan (id INTEGER PRIMARY KEY, team INTEGER, FOREIGN KEY (team) REFERENCES team (id) ON DELETE CASCADE)").await;
    scene.sql("INSERT INTO fan VALUES (1, 50), (2, 1)").await;
    let before = state(&scene).await;
    match restore(&scene, &path).await {
        Err(dbvsg::Error::Violation { constraint: dbvsg::Constraint::ForeignKey, .. })
            if engine == Engine::Postgres => {}
        other => assert!(refused(other).contains("fan")),
    }
    assert_eq!(state(&scene).await, before);
    scene.sql("DELETE FROM fan WHERE id = 1").await;
    restore(&scene, &path).await.unwrap();
    // It was not touched by what its foreign key would have done.
    assert_eq!(scene.rows("SELECT id, team FROM fan").await, ["2|1"]);
    assert!(Scene::db(&scene).ping().await.is_ok());
    scene.end().await;
}
