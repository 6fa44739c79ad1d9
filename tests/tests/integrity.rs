//! Whatever is altered behind DBVSG's back is found.

use dbvsg::Vsg;
use dbvsg_tests::{Engine, Scene, outside, scenarios};

scenarios!(
    each_altered_value_of_history_and_commits_is_found,
    a_missing_or_added_version_or_commit_is_found,
    what_no_trigger_saw_is_found_and_recorded,
    sealing_in_pieces_gives_the_same_chain_as_at_once,
    what_waited_among_the_sealed_is_sealed,
);
scenarios!(Sqlite: an_altered_sqlite_storage_class_is_found);

async fn story(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n DOUBLE PRECISION)",
            "INSERT INTO t VALUES (1, 'a', 0.5), (2, 'b', 1)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene.commit("UPDATE t SET v = 'x' WHERE id = 1").await;
    scene.commit("DELETE FROM t WHERE id = 2").await;
    scene.commit("INSERT INTO t VALUES (3, 'c', NULL); UPDATE t SET v = 'd' WHERE id = 3").await;
    scene.verify().await;
    scene
}

/// As the version before left it: what was not sealed stood with the sealed.
async fn what_waited_among_the_sealed_is_sealed(engine: Engine) {
    let scene = story(engine).await;
    outside(&scene, "UPDATE t SET v = 'late' WHERE id = 1");
    let columns = "id, uuid, actor, operation, written_at";
    scene.sql(&format!("INSERT INTO dbvsg_commit ({columns}, branch_id) SELECT {columns}, 1 FROM dbvsg_pending")).await;
    scene.sql("DELETE FROM dbvsg_pending").await;
    scene.sql("UPDATE dbvsg_support SET fingerprint = 'another version'").await;
    let later = Vsg::connect(&scene.url()).await.unwrap();
    assert_eq!(later.seal().await.unwrap(), 1);
    later.close().await.unwrap();
    assert_eq!(scene.log().await[0].actor, scene.outsider());
    scene.end().await;
}

async fn found(scene: &Scene) -> bool {
    !scene.vsg.verify().await.unwrap().ok
}

async fn each_altered_value_of_history_and_commits_is_found(engine: Engine) {
    let scene = story(engine).await;
    // Which table a commit's row is about is its key too; whether it was rolled back later is no part of the chain.
    let others = ["table_id", "rollbacked_at"];
    for (table, key) in [("t_history", "vsg_id"), ("dbvsg_commit", "id"), ("dbvsg_commit_table", "commit_id")] {
        let mut columns = scene.columns(table).await;
        columns.retain(|column| column != key && !others.contains(&column.as_str()));
        for row in scene.rows(&format!("SELECT {key} FROM {table}")).await {
            for column in &columns {
                let name = engine.quote(column);
                let set = match column.as_str() {
                    "uuid" => format!("concat('x', substr({name}, 2))"),
                    "v" | "actor" | "operation" | "vsg_op" => format!("concat(coalesce({name}, ''), 'e')"),
                    "query" | "message" => "'forged'".into(),
                    "meta" => "'{}'".into(),
                    "hash" | "pruned_digest" => engine.bytes(&"00".repeat(32)),
                    "n" => "coalesce(n, 0) + 0.25".into(),
                    _ => format!("coalesce({name}, 0) + 1000"),
                };
                let chosen = format!("WHERE {key} = {row}");
                scene.sql(&format!("CREATE TABLE kept AS SELECT {name} AS old FROM {table} {chosen}")).await;
                scene.sql(&format!("UPDATE {table} SET {name} = {set} {chosen}")).await;
                assert!(found(&scene).await, "{table}.{column} of row {row}");
                scene.sql(&format!("UPDATE {table} SET {name} = (SELECT old FROM kept) {chosen}")).await;
                scene.sql("DROP TABLE kept").await;
            }
        }
    }
    scene.end().await;
}

/// What was done in secret is found.
async fn secret(engine: Engine, sql: &str) {
    let scene = story(engine).await;
    scene.sql(sql).await;
    scene.vsg.reload().await.unwrap();
    assert!(found(&scene).await, "{sql}");
}

async fn a_missing_or_added_version_or_commit_is_found(engine: Engine) {
    let nth = |place: u8| {
        format!("(SELECT x.vsg_id FROM (SELECT vsg_id FROM t_history ORDER BY vsg_id LIMIT 1 OFFSET {place}) x)")
    };
    for sql in [
        &format!("DELETE FROM t_history WHERE vsg_id = {}", nth(1)),
        &format!("DELETE FROM t_history WHERE vsg_id = {}", nth(5)),
        &format!(
            "INSERT INTO t_history (id, v, n, vsg_id, vsg_branch, vsg_begin, vsg_end, vsg_op) \
             SELECT id, v, n, vsg_id + 100, vsg_branch, vsg_begin, vsg_end, vsg_op FROM t_history WHERE vsg_id = {}",
            nth(0)
        ),
        "DELETE FROM dbvsg_commit WHERE seq = 2",
        "DELETE FROM dbvsg_commit WHERE seq = 4",
        "DELETE FROM dbvsg_commit_table WHERE commit_id = (SELECT id FROM dbvsg_commit WHERE seq = 2)",
        "DROP TABLE t_history",
    ] {
        secret(engine, sql).await;
    }
}

async fn an_altered_sqlite_storage_class_is_found(engine: Engine) {
    secret(engine, "UPDATE t_history SET v = CAST(v AS BLOB) WHERE vsg_id = 1").await;
}

async fn what_no_trigger_saw_is_found_and_recorded(engine: Engine) {
    let scene = story(engine).await;
    let triggers = scene.triggers("t").await;
    let of_table = engine.pick("", " ON t", "");
    for trigger in &triggers {
        outside(&scene, &format!("DROP TRIGGER {}{of_table}", engine.quote(trigger)));
    }
    outside(
        &scene,
        "UPDATE t SET v = 'silent' WHERE id = 1; INSERT INTO t VALUES (9, 'i', 9); DELETE FROM t WHERE id = 3",
    );
    let proof = scene.vsg.verify().await.unwrap();
    assert_eq!(proof.problems.len(), triggers.len() + 3, "each trigger and three rows: {:?}", proof.problems);
    let commit = scene.vsg.reconcile("auditor").await.unwrap().unwrap();
    let commit = scene.vsg.commit(commit).await.unwrap();
    assert_eq!((commit.operation.as_str(), commit.actor.as_str()), ("RECONCILE", "auditor"));
    let touched = &commit.tables[0];
    assert_eq!((touched.inserted, touched.updated, touched.deleted, touched.rows), (1, 1, 1, 2));
    assert_eq!(scene.rows_at("HEAD~1", "SELECT v FROM t ORDER BY id").await, ["x", "d"]);
    scene.commit("UPDATE t SET v = 'seen' WHERE id = 1").await;
    assert_eq!(scene.vsg.reconcile("auditor").await.unwrap(), None, "there is nothing left to record");
    scene.end().await;
}

async fn sealing_in_pieces_gives_the_same_chain_as_at_once(engine: Engine) {
    let scene = story(engine).await;
    for n in 0..1200 {
        scene.commit(&format!("UPDATE t SET v = '{n}' WHERE id = 1")).await;
        if n == 7 || n == 507 {
            scene.vsg.seal().await.unwrap();
        }
    }
    assert!(scene.vsg.backlog().await.unwrap().commits > 500);
    assert!(scene.vsg.seal().await.unwrap() > 500);
    assert_eq!(scene.vsg.backlog().await.unwrap(), dbvsg::Backlog::default());
    assert_eq!(scene.rows_at("HEAD~600", "SELECT v FROM t WHERE id = 1").await, ["599"]);
    let log = scene.log().await;
    assert!(log.windows(2).all(|pair| pair[0].created_at > pair[1].created_at && pair[0].seq == pair[1].seq + 1));
    scene.end().await;
}
