//! Whatever is altered behind DBVSG's back is found.

use dbvsg_tests::{Scene, outside};

async fn story() -> Scene {
    let scene = Scene::with(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n REAL)",
        "INSERT INTO t VALUES (1, 'a', 0.5), (2, 'b', 1)",
    ])
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene.commit("UPDATE t SET v = 'x' WHERE id = 1").await;
    scene.commit("DELETE FROM t WHERE id = 2").await;
    scene.commit("INSERT INTO t VALUES (3, 'c', NULL); UPDATE t SET v = 'd' WHERE id = 3").await;
    scene.verify().await;
    scene
}

async fn found(scene: &Scene) -> bool {
    !scene.vsg.verify().await.unwrap().ok
}

#[tokio::test]
async fn each_altered_value_of_history_and_commits_is_found() {
    let scene = story().await;
    let cells = [
        (
            "t_history",
            "SELECT vsg_id FROM t_history",
            "vsg_id",
            vec!["id", "v", "n", "vsg_branch", "vsg_begin", "vsg_end", "vsg_op"],
        ),
        (
            "dbvsg_commit",
            "SELECT id FROM dbvsg_commit",
            "id",
            vec![
                "uuid",
                "branch_id",
                "seq",
                "parent_id",
                "merged_id",
                "actor",
                "operation",
                "query",
                "message",
                "meta",
                "written_at",
                "committed_at",
                "hash",
            ],
        ),
        (
            "dbvsg_commit_table",
            "SELECT commit_id FROM dbvsg_commit_table",
            "commit_id",
            vec![
                "first_change",
                "last_change",
                "baseline",
                "inserted",
                "updated",
                "deleted",
                "soft_deleted",
                "restored",
                "live_rows",
                "parent_id",
            ],
        ),
    ];
    for (table, rows, key, columns) in cells {
        for row in scene.rows(rows).await {
            for column in &columns {
                let set = match *column {
                    "v" | "uuid" | "actor" | "operation" | "vsg_op" => format!("coalesce({column}, '') || 'e'"),
                    "query" | "message" => "'forged'".into(),
                    "meta" => "'{}'".into(),
                    "hash" => "zeroblob(32)".into(),
                    "n" => "coalesce(n, 0) + 0.25".into(),
                    _ => format!("coalesce({column}, 0) + 1000"),
                };
                scene
                    .sql(&format!("CREATE TABLE kept AS SELECT {column} AS old FROM {table} WHERE {key} = {row}"))
                    .await;
                scene.sql(&format!("UPDATE {table} SET {column} = {set} WHERE {key} = {row}")).await;
                assert!(found(&scene).await, "{table}.{column} of row {row}");
                scene.sql(&format!("UPDATE {table} SET {column} = (SELECT old FROM kept) WHERE {key} = {row}")).await;
                scene.sql("DROP TABLE kept").await;
            }
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn a_missing_or_added_version_or_commit_is_found() {
    for sql in [
        "DELETE FROM t_history WHERE vsg_id = 2",
        "DELETE FROM t_history WHERE vsg_id = (SELECT max(vsg_id) FROM t_history)",
        "INSERT INTO t_history SELECT id, v, n, 100, vsg_branch, vsg_begin, vsg_end, vsg_op FROM t_history WHERE vsg_id = 1",
        "DELETE FROM dbvsg_commit WHERE seq = 2",
        "DELETE FROM dbvsg_commit WHERE seq = 4",
        "DELETE FROM dbvsg_commit_table WHERE commit_id = 2",
        "UPDATE t_history SET v = CAST(v AS BLOB) WHERE vsg_id = 1",
        "DROP TABLE t_history",
    ] {
        let scene = story().await;
        scene.sql(sql).await;
        scene.vsg.reload().await.unwrap();
        assert!(found(&scene).await, "{sql}");
    }
}

#[tokio::test]
async fn what_no_trigger_saw_is_found_and_recorded() {
    let scene = story().await;
    outside(&scene, "DROP TRIGGER dbvsg_t_update; DROP TRIGGER dbvsg_t_insert; DROP TRIGGER dbvsg_t_delete");
    outside(
        &scene,
        "UPDATE t SET v = 'silent' WHERE id = 1; INSERT INTO t VALUES (9, 'i', 9); DELETE FROM t WHERE id = 3",
    );
    let proof = scene.vsg.verify().await.unwrap();
    assert_eq!(proof.problems.len(), 6, "three triggers, three rows: {:?}", proof.problems);
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

#[tokio::test]
async fn sealing_in_pieces_gives_the_same_chain_as_at_once() {
    let scene = story().await;
    for n in 0..1200 {
        let txn = scene.vsg.begin("ann").await.unwrap();
        dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, &format!("UPDATE t SET v = '{n}' WHERE id = 1"))
            .await
            .unwrap();
        txn.commit().await.unwrap();
        if n == 7 || n == 507 {
            scene.vsg.seal().await.unwrap();
        }
    }
    assert!(scene.vsg.unsealed().await.unwrap() > 500);
    assert!(scene.vsg.seal().await.unwrap() > 500);
    assert_eq!(scene.vsg.unsealed().await.unwrap(), 0);
    assert_eq!(scene.rows_at("HEAD~600", "SELECT v FROM t WHERE id = 1").await, ["599"]);
    let log = scene.log().await;
    assert!(log.windows(2).all(|pair| pair[0].created_at > pair[1].created_at && pair[0].seq == pair[1].seq + 1));
    scene.end().await;
}
