use dbvsg_tests::{Engine, outside, scenarios};
use serde_json::json;

use crate::{assert_written, shell::Shell};

scenarios!(
    nothing_is_done_without_a_yes,
    each_way_back_is_there,
    what_conflicts_is_told,
    a_stale_parent_is_refused,
    old_versions_are_pruned,
    the_history_is_proven,
);

fn cities(shell: &Shell) -> String {
    outside(&shell.scene, "SELECT city FROM people WHERE id = 1 OR city IS NOT NULL ORDER BY id").replace('\n', " ")
}

async fn nothing_is_done_without_a_yes(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome'"]).expect(0);
    assert_written!(shell, shell.run(&["rollback", "--dry-run"]).expect(0).out, @r"
    people  2 to update
        ~ 1  city: Rome → Oslo
        ~ 2  city: Rome → NULL
    ");
    let declined = shell.run(&["rollback"]).expect(1);
    assert!(declined.err.contains("--yes"), "{}", declined.err);
    shell.run(&["rollback", "--json"]).refused(1, "--yes");
    assert_eq!(cities(&shell), "Rome Rome");
    let planned = shell.json(&["rollback", "--dry-run"]);
    assert_eq!((&planned["commit"], &planned["changes"][0]["updated"]), (&json!(null), &json!(2)));
    let done = shell.json(&["rollback", "--yes", "-m", "why"]);
    assert_eq!((done["commit"].is_string(), cities(&shell)), (true, "Oslo".into()));
    assert_eq!(shell.json(&["log", "-n", "1"])[0]["message"], "why");
    shell.end().await;
}

async fn each_way_back_is_there(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["tag", "start"]).expect(0);
    shell.run(&["sql", "UPDATE people SET city = 'Rome' WHERE id = 1"]).expect(0);
    shell.run(&["tag", "rome"]).expect(0);
    shell.run(&["sql", "UPDATE people SET city = 'Bern' WHERE id = 2"]).expect(0);
    let at = |arguments: &[&str], expected: &str| {
        let done = shell.run(&[arguments, &["--yes"]].concat()).expect(0);
        assert_eq!(cities(&shell), expected, "{arguments:?}: {}", done.out);
        done.out
    };
    at(&["revert", "rome"], "Oslo Bern");
    at(&["cherry-pick", "rome"], "Rome Bern");
    at(&["rollback", "start", "--table", "*"], "Oslo");
    at(&["checkout", "HEAD~1", "--table", "people"], "Rome Bern");
    at(&["merge", "start", "--table", "people"], "Oslo");
    let restored = at(&["restore", "rome", "--table", "people"], "Rome");
    assert!(restored.contains("is current again"), "{restored}");
    assert_eq!(at(&["checkout", "rome", "--table", "people"], "Rome"), "Nothing is to be changed.\n");
    let log = shell.json(&["log", "-n", "0"]);
    let operations: Vec<&str> =
        log.as_array().unwrap().iter().filter_map(|commit| commit["operation"].as_str()).collect();
    assert_eq!(operations[..5], ["MERGE", "CHECKOUT", "ROLLBACK", "CHERRY_PICK", "REVERT"]);
    shell.end().await;
}

async fn what_conflicts_is_told(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome' WHERE id = 1"]).expect(0);
    shell.run(&["sql", "UPDATE people SET city = 'Bern' WHERE id = 1"]).expect(0);
    let told = shell.run(&["revert", "HEAD~1", "--yes"]).expect(3);
    assert_written!(shell, told.out, @r#"people ! 1 (changed to something else since)  city: was "Rome", is "Bern", to be "Oslo""#);
    assert!(told.err.contains("nothing is changed"), "{}", told.err);
    let told = shell.run(&["revert", "HEAD~1", "--yes", "--json"]).expect(3);
    assert!(told.out.contains("\"conflicts\":[{"), "{}", told.out);
    assert_eq!(cities(&shell), "Bern");
    shell.end().await;
}

async fn a_stale_parent_is_refused(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome' WHERE id = 1"]).expect(0);
    shell.run(&["sql", "DELETE FROM orders", "--parent", "HEAD~1"]).refused(3, "HEAD is");
    shell.run(&["rollback", "--yes", "--parent", "HEAD~1"]).refused(3, "HEAD is");
    shell.run(&["sql", "DELETE FROM orders", "--parent", "HEAD"]).expect(0);
    shell.end().await;
}

async fn old_versions_are_pruned(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    for city in ["Rome", "Bern", "Kyiv"] {
        shell.run(&["sql", &format!("UPDATE people SET city = '{city}' WHERE id = 1")]).expect(0);
    }
    shell.run(&["prune"]).expect(2);
    assert_written!(shell, shell.run(&["prune", "--keep-versions", "2", "--dry-run"]).expect(0).out, @r"
    table   goes  about  stays  about  past from
    orders     0  <size>  2  <size>
    people     2  <size>  3  <size>  <time>
    ");
    shell.run(&["prune", "--keep-versions", "2"]).expect(1);
    assert_eq!(shell.json(&["history", "people", "1"]).as_array().unwrap().len(), 4);
    shell.run(&["prune", "--keep-versions", "2", "--yes"]).expect(0);
    assert_eq!(shell.json(&["history", "people", "1"]).as_array().unwrap().len(), 2);
    shell.run(&["at", "HEAD~3", "people"]).expect(1);
    let again = shell.json(&["prune", "--before", "HEAD", "--table", "people", "--dry-run"]);
    assert_eq!(again["dry_run"], true);
    shell.end().await;
}

async fn the_history_is_proven(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    assert_eq!(shell.run(&["verify"]).expect(0).out, "The history is sound: 1 commit, 4 versions\n");
    assert_eq!(shell.run(&["reconcile"]).expect(0).out, "Every row is what its history says.\n");
    shell.client("UPDATE people_history SET name = 'Eve' WHERE id = 1");
    let found = shell.run(&["verify"]).expect(1);
    assert!(found.out.contains("people"), "{}", found.out);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shell.run(&["verify", "--json"]).expect(1).out).unwrap()["ok"],
        false
    );
    shell.client("UPDATE people_history SET name = 'Ann' WHERE id = 1");
    shell.end().await;
}
