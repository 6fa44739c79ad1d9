//! Revert and cherry-pick: what one commit did is taken back or done again, over what happened since.

use dbvsg::{ApplyOptions, CommitId, ConflictKind, Error};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    a_revert_takes_back_one_commit_and_keeps_what_came_later,
    other_cells_of_a_row_come_together,
    a_cell_that_was_changed_to_something_else_is_a_conflict,
    rows_that_came_or_went_meanwhile_are_conflicts,
    what_is_so_already_is_no_conflict,
    a_cherry_pick_does_a_commit_again,
    a_unique_key_is_not_given_twice,
    soft_deletes_keep_their_names,
);

const ROWS: &str = "SELECT id, a, b FROM t ORDER BY id";

async fn scene(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(20), b VARCHAR(20))",
            "INSERT INTO t VALUES (1, 'a1', 'b1'), (2, 'a2', 'b2'), (3, 'a3', NULL)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene
}

fn table() -> ApplyOptions {
    ApplyOptions::table("t")
}

async fn a_revert_takes_back_one_commit_and_keeps_what_came_later(engine: Engine) {
    let scene = scene(engine).await;
    let bad = scene
        .commit("UPDATE t SET a = 'bad' WHERE id < 3; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'x', 'y')")
        .await;
    scene.commit("UPDATE t SET b = 'new' WHERE id = 1; INSERT INTO t VALUES (5, 'later', NULL)").await;
    let done = scene.vsg.revert("bea", bad, &table()).await.unwrap();
    assert!(done.conflicts.is_empty());
    assert_eq!((done.changes[0].inserted, done.changes[0].updated, done.changes[0].deleted), (1, 2, 1));
    assert_eq!(scene.rows(ROWS).await, ["1|a1|new", "2|a2|b2", "3|a3|-", "5|later|-"]);
    assert_eq!(scene.operations().await[0], "REVERT");
    // A revert is a commit like any other.
    scene.vsg.revert("bea", done.commit.unwrap(), &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|bad|new", "2|bad|b2", "4|x|y", "5|later|-"]);
    scene.end().await;
}

async fn other_cells_of_a_row_come_together(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.commit("UPDATE t SET a = NULL, b = 'once' WHERE id = 1").await;
    scene.commit("UPDATE t SET b = 'b1' WHERE id = 1").await;
    // `b` is what the revert would make it already, `a` is not touched since.
    let told = scene.vsg.revert("bea", first, &table().dry_run()).await.unwrap();
    assert_eq!(told.preview[0].rows.len(), 1);
    scene.vsg.revert("bea", first, &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await[0], "1|a1|b1");
    scene.end().await;
}

async fn a_cell_that_was_changed_to_something_else_is_a_conflict(engine: Engine) {
    let scene = scene(engine).await;
    let first = scene.commit("UPDATE t SET a = 'x', b = 'x' WHERE id < 3").await;
    scene.commit("UPDATE t SET a = 'y' WHERE id = 1").await;
    for options in [table().dry_run(), table()] {
        let told = scene.vsg.revert("bea", first, &options).await.unwrap();
        assert_eq!(told.commit, None);
        let [conflict] = &told.conflicts[..] else { panic!("{told:?}") };
        assert_eq!(conflict.kind, ConflictKind::ModifyModify);
        let [cell] = &conflict.cells[..] else { panic!("{conflict:?}") };
        assert_eq!(
            (cell.column.as_str(), &cell.base, &cell.ours, &cell.theirs),
            ("a", &"x".into(), &"y".into(), &"a1".into())
        );
        assert!(conflict.base.is_some() && conflict.ours.is_some() && conflict.theirs.is_some());
    }
    assert_eq!(scene.rows(ROWS).await, ["1|y|x", "2|x|x", "3|a3|-"]);
    assert_eq!(scene.log().await.len(), 3);
    scene.end().await;
}

async fn rows_that_came_or_went_meanwhile_are_conflicts(engine: Engine) {
    let scene = scene(engine).await;
    let kinds = async |commit: CommitId| {
        let told = scene.vsg.revert("bea", commit, &table()).await.unwrap();
        assert_eq!(told.commit, None);
        told.conflicts.into_iter().map(|conflict| conflict.kind).collect::<Vec<_>>()
    };
    let added = scene.commit("INSERT INTO t VALUES (4, 'n', 'n')").await;
    scene.commit("UPDATE t SET a = 'm' WHERE id = 4").await;
    assert_eq!(kinds(added).await, [ConflictKind::ModifyDelete]);
    let changed = scene.commit("UPDATE t SET a = 'c' WHERE id = 1").await;
    scene.commit("DELETE FROM t WHERE id = 1").await;
    assert_eq!(kinds(changed).await, [ConflictKind::DeleteModify]);
    let deleted = scene.commit("DELETE FROM t WHERE id = 2").await;
    scene.commit("INSERT INTO t VALUES (2, 'other', 'b2')").await;
    assert_eq!(kinds(deleted).await, [ConflictKind::AddAdd]);
    scene.end().await;
}

async fn what_is_so_already_is_no_conflict(engine: Engine) {
    let scene = scene(engine).await;
    let gone = scene
        .commit("DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'x', NULL); DELETE FROM t WHERE id = 4")
        .await;
    scene.commit("INSERT INTO t VALUES (3, 'a3', NULL); INSERT INTO t VALUES (4, 'mine', NULL)").await;
    let done = scene.vsg.revert("bea", gone, &table()).await.unwrap();
    assert_eq!((done.commit, done.conflicts.len()), (None, 0));
    assert_eq!(scene.rows(ROWS).await, ["1|a1|b1", "2|a2|b2", "3|a3|-", "4|mine|-"]);
    scene.end().await;
}

async fn a_cherry_pick_does_a_commit_again(engine: Engine) {
    let scene = scene(engine).await;
    let wanted = scene.commit("UPDATE t SET a = 'w' WHERE id = 1; INSERT INTO t VALUES (7, 'seven', NULL)").await;
    scene.vsg.rollback("bea", &table()).await.unwrap();
    scene.commit("UPDATE t SET b = 'since' WHERE id = 1").await;
    let done = scene.vsg.cherry_pick("bea", wanted, &table()).await.unwrap();
    assert_eq!(scene.operations().await[0], "CHERRY_PICK");
    assert_eq!((done.changes[0].inserted, done.changes[0].updated), (1, 1));
    assert_eq!(scene.rows(ROWS).await, ["1|w|since", "2|a2|b2", "3|a3|-", "7|seven|-"]);
    scene.end().await;
}

async fn a_unique_key_is_not_given_twice(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, mail VARCHAR(20) UNIQUE)",
            "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let freed = scene.commit("UPDATE t SET mail = 'free' WHERE id = 1").await;
    scene.commit("UPDATE t SET mail = 'x' WHERE id = 2").await;
    for options in [table().dry_run(), table()] {
        let refused = scene.vsg.revert("bea", freed, &options).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Violation { detail, .. } if detail.contains("row `1` of `t`") && detail.contains("mail")),
            "{refused}"
        );
    }
    scene.end().await;
}

async fn soft_deletes_keep_their_names(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20), gone INTEGER)",
            "INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', NULL)",
        ],
    )
    .await;
    scene.vsg.enable_with("t", &dbvsg::Policy::default().soft_delete("gone")).await.unwrap();
    let deleted = scene.commit("UPDATE t SET gone = 1").await;
    scene.commit("UPDATE t SET v = 'z' WHERE id = 1").await;
    scene.vsg.revert("bea", deleted, &table()).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, gone FROM t ORDER BY id").await, ["1|z|-", "2|y|-"]);
    let ops: Vec<_> = scene.audit().await.iter().take(2).map(|change| change.op.shown()).collect();
    assert_eq!(ops, ["restore", "restore"]);
    scene.vsg.rollback_to("bea", deleted, &table()).await.unwrap();
    assert_eq!(scene.rows("SELECT id, v, gone FROM t ORDER BY id").await, ["1|x|1", "2|y|1"]);
    scene.end().await;
}
