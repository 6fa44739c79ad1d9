//! A table leaves version control, and comes back.

use dbvsg::{AuditFilter, CommitId, Error, LogFilter, Policy, Reference, Retention, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    a_disabled_table_keeps_its_history,
    it_goes_on_where_it_ended,
    nothing_but_its_name_enables_it_again,
    its_past_is_not_mistaken_for_the_present,
    a_dropped_history_is_still_proven,
    a_table_begins_anew_without_its_history,
    what_is_gone_already_can_be_forgotten,
    tables_are_told_apart_though_they_share_a_name,
    other_programs_go_on,
    writers_are_not_kept_off,
    what_is_not_tracked_cannot_be_disabled,
);
scenarios!(MariaDb: what_was_left_half_way_is_finished);

async fn story(engine: Engine) -> (Scene, CommitId) {
    let ddl = [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
        "CREATE TABLE u (id INTEGER PRIMARY KEY, v TEXT)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    ];
    let scene = Scene::with(engine, &ddl).await;
    scene.vsg.enable("t").await.unwrap();
    scene.vsg.enable("u").await.unwrap();
    let commit = scene.commit("UPDATE t SET v = 'c' WHERE id = 1; INSERT INTO u VALUES (1, 'x')").await;
    (scene, commit)
}

/// Whether a history table is there.
async fn has_history(scene: &Scene) -> bool {
    !scene.columns("t_history").await.is_empty()
}

async fn a_disabled_table_keeps_its_history(engine: Engine) {
    let (scene, commit) = story(engine).await;
    assert_eq!(scene.vsg.disable("ann", "t", false).await.unwrap(), None);
    assert!(scene.triggers("t").await.is_empty());
    scene.sql("UPDATE t SET v = 'unseen' WHERE id = 1").await;
    assert_eq!(scene.log().await.len(), 2, "nobody captures it");
    let audit = scene.audit().await;
    assert_eq!(audit.iter().filter(|change| change.table == "t").count(), 1, "its changes are still told");
    assert_eq!(scene.vsg.commit(commit).await.unwrap().tables[0].table, "t");
    assert!(matches!(scene.vsg.tracked("t").await, Err(Error::NotTracked { .. })));
    assert_eq!(scene.vsg.tracked_before("t").await.unwrap().name(), "t");
    let tables = scene.vsg.tables().await.unwrap();
    let told: Vec<(&str, bool)> = tables.iter().map(|table| (table.table.as_str(), table.tracked)).collect();
    assert_eq!(told, [("t", false), ("u", true)]);
    // What is left of it can be pruned, and is proven.
    scene.verify().await;
    let pruned = scene.vsg.prune("ann", &Retention::keep_versions(0).table("t")).await.unwrap();
    assert_eq!(pruned.tables[0].removed, 1);
    scene.verify().await;
    scene.sql("UPDATE t_history SET v = 'forged'").await;
    assert!(!scene.vsg.verify().await.unwrap().ok);
}

async fn it_goes_on_where_it_ended(engine: Engine) {
    let (scene, commit) = story(engine).await;
    scene.vsg.disable("ann", "t", false).await.unwrap();
    scene.sql("UPDATE t SET v = 'later' WHERE id = 1").await;
    scene.sql("DELETE FROM t WHERE id = 2").await;
    scene.sql("ALTER TABLE t ADD COLUMN w INTEGER").await;
    scene.vsg.enable("t").await.unwrap();
    let newest = &scene.log().await[0];
    assert_eq!((newest.operation.as_str(), newest.actor.as_str()), ("MIGRATE", "dbvsg"));
    assert_eq!((newest.tables[0].updated, newest.tables[0].deleted), (1, 1), "what changed meanwhile is one commit");
    scene.commit("INSERT INTO t VALUES (3, 'd', 5)").await;
    let all = "SELECT id, v FROM t ORDER BY id";
    assert_eq!(scene.rows_at(commit, all).await, ["1|c", "2|b"]);
    assert_eq!(scene.rows_at("HEAD", all).await, ["1|later", "3|d"]);
    scene.vsg.disable("ann", "t", false).await.unwrap();
    scene.vsg.enable("t").await.unwrap();
    assert_eq!(scene.rows_at(commit, all).await, ["1|c", "2|b"]);
    scene.end().await;
}

async fn nothing_but_its_name_enables_it_again(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.vsg.disable("ann", "t", false).await.unwrap();
    scene.sql("ALTER TABLE t ADD COLUMN w INTEGER").await;
    assert_eq!(scene.vsg.refresh_all().await.unwrap(), []);
    assert!(matches!(scene.vsg.refresh("t").await, Err(Error::NotTracked { .. })));
    assert_eq!(scene.vsg.reconcile("ann").await.unwrap(), None);
    let other = Vsg::connect(&scene.url()).await.unwrap();
    assert_eq!(other.found_at_start(), &dbvsg::FoundAtStart::default());
    assert!(other.tracked("t").await.is_err() && other.tracked("u").await.is_ok());
    other.close().await.unwrap();
    assert!(scene.triggers("t").await.is_empty());
    scene.end().await;
}

async fn its_past_is_not_mistaken_for_the_present(engine: Engine) {
    let (scene, commit) = story(engine).await;
    let then = scene.vsg.as_of(commit).await.unwrap();
    scene.vsg.disable("ann", "t", false).await.unwrap();
    for then in [then, scene.vsg.as_of(commit).await.unwrap()] {
        let error = Error::from(then.query_all_raw(scene.query("SELECT v FROM t")).await.unwrap_err());
        assert!(matches!(&error, Error::ReadOnly { reason } if reason.contains("`t`")), "{error}");
        assert_eq!(then.query_all_raw(scene.query("SELECT v FROM u")).await.unwrap().len(), 1);
    }
    scene.end().await;
}

async fn a_dropped_history_is_still_proven(engine: Engine) {
    let (scene, commit) = story(engine).await;
    let log = scene.log().await;
    let author = dbvsg::Author::new("ann").because("nobody needs it");
    let gone = scene.vsg.disable(author, "t", true).await.unwrap().unwrap();
    assert!(!has_history(&scene).await && scene.triggers("t").await.is_empty());
    assert_eq!(scene.rows("SELECT v FROM t ORDER BY id").await, ["c", "b"], "the table stays");
    let newest = scene.vsg.commit(gone).await.unwrap();
    assert_eq!((newest.operation.as_str(), newest.message.as_deref()), ("PRUNE", Some("nobody needs it")));
    let said = &newest.meta.unwrap()["prune"];
    assert_eq!((&said["rule"]["drop_history"], &said["tables"][0]["removed"]), (&true.into(), &3.into()));
    let left: Vec<CommitId> = scene.log().await.into_iter().skip(1).map(|commit| commit.uuid).collect();
    assert_eq!(left, log.iter().map(|commit| commit.uuid).collect::<Vec<_>>());
    assert_eq!(scene.vsg.commit(commit).await.unwrap().tables.len(), 2);
    let page = scene.vsg.audit(&AuditFilter::default()).await.unwrap();
    assert_eq!((page.total, page.items.len()), (1, 1), "only what is left is counted");
    scene.verify().await;
    for (table, column) in [("dbvsg_commit_table", "pruned_digest"), ("dbvsg_horizon", "seq")] {
        scene.sql(&format!("CREATE TABLE was AS SELECT {column} AS old FROM {table} WHERE {column} IS NOT NULL")).await;
        let forged = if column == "seq" { "1".into() } else { engine.bytes(&"00".repeat(32)) };
        scene.sql(&format!("UPDATE {table} SET {column} = {forged} WHERE {column} IS NOT NULL")).await;
        assert!(!scene.vsg.verify().await.unwrap().ok, "{table}.{column}");
        if column == "seq" {
            scene.sql("UPDATE dbvsg_horizon SET seq = (SELECT old FROM was)").await;
            scene.verify().await;
        } else {
            scene.sql("UPDATE dbvsg_commit_table SET pruned_digest = NULL WHERE pruned_digest IS NOT NULL").await;
            assert!(!scene.vsg.verify().await.unwrap().ok);
            return;
        }
        scene.sql("DROP TABLE was").await;
    }
}

async fn a_table_begins_anew_without_its_history(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.vsg.prune("ann", &Retention::keep_versions(1)).await.unwrap();
    scene.vsg.disable("ann", "t", true).await.unwrap();
    scene.verify().await;
    scene.vsg.enable("t").await.unwrap();
    let then = scene.commit("UPDATE t SET v = 'new' WHERE id = 2").await;
    let all = "SELECT id, v FROM t ORDER BY id";
    assert_eq!(scene.rows_at(then, all).await, ["1|c", "2|new"]);
    assert_eq!(scene.vsg.log(&LogFilter::table("t")).await.unwrap().total, 2, "a baseline and a change");
    let first = Reference::Head { back: 1 };
    assert_eq!(scene.rows_at(scene.vsg.commit_in(Some("t"), &first).await.unwrap().uuid, all).await, ["1|c", "2|b"]);
    scene.vsg.disable("ann", "t", true).await.unwrap();
    // A table that takes the name is one like any other.
    scene.sql("CREATE TABLE t_history (id INTEGER PRIMARY KEY)").await;
    assert!(scene.vsg.tables().await.unwrap().iter().any(|table| table.table == "t_history"));
    scene.end().await;
}

async fn what_is_gone_already_can_be_forgotten(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.vsg.disable("ann", "t", false).await.unwrap();
    assert!(scene.vsg.disable("ann", "t", true).await.unwrap().is_some());
    assert!(!has_history(&scene).await);
    scene.verify().await;
    scene.sql("DROP TABLE u").await;
    scene.vsg.refresh_all().await.unwrap();
    assert!(scene.vsg.disable("ann", "u", true).await.unwrap().is_some());
    assert!(scene.columns("u_history").await.is_empty());
    scene.end().await;
}

async fn tables_are_told_apart_though_they_share_a_name(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.vsg.disable("ann", "t", false).await.unwrap();
    scene.vsg.enable_with("t", &Policy::default().suffix("_anew")).await.unwrap();
    let triggers = scene.triggers("t").await;
    scene.vsg.disable("ann", "u", false).await.unwrap();
    assert_eq!(scene.triggers("t").await, triggers, "they belong to the one that is tracked");
    let commit = scene.commit("UPDATE t SET v = 'd'").await;
    assert_eq!(scene.rows_at(commit, "SELECT v FROM t").await, ["d", "d"]);
    assert!(has_history(&scene).await);
    scene.end().await;
}

async fn other_programs_go_on(engine: Engine) {
    let (scene, _) = story(engine).await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    scene.commit("UPDATE t SET v = 'd' WHERE id = 1").await;
    scene.vsg.disable("ann", "t", true).await.unwrap();
    scene.sql("UPDATE t SET v = 'unseen' WHERE id = 1").await;
    let txn = other.begin("ben").await.unwrap();
    txn.execute_unprepared("INSERT INTO u VALUES (2, 'y')").await.unwrap();
    txn.commit().await.unwrap().unwrap();
    assert!(other.verify().await.unwrap().ok);
    assert!(matches!(other.tracked("t").await, Err(Error::NotTracked { .. })));
    other.close().await.unwrap();
    scene.end().await;
}

async fn writers_are_not_kept_off(engine: Engine) {
    for drop_history in [false, true] {
        let (scene, _) = story(engine).await;
        let vsg = scene.vsg.clone();
        let writer = tokio::spawn(async move {
            for value in 0..100 {
                let write = async |txn: &dbvsg::Txn| {
                    txn.execute_unprepared(&format!("UPDATE t SET v = '{value}' WHERE id = 2")).await?;
                    txn.execute_unprepared(&format!("UPDATE u SET v = '{value}' WHERE id = 1")).await?;
                    Ok::<_, Error>(())
                };
                while let Err(error) = vsg.transaction("writer", write).await {
                    assert!(error.is_busy(), "{error}");
                }
            }
        });
        while let Err(error) = scene.vsg.disable("ann", "t", drop_history).await {
            assert!(error.is_busy(), "{error}");
        }
        writer.await.unwrap();
        scene.verify().await;
        assert_eq!(scene.rows("SELECT v FROM t WHERE id = 2").await, ["99"]);
        assert_eq!(scene.rows_at("HEAD", "SELECT v FROM u").await, ["99"]);
        scene.vsg.enable("t").await.unwrap();
        assert_eq!(scene.rows_at("HEAD", "SELECT v FROM t WHERE id = 2").await, ["99"]);
        scene.end().await;
    }
}

async fn what_is_not_tracked_cannot_be_disabled(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.sql("CREATE TABLE plain (id INTEGER PRIMARY KEY)").await;
    for drop_history in [false, true] {
        let refused = async |table: &str| scene.vsg.disable("ann", table, drop_history).await.unwrap_err();
        assert!(matches!(refused("plain").await, Error::NotTracked { .. }));
        assert!(matches!(refused("nothing").await, Error::UnknownTable { .. }));
        assert!(matches!(refused("t_history").await, Error::NotTracked { .. }));
    }
    assert!(matches!(scene.vsg.disable("", "t", false).await, Err(Error::InvalidActor { .. })));
    let stale = dbvsg::Author::new("ann").expect_parent(Reference::Head { back: 1 });
    assert!(matches!(scene.vsg.disable(stale, "t", true).await, Err(Error::StaleParent { .. })));
    assert!(has_history(&scene).await && !scene.triggers("t").await.is_empty());
    scene.vsg.disable("ann", "t", false).await.unwrap();
    assert!(matches!(scene.vsg.disable("ann", "t", false).await, Err(Error::NotTracked { .. })));
    scene.end().await;
}

/// A program that is killed between what it noted and what it was about to do.
async fn what_was_left_half_way_is_finished(engine: Engine) {
    for drop_history in [false, true] {
        let (scene, _) = story(engine).await;
        // Somebody reads the table and its history for long, so that neither triggers nor history can go.
        let reader = dbvsg::sea_orm::TransactionTrait::begin(&scene.db()).await.unwrap();
        reader.query_all_raw(scene.query("SELECT * FROM t JOIN t_history h ON true")).await.unwrap();
        let killed = scene.vsg.disable("ann", "t", drop_history);
        assert!(tokio::time::timeout(std::time::Duration::from_secs(2), killed).await.is_err());
        assert!(has_history(&scene).await && !scene.triggers("t").await.is_empty());
        // What is written meanwhile is in the way of nothing.
        scene.sql("INSERT INTO t VALUES (7, 'meanwhile')").await;
        scene.commit("INSERT INTO u VALUES (7, 'meanwhile')").await;
        scene.verify().await;
        reader.rollback().await.unwrap();
        let other = Vsg::connect(&scene.url()).await.unwrap();
        assert!(scene.triggers("t").await.is_empty());
        assert_eq!(has_history(&scene).await, !drop_history);
        assert!(other.verify().await.unwrap().ok);
        other.enable("t").await.unwrap();
        other.close().await.unwrap();
        assert_eq!(scene.rows_at("HEAD", "SELECT v FROM t WHERE id = 7").await, ["meanwhile"]);
        scene.end().await;
    }
}
