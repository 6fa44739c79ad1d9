//! What may be forgotten goes, what is left is as it was and is still proven, and nothing is told that is not known.

use std::{collections::BTreeMap, time::Duration};

use dbvsg::{CommitId, Error, Key, Period, Pruned, Reference, Retention, Vsg, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};
use rand::{Rng, SeedableRng, rngs::StdRng};

scenarios!(
    what_ended_before_a_commit_goes,
    a_dry_run_says_what_the_real_one_does,
    a_pruned_state_cannot_be_asked_for,
    tagged_states_stay,
    a_tag_that_is_gone_keeps_nothing,
    versions_beyond_a_number_go,
    the_past_is_thinned_to_one_state_a_day,
    a_table_that_was_not_touched_for_long_keeps_its_head,
    pruning_goes_on_where_it_ended,
    the_history_of_a_row_begins_where_it_is_left,
    whatever_is_altered_after_pruning_is_found,
    a_history_that_was_altered_is_not_pruned,
    random_histories_are_pruned_and_match_the_model,
    writers_go_on_while_it_is_pruned,
    a_prune_that_nobody_waits_for_is_whole,
    a_pruned_table_changes_its_shape,
    another_program_notices,
    tables_go_back_to_what_is_left,
);

async fn story(engine: Engine) -> (Scene, Vec<CommitId>) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let mut commits = vec![scene.vsg.commit("HEAD").await.unwrap().uuid];
    for sql in [
        "UPDATE t SET v = 'c' WHERE id = 1",
        "DELETE FROM t WHERE id = 2",
        "INSERT INTO t VALUES (3, 'd')",
        "INSERT INTO t VALUES (2, 'e'); UPDATE t SET v = 'f' WHERE id = 2",
        "UPDATE t SET v = 'g' WHERE id = 1",
        "DELETE FROM t WHERE id = 3",
        "INSERT INTO t VALUES (4, 'h')",
    ] {
        commits.push(scene.commit(sql).await);
    }
    (scene, commits)
}

/// The states after each commit of the story.
const STATES: [&[&str]; 8] = [
    &["1|a", "2|b"],
    &["1|c", "2|b"],
    &["1|c"],
    &["1|c", "3|d"],
    &["1|c", "2|f", "3|d"],
    &["1|g", "2|f", "3|d"],
    &["1|g", "2|f"],
    &["1|g", "2|f", "4|h"],
];

const ALL: &str = "SELECT id, v FROM t ORDER BY id";

async fn tag(scene: &Scene, name: &str, commit: CommitId) {
    scene.vsg.seal().await.unwrap();
    scene
        .sql(&format!(
            "INSERT INTO dbvsg_tag (name, live, commit_id, actor, created_at) \
             SELECT '{name}', 1, id, 'ann', 0 FROM dbvsg_commit WHERE uuid = '{commit}'"
        ))
        .await;
}

/// The commits of the story whose state can be told and is as it was; the others have to be refused.
async fn told(scene: &Scene, commits: &[CommitId]) -> Vec<usize> {
    let mut told = Vec::new();
    for (place, commit) in commits.iter().enumerate() {
        match scene.vsg.as_of_in(Some("t"), &(*commit).into()).await {
            Ok(_) => {
                assert_eq!(scene.rows_at(commit, ALL).await, STATES[place], "state {place}");
                told.push(place);
            }
            Err(error) => assert!(matches!(error, Error::Pruned { .. }), "{error}"),
        }
    }
    told
}

async fn versions(scene: &Scene) -> u64 {
    scene.rows("SELECT count(*) FROM t_history").await[0].parse().unwrap()
}

async fn prune(scene: &Scene, retention: &Retention) -> Pruned {
    scene.vsg.prune("keeper", retention).await.unwrap()
}

async fn what_ended_before_a_commit_goes(engine: Engine) {
    let (scene, commits) = story(engine).await;
    let log = scene.operations().await;
    let before = versions(&scene).await;
    let author = dbvsg::Author::new("keeper").because("one year is enough").meta(serde_json::json!({"ticket": 7}));
    let pruned = scene.vsg.prune(author, &Retention::before(commits[4]).table("t")).await.unwrap();
    let table = &pruned.tables[0];
    // a and b of the beginning, the mark that b was deleted, and e, which was never seen outside of its transaction.
    assert_eq!((table.removed, table.kept), (4, before - 4));
    assert!(table.removed_bytes > 4 * 40 && table.kept_bytes > table.removed_bytes, "{table:?}");
    assert_eq!(table.horizon.unwrap().commit, commits[4]);
    assert_eq!(versions(&scene).await, before - 4);
    assert_eq!(told(&scene, &commits).await, [4, 5, 6, 7]);
    let commit = scene.vsg.commit(pruned.commit.unwrap()).await.unwrap();
    assert_eq!((commit.operation.as_str(), commit.actor.as_str()), ("PRUNE", "keeper"));
    assert_eq!(commit.message.as_deref(), Some("one year is enough"));
    let meta = commit.meta.unwrap();
    let said = &meta["prune"]["tables"][0];
    assert_eq!((&said["table"], &said["removed"], &said["horizon"]), (&"t".into(), &4.into(), &5.into()));
    assert_eq!(meta["prune"]["rule"]["before"], commits[4].to_string());
    assert_eq!(meta["meta"]["ticket"], 7);
    assert_eq!((commit.tables[0].inserted, commit.tables[0].rows), (0, 3));
    // The commits stay, with what they did.
    let left: Vec<String> = scene.operations().await.into_iter().skip(1).collect();
    assert_eq!(left, log);
    let first = scene.vsg.commit(commits[0]).await.unwrap();
    assert_eq!(first.tables[0].inserted, 2);
    scene.commit("UPDATE t SET v = 'later' WHERE id = 1").await;
    scene.end().await;
}

async fn a_dry_run_says_what_the_real_one_does(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "release", commits[1]).await;
    for retention in [
        Retention::before(commits[3]),
        Retention::keep_versions(2),
        Retention::one_per(Period::Hour, commits[5]),
        Retention::before(Reference::Head { back: 0 }),
        Retention::keep_versions(0),
        Retention::before(commits[3]),
    ] {
        let history = versions(&scene).await;
        let said = prune(&scene, &retention.clone().dry_run(true)).await;
        assert_eq!((said.commit, versions(&scene).await), (None, history));
        scene.verify().await;
        let done = prune(&scene, &retention).await;
        assert_eq!(done.tables, said.tables, "{retention:?}");
        assert_eq!(done.commit.is_some(), said.tables[0].removed > 0);
        assert_eq!(versions(&scene).await, history - said.tables[0].removed);
        scene.verify().await;
    }
    assert_eq!(prune(&scene, &Retention::keep_versions(0)).await.commit, None, "there is nothing left to go");
    scene.end().await;
}

async fn a_pruned_state_cannot_be_asked_for(engine: Engine) {
    let (scene, commits) = story(engine).await;
    let held = scene.vsg.as_of(commits[0]).await.unwrap();
    let then = scene.vsg.commit(commits[0]).await.unwrap().created_at;
    prune(&scene, &Retention::before(commits[5])).await;
    let refused = |error: Error| {
        let text = error.to_string();
        assert!(matches!(error, Error::Pruned { .. }), "{text}");
        assert!(text.contains("`t`") && text.contains(&commits[5].to_string()) && text.contains('Z'), "{text}");
    };
    let (early, late): (Reference, Reference) = (commits[0].into(), commits[6].into());
    let key = Key(vec![dbvsg::Value::Integer(1)]);
    let vsg = &scene.vsg;
    refused(vsg.rows_at("t", &early, None).await.err().unwrap());
    refused(vsg.rows_at("t", &Reference::At(then), None).await.err().unwrap());
    refused(vsg.rows_at("t", &Reference::Head { back: 8 }, None).await.err().unwrap());
    refused(vsg.row_at("t", &key, &early).await.unwrap_err());
    refused(vsg.diff("t", &early, &late).await.err().unwrap());
    refused(vsg.diff("t", &late, &early).await.err().unwrap());
    refused(vsg.row_diff("t", &key, &early.clone().into(), &late.clone().into()).await.unwrap_err());
    refused(vsg.as_of_in(Some("t"), &early).await.unwrap_err());
    refused(vsg.as_of(commits[0]).await.unwrap().query_all_raw(scene.query(ALL)).await.unwrap_err().into());
    refused(held.query_all_raw(scene.query(ALL)).await.unwrap_err().into());
    assert!(held.query_all_raw(scene.query("SELECT 1")).await.is_ok());
    scene.end().await;
}

async fn tagged_states_stay(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    tag(&scene, "second", commits[2]).await;
    prune(&scene, &Retention::before(commits[6])).await;
    assert_eq!(told(&scene, &commits).await, [0, 2, 6, 7]);
    let diff = scene.vsg.diff("t", &commits[0].into(), &commits[2].into()).await.unwrap();
    let diff: Vec<_> = futures_util::TryStreamExt::try_collect(diff).await.unwrap();
    assert_eq!(diff.len(), 2, "1 changed and 2 was deleted: {diff:?}");
    scene.verify().await;
    prune(&scene, &Retention::before(commits[7])).await;
    assert_eq!(told(&scene, &commits).await, [0, 2, 6, 7], "nothing had to go for that");
    // Of this row nothing is left, and of that one only what was before its deletion.
    scene.commit("INSERT INTO t VALUES (3, 'again')").await;
    scene.commit("DELETE FROM t WHERE id = 2").await;
    prune(&scene, &Retention::keep_versions(0)).await;
    scene.commit("INSERT INTO t VALUES (2, 'again')").await;
    assert_eq!(told(&scene, &commits).await, [0, 2]);
    scene.end().await;
}

async fn a_tag_that_is_gone_keeps_nothing(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    tag(&scene, "second", commits[2]).await;
    prune(&scene, &Retention::before(commits[6])).await;
    scene.sql("UPDATE dbvsg_tag SET live = NULL WHERE name = 'first'").await;
    assert_eq!(told(&scene, &commits).await, [0, 2, 6, 7]);
    let pruned = prune(&scene, &Retention::before(commits[3])).await;
    assert_eq!(told(&scene, &commits).await, [2, 6, 7]);
    assert_eq!(pruned.tables[0].horizon.unwrap().commit, commits[6], "a horizon never goes back");
    scene.end().await;
}

async fn versions_beyond_a_number_go(engine: Engine) {
    let (scene, commits) = story(engine).await;
    let pruned = prune(&scene, &Retention::keep_versions(2)).await;
    // 1 had a, c and g; 2 had b, its deletion, e and f.
    assert_eq!(pruned.tables[0].removed, 3);
    assert_eq!(told(&scene, &commits).await, [4, 5, 6, 7]);
    let key = Key(vec![dbvsg::Value::Integer(2)]);
    assert_eq!(scene.vsg.history("t", &key, 10, 0).await.unwrap().total, 2);
    scene.verify().await;
    assert_eq!(prune(&scene, &Retention::keep_versions(2)).await.commit, None);
    scene.commit("UPDATE t SET v = 'i' WHERE id = 2").await;
    assert_eq!(prune(&scene, &Retention::keep_versions(1)).await.tables[0].removed, 4);
    assert_eq!(told(&scene, &commits).await, [0_usize; 0]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|g", "2|i", "4|h"]);
    scene.end().await;
}

/// Moves the time of the commits that are not sealed yet.
async fn written_at(scene: &Scene, text: &str) {
    let at = dbvsg::model::time::parse(text).unwrap().timestamp_micros();
    scene.sql(&format!("UPDATE dbvsg_pending SET written_at = {at}")).await;
    scene.vsg.seal().await.unwrap();
}

async fn the_past_is_thinned_to_one_state_a_day(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, '0')"])
            .await;
    scene.vsg.enable("t").await.unwrap();
    let mut commits = Vec::new();
    for (place, at) in [
        "2999-01-01T08:00:00Z",
        "2999-01-01T20:00:00Z",
        "2999-01-02T00:00:00Z",
        "2999-01-02T23:59:59Z",
        "2999-01-04T12:00:00Z",
        "2999-02-01T12:00:00Z",
        "2999-02-01T13:00:00Z",
        "2999-02-01T14:00:00Z",
    ]
    .into_iter()
    .enumerate()
    {
        commits.push(scene.commit(&format!("UPDATE t SET v = '{}'", place + 1)).await);
        written_at(&scene, at).await;
    }
    let told = async || {
        let mut told = Vec::new();
        for commit in &commits {
            if scene.vsg.as_of_in(Some("t"), &(*commit).into()).await.is_ok() {
                told.extend(scene.rows_at(commit, "SELECT v FROM t").await);
            }
        }
        scene.verify().await;
        told
    };
    prune(&scene, &Retention::one_per(Period::Day, commits[6])).await;
    assert_eq!(told().await, ["2", "4", "5", "7", "8"]);
    let between: Reference = "2999-01-03T10:00:00Z".parse().unwrap();
    let rows = scene.rows_at(&between, "SELECT v FROM t").await;
    assert_eq!(rows, ["4"], "a state that is kept lasts until the next commit");
    assert!(scene.vsg.as_of_in(Some("t"), &"2999-01-01T10:00:00Z".parse().unwrap()).await.is_err());
    // Later: with what came since.
    commits.push(scene.commit("UPDATE t SET v = '9'").await);
    written_at(&scene, "2999-02-02T00:00:00Z").await;
    let end: Reference = "2999-02-03T00:00:00Z".parse().unwrap();
    let told = async |retention: &Retention| {
        prune(&scene, retention).await;
        let mut told = Vec::new();
        for commit in &commits {
            if scene.vsg.as_of_in(Some("t"), &(*commit).into()).await.is_ok() {
                told.extend(scene.rows_at(commit, "SELECT v FROM t").await);
            }
        }
        scene.verify().await;
        told
    };
    assert_eq!(told(&Retention::one_per(Period::Day, &end)).await, ["2", "4", "5", "8", "9"]);
    assert_eq!(told(&Retention::one_per(Period::Week, &end)).await, ["5", "9"]);
    assert_eq!(told(&Retention::one_per(Period::Month, &end)).await, ["5", "9"]);
    assert_eq!(told(&Retention::before(&end)).await, ["9"]);
    scene.end().await;
}

async fn a_table_that_was_not_touched_for_long_keeps_its_head(engine: Engine) {
    let (scene, commits) = story(engine).await;
    scene.sql("CREATE TABLE other (id INTEGER PRIMARY KEY, v TEXT)").await;
    scene.vsg.enable("other").await.unwrap();
    for place in 0..3 {
        scene.commit(&format!("INSERT INTO other VALUES ({place}, 'x')")).await;
    }
    let pruned = prune(&scene, &Retention::before(Reference::Head { back: 0 })).await;
    let told_of = |name: &str| pruned.tables.iter().find(|table| table.table == name).unwrap();
    assert_eq!((told_of("other").removed, told_of("other").horizon), (0, None));
    assert_eq!(told_of("t").horizon.unwrap().seq, 11, "the horizon is where it was asked to be");
    assert_eq!(told(&scene, &commits).await, [7], "and what it shows was there before");
    assert_eq!(scene.vsg.commit(pruned.commit.unwrap()).await.unwrap().tables.len(), 1);
    scene.end().await;
}

async fn pruning_goes_on_where_it_ended(engine: Engine) {
    let (scene, commits) = story(engine).await;
    for place in [2, 4, 5, 7] {
        prune(&scene, &Retention::before(commits[place])).await;
        let left: Vec<usize> = (place..8).collect();
        assert_eq!(told(&scene, &commits).await, left);
        scene.verify().await;
    }
    let digests = "SELECT count(*) FROM dbvsg_commit_table WHERE pruned_digest IS NOT NULL";
    assert!(scene.rows(digests).await[0].parse::<u64>().unwrap() >= 4);
    let moment = "2001-01-01T00:00:00Z".parse::<Reference>().unwrap();
    assert_eq!(prune(&scene, &Retention::before(&moment)).await.tables[0].removed, 0, "nothing is so old");
    let error = scene.vsg.prune("keeper", &Retention::before(Reference::Name("nothing".into()))).await.unwrap_err();
    assert!(matches!(error, Error::UnknownReference { .. }), "{error}");
    let error = scene.vsg.prune("keeper", &Retention::keep_versions(1).table("nothing")).await.unwrap_err();
    assert!(matches!(error, Error::UnknownTable { .. }), "{error}");
    let error = scene.vsg.prune("", &Retention::keep_versions(1)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidActor { .. }), "{error}");
    let stale = dbvsg::Author::new("keeper").expect_parent(commits[3].into());
    let error = scene.vsg.prune(stale, &Retention::keep_versions(0)).await.unwrap_err();
    assert!(matches!(error, Error::StaleParent { .. }), "{error}");
    scene.end().await;
}

async fn the_history_of_a_row_begins_where_it_is_left(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    let audit = scene.audit().await;
    prune(&scene, &Retention::before(commits[5])).await;
    let key = Key(vec![dbvsg::Value::Integer(1)]);
    let page = scene.vsg.history("t", &key, 10, 0).await.unwrap();
    let numbers: Vec<u64> = page.items.iter().map(|version| version.version).collect();
    assert_eq!((page.total, numbers), (2, vec![2, 1]));
    assert_eq!(page.items[0].change.before, None, "what came before is gone, and the tagged one did not");
    assert!(page.items[0].change.after.is_some());
    let lineage = scene.vsg.lineage("t", &key, 10, 0).await.unwrap().items;
    let parents: Vec<Option<u64>> = lineage.iter().map(|version| version.parent_version).collect();
    assert_eq!(parents, [None, None]);
    let blame = scene.vsg.blame("t", &key).await.unwrap();
    assert!(blame.iter().all(|value| value.commit == commits[5]), "as old as what is left: {blame:?}");
    // The audit counts what is there, page by page.
    let left = scene.audit().await;
    assert!(left.len() < audit.len());
    let mut paged = Vec::new();
    for offset in 0..left.len() as u64 + 2 {
        let mut filter = dbvsg::AuditFilter::default();
        (filter.limit, filter.offset) = (1, offset);
        let page = scene.vsg.audit(&filter).await.unwrap();
        assert_eq!(page.total, left.len() as u64);
        paged.extend(page.items);
    }
    assert_eq!(paged, left);
    scene.end().await;
}

/// Whether the proof tells that something is wrong.
async fn found(scene: &Scene) -> bool {
    !scene.vsg.verify().await.unwrap().ok
}

async fn whatever_is_altered_after_pruning_is_found(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    prune(&scene, &Retention::before(commits[4])).await;
    prune(&scene, &Retention::before(commits[6])).await;
    scene.commit("UPDATE t SET v = 'z' WHERE id = 4").await;
    scene.verify().await;
    let values = ["baseline", "inserted", "updated", "deleted", "soft_deleted", "restored"];
    let mut altered: Vec<(&str, String)> = ["v", "vsg_begin", "vsg_end", "vsg_op", "vsg_branch", "vsg_id"]
        .iter()
        .map(|column| ("t_history", (*column).to_owned()))
        .collect();
    altered.extend(values.iter().map(|name| ("dbvsg_commit_table", format!("pruned_{name}"))));
    altered.extend(values.iter().map(|name| ("dbvsg_commit_table", (*name).to_owned())));
    altered.push(("dbvsg_commit_table", "pruned_digest".into()));
    altered.extend(["meta", "operation", "actor", "hash"].map(|name| ("dbvsg_commit", name.to_owned())));
    altered.push(("dbvsg_horizon", "seq".into()));
    altered.extend(["first_seq", "end_seq"].map(|name| ("dbvsg_kept", name.to_owned())));
    for (table, column) in altered {
        let condition = match (table, column.as_str()) {
            ("t_history", _) => " WHERE vsg_id IS NOT NULL",
            ("dbvsg_commit_table", "pruned_digest") => " WHERE pruned_digest IS NOT NULL",
            ("dbvsg_commit_table", name) if name.starts_with("pruned") => " WHERE pruned_digest IS NOT NULL",
            ("dbvsg_commit", "meta") => " WHERE meta IS NOT NULL",
            _ => " WHERE 1 = 1",
        };
        let key = match table {
            "t_history" => "vsg_id",
            "dbvsg_commit" => "seq",
            "dbvsg_commit_table" => "commit_id",
            "dbvsg_horizon" => "table_id",
            _ => "first_seq",
        };
        let name = engine.quote(&column);
        for row in scene.rows(&format!("SELECT {key} FROM {table}{condition}")).await {
            let set = match column.as_str() {
                "v" | "vsg_op" | "meta" | "operation" | "actor" => format!("concat(coalesce({name}, ''), ' ')"),
                "hash" | "pruned_digest" => engine.bytes(&"00".repeat(32)),
                _ => format!("coalesce({name}, 0) + 1000"),
            };
            let (chosen, back) = match column == key {
                true => (format!("{key} = {row}"), format!("{key} = {row} + 1000")),
                false => (format!("{key} = {row}"), format!("{key} = {row}")),
            };
            scene.sql(&format!("CREATE TABLE was AS SELECT {name} AS old FROM {table} WHERE {chosen}")).await;
            scene.sql(&format!("UPDATE {table} SET {name} = {set} WHERE {chosen}")).await;
            assert!(found(&scene).await, "{table}.{column} of row {row}");
            scene.sql(&format!("UPDATE {table} SET {name} = (SELECT old FROM was) WHERE {back}")).await;
            scene.sql("DROP TABLE was").await;
        }
    }
    scene.verify().await;
    // Rows that come and go.
    for (sql, undo) in [
        ("INSERT INTO dbvsg_kept VALUES (1, 5, 6)", "DELETE FROM dbvsg_kept WHERE first_seq = 5"),
        ("INSERT INTO dbvsg_horizon VALUES (99, 5)", "DELETE FROM dbvsg_horizon WHERE table_id = 99"),
    ] {
        scene.sql(sql).await;
        assert!(found(&scene).await, "{sql}");
        scene.sql(undo).await;
    }
    let all = scene.columns("t_history").await.join(", ");
    for row in scene.rows("SELECT vsg_id FROM t_history").await {
        scene.sql(&format!("CREATE TABLE was AS SELECT {all} FROM t_history WHERE vsg_id = {row}")).await;
        scene.sql(&format!("DELETE FROM t_history WHERE vsg_id = {row}")).await;
        assert!(found(&scene).await, "version {row} is gone");
        scene.sql(&format!("INSERT INTO t_history ({all}) SELECT {all} FROM was")).await;
        scene.sql("DROP TABLE was").await;
    }
    scene.verify().await;
    for sql in ["DELETE FROM dbvsg_horizon", "DELETE FROM dbvsg_kept"] {
        scene.sql(sql).await;
        assert!(found(&scene).await, "{sql}");
    }
}

async fn a_history_that_was_altered_is_not_pruned(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    prune(&scene, &Retention::before(commits[4])).await;
    let first = scene.rows("SELECT min(vsg_id) FROM t_history").await[0].clone();
    let history = versions(&scene).await;
    let refused = async |alter: &str, back: &str| {
        scene.sql(&format!("UPDATE t_history SET {alter} WHERE vsg_id = {first}")).await;
        for retention in [Retention::before(commits[6]), Retention::keep_versions(1).dry_run(true)] {
            let error = scene.vsg.prune("keeper", &retention).await.unwrap_err();
            assert!(matches!(error, Error::Corrupted { .. }), "{error}");
        }
        let error = scene.vsg.disable("keeper", "t", true).await.unwrap_err();
        assert!(matches!(error, Error::Corrupted { .. }), "{error}");
        scene.sql(&format!("UPDATE t_history SET {back} WHERE vsg_id = {first}")).await;
    };
    let end = scene.rows(&format!("SELECT vsg_end FROM t_history WHERE vsg_id = {first}")).await[0].clone();
    refused("v = 'forged'", "v = 'a'").await;
    refused("vsg_end = 1", &format!("vsg_end = {end}")).await;
    refused("vsg_end = NULL", &format!("vsg_end = {end}")).await;
    assert_eq!(versions(&scene).await, history);
    scene.verify().await;
    prune(&scene, &Retention::before(commits[6])).await;
    scene.end().await;
}

type State = BTreeMap<i64, u32>;

/// Random transactions on two tables, random tags, random prunes: every state that can be told is the one that was, every
/// state from the horizon on and every tagged one can be told, and the history is proven after each step.
async fn random_histories_are_pruned_and_match_the_model(engine: Engine) {
    for seed in 0..engine.pick(40, 8, 8) {
        let mut random = StdRng::seed_from_u64(seed);
        let ddl = [
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)",
            "CREATE TABLE u (id INTEGER PRIMARY KEY, v INTEGER)",
        ];
        let scene = Scene::with(engine, &ddl).await;
        scene.vsg.enable("t").await.unwrap();
        scene.vsg.enable("u").await.unwrap();
        let (mut state, mut states): (State, Vec<(CommitId, State, i64)>) = (State::new(), Vec::new());
        let (mut tagged, mut horizon): (Vec<i64>, i64) = (Vec::new(), 0);
        for step in 0..60 {
            match random.random_range(0..12) {
                0 if !states.is_empty() => {
                    let (commit, _, seq) = &states[random.random_range(0..states.len())];
                    let can_be_told = *seq >= horizon || scene.vsg.as_of_in(Some("t"), &(*commit).into()).await.is_ok();
                    if can_be_told {
                        tag(&scene, &format!("tag{step}"), *commit).await;
                        tagged.push(*seq);
                    }
                }
                1 if !states.is_empty() => {
                    let commit = states[random.random_range(0..states.len())].0;
                    let retention = match random.random_range(0..3) {
                        0 => Retention::before(commit),
                        1 => Retention::keep_versions(random.random_range(0..4)),
                        _ => Retention::one_per(Period::Hour, commit),
                    };
                    let said = prune(&scene, &retention.clone().table("t").dry_run(true)).await;
                    let pruned = prune(&scene, &retention.table("t")).await;
                    assert_eq!(said.tables, pruned.tables);
                    let now = pruned.tables[0].horizon.map_or(0, |horizon| horizon.seq);
                    assert!(now >= horizon, "a horizon never goes back");
                    horizon = now;
                }
                2 => drop(scene.commit(&format!("INSERT INTO u VALUES ({step}, 0)")).await),
                _ => {
                    let mut sql = Vec::new();
                    for _ in 0..random.random_range(1..4) {
                        let (key, value) = (random.random_range(0..5), random.random_range(0..1000));
                        match random.random_range(0..3) {
                            0 => {
                                sql.push(format!("DELETE FROM t WHERE id = {key}"));
                                state.remove(&key);
                            }
                            _ if state.contains_key(&key) => {
                                sql.push(format!("UPDATE t SET v = {value} WHERE id = {key}"));
                                state.insert(key, value);
                            }
                            _ => {
                                sql.push(format!("INSERT INTO t VALUES ({key}, {value})"));
                                state.insert(key, value);
                            }
                        }
                    }
                    let txn = scene.vsg.begin("ann").await.unwrap();
                    txn.execute_unprepared(&sql.join("; ")).await.unwrap();
                    if let Some(commit) = txn.commit().await.unwrap() {
                        let seq = scene.vsg.commit(commit).await.unwrap().seq;
                        states.push((commit, state.clone(), seq));
                    }
                }
            }
        }
        scene.verify().await;
        for (commit, state, seq) in &states {
            let must = *seq >= horizon || tagged.contains(seq);
            match scene.vsg.as_of_in(Some("t"), &(*commit).into()).await {
                Ok(_) => {
                    let expected: Vec<String> = state.iter().map(|(key, value)| format!("{key}|{value}")).collect();
                    assert_eq!(scene.rows_at(commit, ALL).await, expected, "seed {seed}, commit {seq}");
                }
                Err(error) => assert!(!must && matches!(error, Error::Pruned { .. }), "seed {seed}, {seq}: {error}"),
            }
        }
        scene.end().await;
    }
}

async fn writers_go_on_while_it_is_pruned(engine: Engine) {
    let (scene, _) = story(engine).await;
    scene.sql("INSERT INTO t VALUES (10, '0'), (11, '0'), (12, '0')").await;
    let writers: Vec<_> = (10..13)
        .map(|key| {
            let vsg = scene.vsg.clone();
            tokio::spawn(async move {
                for value in 1..=60 {
                    let write = async |txn: &dbvsg::Txn| {
                        txn.execute_unprepared(&format!("UPDATE t SET v = '{value}' WHERE id = {key}")).await?;
                        Ok::<_, Error>(())
                    };
                    while let Err(error) = vsg.transaction("writer", write).await {
                        assert!(error.is_busy(), "{error}");
                    }
                }
            })
        })
        .collect();
    let mut removed = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        for retention in [Retention::before(Reference::Head { back: 5 }), Retention::keep_versions(3)] {
            match scene.vsg.prune("keeper", &retention).await {
                Ok(pruned) => removed += pruned.tables[0].removed,
                // There are not so many commits yet, or a writer was in the way.
                Err(error) => assert!(error.is_busy(), "{error}"),
            }
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(removed > 50, "{removed}");
    assert_eq!(scene.rows("SELECT v FROM t WHERE id >= 10").await, ["60", "60", "60"]);
    assert_eq!(scene.rows_at("HEAD", "SELECT v FROM t WHERE id >= 10").await, ["60", "60", "60"]);
    scene.end().await;
}

async fn a_prune_that_nobody_waits_for_is_whole(engine: Engine) {
    let (scene, commits) = story(engine).await;
    for place in 0..200 {
        scene.commit(&format!("UPDATE t SET v = '{place}' WHERE id = 4")).await;
    }
    let history = versions(&scene).await;
    for wait in [0, 1, 2, 4, 8, 16] {
        let retention = Retention::before(Reference::Head { back: 0 });
        _ = tokio::time::timeout(Duration::from_millis(wait), scene.vsg.prune("keeper", &retention)).await;
        scene.verify().await;
        let left = versions(&scene).await;
        assert!(left == history || left == 3, "all of it, or nothing: {left}");
    }
    // This one comes after those.
    prune(&scene, &Retention::before(Reference::Head { back: 0 })).await;
    assert_eq!(versions(&scene).await, 3);
    assert_eq!(told(&scene, &commits).await, [0_usize; 0]);
    assert!(scene.rows("SELECT vsg_id FROM dbvsg_doomed").await.is_empty());
    scene.end().await;
}

async fn a_pruned_table_changes_its_shape(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    prune(&scene, &Retention::before(commits[5])).await;
    scene.sql("ALTER TABLE t ADD COLUMN w INTEGER").await;
    scene.vsg.refresh("t").await.unwrap();
    scene.sql("ALTER TABLE t RENAME COLUMN v TO value").await;
    scene.vsg.refresh("t").await.unwrap();
    scene.commit("UPDATE t SET w = 1").await;
    scene.verify().await;
    assert_eq!(scene.rows_at(commits[0], "SELECT id, value FROM t ORDER BY id").await, STATES[0]);
    prune(&scene, &Retention::before(commits[7])).await;
    assert_eq!(scene.rows_at(commits[7], "SELECT id, value FROM t ORDER BY id").await, STATES[7]);
    scene.end().await;
}

async fn another_program_notices(engine: Engine) {
    let (scene, commits) = story(engine).await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    assert!(other.as_of_in(Some("t"), &commits[0].into()).await.is_ok());
    prune(&scene, &Retention::before(commits[4])).await;
    let error = other.as_of_in(Some("t"), &commits[0].into()).await.unwrap_err();
    assert!(matches!(error, Error::Pruned { .. }), "{error}");
    let key = Key(vec![dbvsg::Value::Integer(1)]);
    assert!(matches!(other.row_at("t", &key, &commits[1].into()).await, Err(Error::Pruned { .. })));
    other.close().await.unwrap();
    scene.end().await;
}

async fn tables_go_back_to_what_is_left(engine: Engine) {
    let (scene, commits) = story(engine).await;
    tag(&scene, "first", commits[0]).await;
    prune(&scene, &Retention::before(commits[5])).await;
    let only = dbvsg::ApplyOptions::table("t");
    for commit in [commits[1], commits[4]] {
        let error = scene.vsg.checkout("ann", commit, &only).await.unwrap_err();
        assert!(matches!(error, Error::Pruned { .. }), "{error}");
    }
    // What this commit changed can only be told from the states before and after it.
    for commit in [commits[0], commits[1], commits[5]] {
        assert!(scene.vsg.revert("ann", commit, &only).await.is_err());
    }
    scene.vsg.checkout("ann", commits[0], &only).await.unwrap();
    assert_eq!(scene.rows(ALL).await, STATES[0]);
    scene.vsg.rollback_to("ann", commits[6], &only).await.unwrap();
    assert_eq!(scene.rows(ALL).await, STATES[6]);
    prune(&scene, &Retention::before(Reference::Head { back: 0 })).await;
    assert_eq!(told(&scene, &commits).await, [0]);
    scene.end().await;
}
