//! A table goes back to a state, in each of the ways there are.

use dbvsg::{
    ApplyOptions, Author, CommitId, CommitTable, Error, LogFilter, Reference, RowDiff,
    sea_orm::entity::prelude::ChronoUtc,
};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    a_rollback_undoes_the_current_commit,
    a_rollback_to_a_commit_undoes_all_after_it,
    a_rollback_can_be_undone_and_done_again,
    a_checkout_marks_nothing,
    a_restore_makes_an_old_commit_current_again,
    a_line_goes_on_from_where_it_was_restored,
    a_restore_without_a_difference_moves_the_head_alone,
    a_merge_puts_old_rows_over_new_ones,
    the_tables_of_a_commit_go_together,
    all_tables_go_to_one_moment,
    a_dry_run_tells_what_the_call_does,
    nothing_to_do_is_no_commit,
    what_cannot_be_meant_is_refused,
    raw_sql_is_one_commit_with_a_name,
);

const ROWS: &str = "SELECT id, v FROM t ORDER BY id";

/// A table with three commits after its baseline.
async fn scene(engine: Engine) -> (Scene, [CommitId; 4]) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20))", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let commits = [
        first,
        scene.commit("UPDATE t SET v = 'A' WHERE id = 1").await,
        scene.commit("INSERT INTO t VALUES (3, 'c')").await,
        scene.commit("DELETE FROM t WHERE id = 2").await,
    ];
    (scene, commits)
}

fn table() -> ApplyOptions {
    ApplyOptions::table("t")
}

async fn current(scene: &Scene) -> Vec<CommitId> {
    let mut filter = LogFilter::table("t");
    filter.all = true;
    let log = scene.vsg.log(&filter).await.unwrap().items;
    log.into_iter().filter(|commit| commit.is_current).map(|commit| commit.uuid).collect()
}

async fn undone(scene: &Scene) -> Vec<CommitId> {
    let log = scene.vsg.log(&LogFilter::table("t")).await.unwrap().items;
    let marked =
        log.into_iter().filter(|commit| commit.rollbacked).inspect(|commit| assert!(commit.rollbacked_at.is_some()));
    let mut marked: Vec<CommitId> = marked.map(|commit| commit.uuid).collect();
    marked.reverse();
    marked
}

async fn a_rollback_undoes_the_current_commit(engine: Engine) {
    let (scene, [_, _, _, last]) = scene(engine).await;
    let done = scene.vsg.rollback(Author::new("bea").because("oops"), &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "2|b", "3|c"]);
    assert_eq!((done.changes[0].inserted, done.changes[0].updated, done.changes[0].deleted), (1, 0, 0));
    let commit = scene.vsg.commit(done.commit.unwrap()).await.unwrap();
    assert_eq!((commit.operation.as_str(), commit.actor.as_str()), ("ROLLBACK", "bea"));
    assert_eq!(commit.message.as_deref(), Some("oops"));
    assert_eq!(commit.parent, Some(last));
    assert_eq!(undone(&scene).await, [last]);
    assert_eq!(current(&scene).await, [commit.uuid]);
    scene.end().await;
}

async fn a_rollback_to_a_commit_undoes_all_after_it(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let done = scene.vsg.rollback_to("bea", commits[0], &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|a", "2|b"]);
    assert_eq!((done.changes[0].inserted, done.changes[0].updated, done.changes[0].deleted), (1, 1, 1));
    assert_eq!(done.rows(), 3);
    assert_eq!(undone(&scene).await, commits[1..]);
    // The versions are what happened to the rows, and nothing else.
    let audit = scene.audit().await;
    let last: Vec<_> = audit
        .iter()
        .take(3)
        .map(|change| (change.key.to_text(&scene.vsg.all_tracked()[0].table), change.op.shown()))
        .collect();
    let mut last = last;
    last.sort();
    assert_eq!(last, [("1".into(), "update"), ("2".into(), "create"), ("3".into(), "delete")]);
    for (commit, rows) in
        commits.iter().zip([&["1|a", "2|b"][..], &["1|A", "2|b"], &["1|A", "2|b", "3|c"], &["1|A", "3|c"]])
    {
        assert_eq!(scene.rows_at(commit, ROWS).await, rows);
    }
    scene.end().await;
}

async fn a_rollback_can_be_undone_and_done_again(engine: Engine) {
    let (scene, _) = scene(engine).await;
    scene.vsg.rollback("bea", &table()).await.unwrap();
    scene.vsg.rollback("bea", &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "3|c"]);
    scene.vsg.rollback_to("bea", "HEAD~3", &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "2|b", "3|c"]);
    scene.end().await;
}

async fn a_checkout_marks_nothing(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let done = scene.vsg.checkout("bea", "HEAD~2", &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "2|b"]);
    assert!(undone(&scene).await.is_empty());
    assert_eq!(scene.operations().await[0], "CHECKOUT");
    assert_eq!(scene.vsg.commit(done.commit.unwrap()).await.unwrap().parent, Some(commits[3]));
    scene.end().await;
}

async fn a_restore_makes_an_old_commit_current_again(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let before = ChronoUtc::now();
    let done = scene.vsg.restore_to("bea", commits[1], &table()).await.unwrap();
    assert_eq!(done.commit, Some(commits[1]));
    assert_eq!(scene.rows(ROWS).await, ["1|A", "2|b"]);
    assert_eq!(current(&scene).await, [commits[1]]);
    assert!(undone(&scene).await.is_empty());
    // No commit was added to the log; the journal keeps an entry.
    assert_eq!(scene.operations().await, ["DELETE", "INSERT", "UPDATE", "BASELINE"]);
    let mut all = LogFilter::table("t");
    all.all = true;
    let log = scene.vsg.log(&all).await.unwrap().items;
    assert_eq!((log[0].operation.as_str(), log[0].actor.as_str()), ("RESTORE", "bea"));
    assert_eq!(log[0].tables[0].parent, Some(commits[3]));
    // What was true before stays true, and now reads what was restored.
    let now = scene.vsg.as_of(Reference::At(ChronoUtc::now())).await.unwrap();
    assert_eq!(now.commit(), log[0].uuid);
    assert_eq!(scene.rows_at(Reference::At(ChronoUtc::now()), ROWS).await, ["1|A", "2|b"]);
    assert_eq!(scene.rows_at(Reference::At(before), ROWS).await, ["1|A", "3|c"]);
    let head = scene.vsg.as_of_in(Some("t"), &Reference::Head { back: 0 }).await.unwrap();
    assert_eq!(head.commit(), commits[1]);
    scene.end().await;
}

async fn a_line_goes_on_from_where_it_was_restored(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    scene.vsg.restore_to("bea", commits[1], &table()).await.unwrap();
    let next = scene.commit("INSERT INTO t VALUES (9, 'z')").await;
    let commit = scene.vsg.commit(next).await.unwrap();
    assert_eq!(commit.parent, Some(commits[1]));
    assert_eq!(commit.tables[0].parent, Some(commits[1]));
    let head =
        async |back: u32| scene.vsg.commit_in(Some("t"), &Reference::Head { back }).await.map(|commit| commit.uuid);
    assert_eq!(head(0).await.unwrap(), next);
    assert_eq!(head(1).await.unwrap(), commits[1]);
    assert_eq!(head(2).await.unwrap(), commits[0]);
    assert!(matches!(head(3).await, Err(Error::UnknownReference { .. })));
    // The log without a table counts what is in it.
    assert_eq!(scene.vsg.commit("HEAD~1").await.unwrap().uuid, commits[3]);
    scene.vsg.rollback("bea", &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "2|b"]);
    assert_eq!(undone(&scene).await, [next]);
    // And restored once more, over the fork.
    scene.vsg.restore_to("bea", commits[3], &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "3|c"]);
    assert_eq!(head(0).await.unwrap(), commits[3]);
    assert_eq!(head(3).await.unwrap(), commits[0]);
    scene.end().await;
}

async fn a_restore_without_a_difference_moves_the_head_alone(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    scene.vsg.checkout("bea", commits[2], &table()).await.unwrap();
    let done = scene.vsg.restore_to("bea", commits[2], &table()).await.unwrap();
    assert!(done.changes.is_empty());
    assert_eq!(current(&scene).await, [commits[2]]);
    scene.verify().await;
    // And once more there is nothing to do at all.
    let mut all = LogFilter::default();
    all.all = true;
    let entries = scene.vsg.log(&all).await.unwrap().total;
    assert_eq!(scene.vsg.restore_to("bea", commits[2], &table()).await.unwrap().commit, Some(commits[2]));
    assert_eq!(scene.vsg.log(&all).await.unwrap().total, entries);
    let next = scene.commit("DELETE FROM t WHERE id = 1").await;
    assert_eq!(scene.vsg.commit(next).await.unwrap().tables[0].parent, Some(commits[2]));
    scene.end().await;
}

async fn a_merge_puts_old_rows_over_new_ones(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let done = scene.vsg.merge("bea", commits[0], &table()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|a", "2|b", "3|c"]);
    assert_eq!((done.changes[0].inserted, done.changes[0].updated, done.changes[0].deleted), (1, 1, 0));
    assert_eq!(scene.operations().await[0], "MERGE");
    scene.end().await;
}

/// Two tables that are always changed together, and one that is not.
async fn pair(engine: Engine) -> (Scene, [CommitId; 3]) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20))",
            "CREATE TABLE u (id INTEGER PRIMARY KEY, v VARCHAR(20))",
            "CREATE TABLE w (id INTEGER PRIMARY KEY, v VARCHAR(20))",
        ],
    )
    .await;
    for table in ["t", "u", "w"] {
        scene.vsg.enable(table).await.unwrap();
    }
    let commits = [
        scene
            .commit("INSERT INTO t VALUES (1, 'a'); INSERT INTO u VALUES (1, 'a'); INSERT INTO w VALUES (1, 'a')")
            .await,
        scene.commit("UPDATE t SET v = 'b'; UPDATE u SET v = 'b'").await,
        scene.commit("UPDATE w SET v = 'b'; UPDATE t SET v = 'c'").await,
    ];
    (scene, commits)
}

async fn the_tables_of_a_commit_go_together(engine: Engine) {
    let (scene, commits) = pair(engine).await;
    let options = ApplyOptions::default();
    // Those that the second commit touched: `w` is left alone.
    let done = scene.vsg.checkout("bea", commits[1], &options).await.unwrap();
    assert_eq!(done.changes.iter().map(|changes| changes.table.as_str()).collect::<Vec<_>>(), ["t"]);
    assert_eq!(
        scene.rows("SELECT v FROM t UNION ALL SELECT v FROM u UNION ALL SELECT v FROM w").await,
        ["b", "b", "b"]
    );
    // Without a reference it is the newest commit that is undone: the checkout.
    scene.vsg.rollback("bea", &options).await.unwrap();
    assert_eq!(scene.rows("SELECT v FROM t").await, ["c"]);
    scene.vsg.rollback_to("bea", commits[0], &options).await.unwrap();
    assert_eq!(
        scene.rows("SELECT v FROM t UNION ALL SELECT v FROM u UNION ALL SELECT v FROM w").await,
        ["a", "a", "a"]
    );
    // A commit is undone where it is undone in all its tables; each table says it for itself.
    let commit = scene.vsg.commit(commits[1]).await.unwrap();
    assert!(commit.rollbacked && commit.tables.iter().all(|table: &CommitTable| table.rollbacked));
    scene.end().await;
}

async fn all_tables_go_to_one_moment(engine: Engine) {
    let (scene, commits) = pair(engine).await;
    scene.vsg.rollback_to("bea", commits[1], &ApplyOptions::all()).await.unwrap();
    assert_eq!(
        scene.rows("SELECT v FROM t UNION ALL SELECT v FROM u UNION ALL SELECT v FROM w").await,
        ["b", "b", "a"]
    );
    let commit = scene.vsg.commit("HEAD").await.unwrap();
    assert_eq!(commit.tables.iter().map(|table| table.table.as_str()).collect::<Vec<_>>(), ["t", "w"]);
    // Half undone is not undone.
    scene.vsg.rollback_to("bea", commits[0], &ApplyOptions::table("u")).await.unwrap();
    let half = scene.vsg.commit(commits[1]).await.unwrap();
    assert!(!half.rollbacked);
    assert_eq!(half.tables.iter().map(|table| table.rollbacked).collect::<Vec<_>>(), [false, true]);
    scene.vsg.restore_to("bea", commits[2], &ApplyOptions::all()).await.unwrap();
    assert_eq!(
        scene.rows("SELECT v FROM t UNION ALL SELECT v FROM u UNION ALL SELECT v FROM w").await,
        ["c", "b", "b"]
    );
    let next = scene.commit("UPDATE u SET v = 'd'").await;
    assert_eq!(scene.vsg.commit(next).await.unwrap().parent, Some(commits[2]));
    assert_eq!(scene.vsg.commit(next).await.unwrap().tables[0].parent, Some(commits[1]));
    scene.end().await;
}

async fn a_dry_run_tells_what_the_call_does(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let told = scene.vsg.rollback_to("bea", commits[0], &table().dry_run()).await.unwrap();
    assert_eq!(scene.rows(ROWS).await, ["1|A", "3|c"]);
    assert_eq!(scene.log().await.len(), 4);
    assert_eq!(told.commit, None);
    let mut done = scene.vsg.rollback_to("bea", commits[0], &table()).await.unwrap();
    assert!(done.commit.take().is_some());
    assert_eq!(told, done);
    let rows = &told.preview[0].rows;
    assert!(
        matches!(&rows[..], [RowDiff::Added { .. }, RowDiff::Removed { .. }, RowDiff::Changed { columns, .. }] if *columns == [1])
    );
    let few = scene.vsg.checkout("bea", commits[3], &table().dry_run().preview(0)).await.unwrap();
    assert!(few.preview[0].rows.is_empty());
    assert_eq!(few.rows(), 3);
    scene.end().await;
}

async fn nothing_to_do_is_no_commit(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    for done in [
        scene.vsg.checkout("bea", commits[3], &table()).await.unwrap(),
        scene.vsg.rollback_to("bea", commits[3], &table()).await.unwrap(),
        scene.vsg.merge("bea", commits[3], &table()).await.unwrap(),
        scene.vsg.cherry_pick("bea", commits[3], &table()).await.unwrap(),
    ] {
        assert_eq!((done.commit, done.changes.len()), (None, 0));
    }
    assert_eq!(scene.log().await.len(), 4);
    assert!(undone(&scene).await.is_empty());
    scene.end().await;
}

async fn what_cannot_be_meant_is_refused(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let vsg = &scene.vsg;
    let none = ApplyOptions::default();
    for reference in ["HEAD~1", "2030-01-01T00:00:00Z", "main"] {
        let refused = vsg.checkout("bea", reference, &none).await;
        assert!(matches!(refused, Err(Error::MalformedReference { .. })), "{refused:?}");
    }
    let unknown = vsg.checkout("bea", "HEAD~9", &table()).await;
    assert!(matches!(unknown, Err(Error::UnknownReference { .. })), "{unknown:?}");
    let unknown = vsg.checkout("bea", commits[0], &ApplyOptions::table("nothing")).await;
    assert!(matches!(unknown, Err(Error::UnknownTable { .. })), "{unknown:?}");
    assert!(matches!(vsg.rollback("", &table()).await, Err(Error::InvalidActor { .. })));
    // Before the table was tracked there is nothing to go back to.
    let revert = vsg.revert("bea", commits[0], &table()).await;
    assert!(matches!(revert, Err(Error::UnknownReference { .. })), "{revert:?}");
    vsg.rollback_to("bea", commits[0], &table()).await.unwrap();
    let stale = Author::new("bea").expect_parent(commits[3].into());
    assert!(matches!(vsg.rollback(stale.clone(), &table()).await, Err(Error::StaleParent { .. })));
    assert!(matches!(vsg.rollback(stale, &table().dry_run()).await, Err(Error::StaleParent { .. })));
    let fresh = Author::new("bea").expect_parent("HEAD".parse().unwrap());
    vsg.rollback(fresh, &table()).await.unwrap();
    scene.end().await;
}

async fn raw_sql_is_one_commit_with_a_name(engine: Engine) {
    let (scene, commits) = scene(engine).await;
    let sql = "UPDATE t SET v = 'x'; DELETE FROM t WHERE id = 3";
    let author = Author::new("bea").operation("CLEANUP").expect_parent(commits[3].into());
    let done = scene.vsg.execute(author.clone(), Some("t"), sql).await.unwrap();
    let commit = scene.vsg.commit(done.commit.unwrap()).await.unwrap();
    assert_eq!((commit.operation.as_str(), commit.query.as_deref()), ("CLEANUP", Some(sql)));
    assert_eq!(scene.rows(ROWS).await, ["1|x"]);
    assert!(matches!(scene.vsg.execute(author, Some("t"), sql).await, Err(Error::StaleParent { .. })));
    assert_eq!(scene.vsg.execute("bea", None, "DELETE FROM t WHERE id = 77").await.unwrap().commit, None);
    for sql in ["DELETE FROM t; COMMIT", "ROLLBACK", "begin"] {
        assert!(matches!(scene.vsg.execute("bea", None, sql).await, Err(Error::NotOneCommit { .. })), "{sql}");
    }
    assert!(scene.vsg.execute("bea", None, "UPDATE t SET nothing = 1").await.is_err());
    assert_eq!(scene.rows(ROWS).await, ["1|x"]);
    scene.end().await;
}
