//! `--json` is what the REST interface answers: the fields of each answer are those of its document.

use dbvsg_tests::{Engine, scenarios};
use serde_json::Value as Json;

use crate::shell::Shell;

scenarios!(answers_have_the_fields_of_the_interface);

fn fields(json: &Json) -> Vec<&str> {
    let object = if json.is_array() { &json[0] } else { json };
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn answers_have_the_fields_of_the_interface(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome'"]).expect(0);
    shell.run(&["tag", "v1"]).expect(0);
    let change =
        ["id", "timestamp", "component", "record_id", "operation", "actor", "commit", "message", "before", "after"];
    assert_eq!(fields(&shell.json(&["audit"])), change);
    let table = ["table", "component", "tracked", "history_table", "rows", "versions", "reason"];
    assert_eq!(fields(&shell.json(&["tables"])), table);
    let version =
        ["version", "commit", "operation", "actor", "message", "at", "before", "after", "changed", "tags", "comments"];
    assert_eq!(fields(&shell.json(&["history", "people", "1"])), version);
    assert_eq!(fields(&shell.json(&["blame", "people", "1"])), ["column", "value", "commit", "actor", "message", "at"]);
    assert_eq!(fields(&shell.json(&["diff", "HEAD~1", "HEAD", "people"])), ["added", "removed", "changed"]);
    let diff = shell.json(&["diff", "HEAD~1", "HEAD"]);
    assert_eq!(
        (fields(&diff), diff["people"]["changed"].as_array().map(Vec::len)),
        (vec!["orders", "people"], Some(2))
    );
    assert_eq!(fields(&shell.json(&["diff", "HEAD~1", "HEAD", "people", "--stat"])), ["added", "removed", "changed"]);
    let applied = ["commit", "operation", "changes", "conflicts", "preview", "notes"];
    assert_eq!(fields(&shell.json(&["checkout", "HEAD~1", "--table", "people", "--dry-run"])), applied);
    assert_eq!(fields(&shell.json(&["verify"])), ["ok", "commits", "rows", "problems"]);
    assert_eq!(fields(&shell.json(&["tags"]))[..3], ["name", "ref", "comment"]);
    assert_eq!(fields(&shell.json(&["log"]))[..4], ["uuid", "seq", "branch", "parent"]);
    shell.end().await;
}
