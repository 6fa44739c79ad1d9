use dbvsg_tests::{Engine, scenarios};
use serde_json::json;

use crate::{assert_written, shell::Shell};

scenarios!(
    sql_is_one_commit,
    the_past_is_read,
    a_row_is_followed_through_time,
    commits_have_names,
    the_log_is_filtered,
    the_audit_tells_who_did_what,
    values_do_not_steer_the_terminal,
    many_rows_stream,
);

async fn sql_is_one_commit(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let sql = "UPDATE people SET city = 'Rome'; DELETE FROM orders WHERE number = 2";
    let done = shell.run(&["sql", sql, "-m", "clean up"]).expect(0);
    assert!(done.out.contains(" affected, commit "), "{}", done.out);
    assert_written!(shell, shell.run(&["show", "HEAD"]).expect(0).out, @r"
    commit <commit> (current)
    Author:    ann
    Date:      <time>
    Operation: TRANSACTION

        clean up

        orders  1 deleted
        people  2 updated

    orders
    - 1,2  amount=3

    people
    ~ 2  city: NULL → Rome
    ~ 1  city: Oslo → Rome
    ");
    assert_written!(shell, shell.run(&["sql", "SELECT id, name, city AS town FROM people ORDER BY id"]).expect(0).out, @r"
    id  name  town
    1   Ann   Rome
    2   Ben   Rome
    (2 rows)
    ");
    assert_written!(shell, shell.run(&["sql", "SELECT name FROM people WHERE id = 9"]).expect(0).out, @"(0 rows)");
    shell.run_with(&["sql", "-"], "INSERT INTO people (id, name) VALUES (3, 'Cy')").expect(0);
    let rows = shell.json(&["sql", "SELECT id, city, name AS id FROM people WHERE id > 1 ORDER BY name"]);
    assert_eq!(rows, json!([{"id": 2, "city": "Rome", "id_2": "Ben"}, {"id": 3, "city": null, "id_2": "Cy"}]));
    let done = shell.json(&["sql", "DELETE FROM people WHERE id = 3"]);
    assert_eq!((&done["rows_affected"], done["commit"].is_string()), (&json!(1), true));
    shell.run(&["sql", "UPDATE nothing SET x = 1"]).expect(1);
    let told = shell.run(&["sql", engine.pick("EXPLAIN SELECT 1;", "SHOW search_path;", "SHOW TABLES;")]).expect(0).out;
    assert!(told.ends_with("row)\n") || told.ends_with("rows)\n"), "{told}");
    shell.run(&["sql", "COMMIT"]).refused(2, "would end the transaction");
    shell.end().await;
}

async fn the_past_is_read(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET name = 'Anna' WHERE id = 1"]).expect(0);
    let past = shell.json(&["sql", "SELECT name FROM people WHERE id = 1", "--as-of", "HEAD~1"]);
    assert_eq!(past, json!([{"name": "Ann"}]));
    shell.run(&["sql", "DELETE FROM people", "--as-of", "HEAD~1"]).refused(2, "the past is read-only");
    assert_written!(shell, shell.run(&["at", "HEAD~1", "people"]).expect(0).out, @r"
    id  name  city
     1  Ann   Oslo
     2  Ben   NULL
    ");
    let csv = shell.run(&["at", "HEAD", "people", "--format", "csv"]).expect(0).out;
    assert_eq!(csv, "id,name,city\n1,Anna,Oslo\n2,Ben,\n");
    let json = shell.json(&["at", "HEAD", "orders"]);
    assert_eq!(json[0], json!({"person": 1, "number": 1, "amount": 9}));
    shell.end().await;
}

async fn a_row_is_followed_through_time(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE orders SET amount = 4 WHERE number = 2", "-m", "a discount less"]).expect(0);
    assert_written!(shell, shell.run(&["history", "orders", "1,2"]).expect(0).out, @r"
    v2  <id>      <time>  update  ann  a discount less
        ~ 1,2  amount: 3 → 4
    v1  <id>      <time>  baseline  ann  2 tables enabled
        + 1,2  amount=3
    ");
    assert_written!(shell, shell.run(&["blame", "people", "2"]).expect(0).out, @r"
    column  value  commit    when                 who  why
    id      2      <id>      <time>  ann  2 tables enabled
    name    Ben    <id>      <time>  ann  2 tables enabled
    city    NULL   <id>      <time>  ann  2 tables enabled
    ");
    assert_eq!(shell.json(&["history", "people", "1"])[0]["version"], 1);
    assert_eq!(shell.json(&["blame", "people", "1"])[1]["value"], "Ann");
    shell.run(&["history", "people", "9"]).refused(1, "no row `9`");
    shell.run(&["history", "orders", "1"]).refused(2, "2 value(s)");
    shell.end().await;
}

async fn commits_have_names(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["tag", "v1", "-m", "as delivered"]).expect(0);
    shell.run(&["tag", "v1"]).refused(3, "there already");
    shell.run(&["comment", "v1", "checked"]).expect(0);
    shell.run(&["sql", "DELETE FROM orders"]).expect(0);
    shell.run(&["tag", "old", "HEAD~1"]).expect(0);
    assert_written!(shell, shell.run(&["tags"]).expect(0).out, @r"
    tag  commit    when              who
    old  <id>      <time>  ann
    v1   <id>      <time>  ann  as delivered
    ");
    shell.run(&["untag", "old"]).expect(0);
    shell.run(&["untag", "old"]).refused(1, "no tag `old`");
    assert_eq!(shell.json(&["tags", "--all"]).as_array().unwrap().len(), 2);
    assert_written!(shell, shell.run(&["show", "v1"]).expect(0).out, @r"
    commit <commit> (current, tag: v1)
    Author:    ann
    Date:      <time>
    Operation: BASELINE

        2 tables enabled

        orders  2 inserted
        people  2 inserted
        ann: checked

    orders
    + 1,2  amount=3
    + 1,1  amount=9

    people
    + 2  name=Ben
    + 1  name=Ann  city=Oslo
    ");
    assert_eq!(shell.json(&["show", "v1"])["changes"].as_array().unwrap().len(), 4);
    shell.end().await;
}

async fn the_log_is_filtered(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    for number in 3..30 {
        shell.scene.commit(&format!("INSERT INTO orders VALUES (2, {number}, 1)")).await;
    }
    shell.run(&["sql", "UPDATE people SET city = 'Rome'", "--actor", "bob"]).expect(0);
    let lines =
        |arguments: &[&str]| shell.run(&[&["log", "--oneline"], arguments].concat()).expect(0).out.lines().count();
    assert_eq!((lines(&[]), lines(&["-n", "0"]), lines(&["-n", "3"])), (20, 29, 3));
    assert_eq!((lines(&["people"]), lines(&["--actor", "bob"]), lines(&["--operation", "update"])), (2, 1, 1));
    assert_eq!((lines(&["--since", "2100-01-01T00:00:00Z"]), lines(&["--until", "2100-01-01T00:00:00Z"])), (0, 20));
    assert!(shell.run(&["log"]).expect(0).err.contains("20 of 29"));
    assert_eq!(shell.json(&["log", "-n", "0"]).as_array().unwrap().len(), 29);
    assert_eq!(shell.json(&["log", "--actor", "nobody"]), json!([]));
    shell.run(&["log", "nothing"]).refused(1, "no table `nothing`");
    shell.run(&["log", "--since", "yesterday"]).expect(2);
    assert_written!(shell, shell.run(&["log", "-n", "2", "--graph"]).expect(0).out, @r"
    * commit <commit> (current)
    | Author:    bob
    | Date:      <time>
    | Operation: UPDATE
    |
    |     people  2 updated
    |
    * commit <commit> (current)
    | Author:    ann
    | Date:      <time>
    | Operation: INSERT
    |
    |     orders  1 inserted
    |
    ");
    shell.end().await;
}

async fn the_audit_tells_who_did_what(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome' WHERE id = 1", "--actor", "bob", "-m", "moved"]).expect(0);
    shell.run(&["sql", "DELETE FROM people WHERE id = 2"]).expect(0);
    assert_written!(shell, shell.run(&["audit"]).expect(0).out, @r"
    when                 who  what    table   row  commit    why
    <time>  ann  delete  people  2    <id>
    <time>  bob  update  people  1    <id>      moved
    ");
    let audit = |arguments: &[&str]| shell.json(&[&["audit"], arguments].concat()).as_array().unwrap().len();
    assert_eq!((audit(&[]), audit(&["--actor", "bob"]), audit(&["--operation", "delete"])), (2, 1, 1));
    assert_eq!((audit(&["--component", "people", "--record", "1"]), audit(&["--component", "orders"])), (1, 0));
    shell.run(&["audit", "--operation", "baseline"]).expect(2);
    shell.end().await;
}

async fn values_do_not_steer_the_terminal(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let hostile = "\u{1b}[2Jtwo\nlines";
    shell.run(&["sql", &format!("UPDATE people SET name = '{hostile}' WHERE id = 1"), "-m", hostile]).expect(0);
    for arguments in [
        &["log"][..],
        &["log", "--oneline"],
        &["show"],
        &["at", "HEAD", "people"],
        &["history", "people", "1"],
        &["blame", "people", "1"],
        &["audit"],
        &["diff", "HEAD~1", "HEAD"],
        &["sql", "SELECT * FROM people"],
    ] {
        let shown = shell.run(arguments).expect(0).out;
        assert!(!shown.contains('\u{1b}') && shown.contains("[2Jtwo"), "{arguments:?}: {shown}");
    }
    shell.end().await;
}

async fn many_rows_stream(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let rows: Vec<String> = (10..3010).map(|id| format!("({id}, 'Somebody', NULL)")).collect();
    shell.scene.commit(&format!("INSERT INTO people VALUES {}", rows.join(", "))).await;
    assert_eq!(shell.run(&["at", "HEAD", "people"]).expect(0).out.lines().count(), 3003);
    assert_eq!(shell.json(&["at", "HEAD", "people"]).as_array().unwrap().len(), 3002);
    assert_eq!(shell.run(&["diff", "HEAD~1", "HEAD"]).expect(0).out.lines().count(), 3001);
    let shown = shell.run(&["show", "HEAD"]).expect(0).out;
    assert!(shown.contains("and 2,900 more"), "{shown}");
    assert_eq!(shell.run(&["sql", "SELECT * FROM people"]).expect(0).out.lines().count(), 3004);
    shell.end().await;
}
