use dbvsg_tests::{Engine, outside, scenarios};
use serde_json::json;

use crate::{assert_written, shell::Shell};

scenarios!(
    tables_are_listed,
    tables_are_enabled_in_one_commit,
    a_table_is_enabled_with_a_policy,
    a_table_is_disabled,
    a_history_follows_its_table,
);

async fn tables_are_listed(engine: Engine) {
    let shell = Shell::empty(engine).await;
    assert_eq!(
        shell.run(&["tables"]).expect(0).out,
        "table  tracked  rows  versions  history size\nThere are no tables in this database.\n"
    );
    shell.client("CREATE TABLE b (id INTEGER PRIMARY KEY, x INTEGER); INSERT INTO b VALUES (1, 1), (2, 2)");
    shell.client("CREATE TABLE a (x INTEGER)");
    shell.client("CREATE VIEW v AS SELECT * FROM b");
    shell.run(&["enable", "b"]).expect(0);
    shell.client("DELETE FROM b WHERE id = 1");
    assert_written!(shell, shell.run(&["tables"]).expect(0).out, @r"
    table  tracked    rows  versions  history size
    a      cannot be                                it has no primary key, so its rows have no identity; add one
    b      yes           1         3  <size>
    ");
    let tables = shell.json(&["tables"]);
    assert_eq!(tables.as_array().unwrap().len(), 2);
    assert_eq!((&tables[1]["table"], &tables[1]["rows"]), (&json!("b"), &json!(1)));
    shell.end().await;
}

async fn tables_are_enabled_in_one_commit(engine: Engine) {
    let shell = Shell::new(engine).await;
    shell.client("CREATE TABLE notes (note INTEGER)");
    shell.run(&["enable", "people", "nothing"]).refused(1, "no table `nothing`");
    shell.run(&["enable", "notes"]).refused(1, "no primary key");
    assert_written!(shell, shell.run(&["enable", "--all", "-m", "from today on"]).expect(0).out, @r"
    orders is tracked now, 2 rows
    people is tracked now, 2 rows
    notes is left out: it has no primary key, so its rows have no identity; add one
    Commit <id>
    ");
    assert_written!(shell, shell.run(&["enable", "people"]).expect(0).out, @"people was tracked already");
    let log = shell.json(&["log"]);
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!((&log[0]["operation"], &log[0]["message"]), (&json!("BASELINE"), &json!("from today on")));
    assert_eq!(log[0]["tables"].as_array().unwrap().len(), 2);
    let enabled = shell.json(&["enable", "people", "orders"]);
    assert_eq!((&enabled[0]["table"], &enabled[1]["tracked"]), (&json!("orders"), &json!(true)));
    shell.end().await;
}

async fn a_table_is_enabled_with_a_policy(engine: Engine) {
    let shell = Shell::new(engine).await;
    shell.run(&["enable", "people", "--skip", "nothing"]).refused(2, "no column `nothing`");
    shell.run(&["enable", "people", "--skip", "city", "--suffix", "_past"]).expect(0);
    assert_eq!(outside(&shell.scene, "SELECT count(*) FROM people_past"), "2");
    shell.client("UPDATE people SET city = 'Rome'");
    assert_eq!(shell.json(&["log"]).as_array().unwrap().len(), 1);
    shell.end().await;
}

async fn a_table_is_disabled(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["disable", "orders"]).expect(0);
    shell.client("DELETE FROM orders");
    assert_eq!(shell.json(&["log"]).as_array().unwrap().len(), 1);
    shell.run(&["disable", "orders"]).refused(1, "not tracked");
    shell.run(&["disable", "people", "--drop-history"]).expect(1);
    assert_eq!(outside(&shell.scene, "SELECT count(*) FROM people_history"), "2");
    assert_written!(shell, shell.run(&["disable", "people", "--drop-history", "--yes"]).expect(0).out, @r"
    people is not tracked any more; its history is gone
    Commit <id>
    ");
    assert_eq!(shell.json(&["tables"])[1]["tracked"], json!(false));
    shell.end().await;
}

async fn a_history_follows_its_table(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    assert_eq!(shell.run(&["refresh"]).expect(0).out, "Every history knows its table as it is.\n");
    shell.client("ALTER TABLE people ADD COLUMN age INTEGER");
    assert_eq!(shell.run(&["refresh"]).expect(0).out, "people: column `age` is new\n");
    shell.client("UPDATE people SET age = 40 WHERE id = 1");
    assert_written!(shell, shell.run(&["show"]).expect(0).out, @r"
    commit <commit> (current)
    Author:    <client>
    Date:      <time>
    Operation: EXTERNAL

        people  1 updated

    people
    ~ 1  age: NULL → 40
    ");
    shell.run(&["refresh", "people", "--renamed", "age"]).expect(2);
    shell.end().await;
}
