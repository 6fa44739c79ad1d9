//! A whole schema of somebody else's.

use std::fmt::Write;

use dbvsg_tests::{Engine, outside, scenarios};

use crate::shell::Shell;

scenarios!(a_foreign_schema_is_put_under_control);

/// How many tables refer to those before them.
const TABLES: usize = 24;

/// Tables with foreign keys among them, words that are reserved, composite keys, one that refers to itself, one without key.
fn schema(engine: Engine) -> String {
    let quote = |name: &str| engine.quote(name);
    let mut sql = String::new();
    for table in 0..TABLES {
        let name = quote(&format!("table {table}"));
        let key =
            if table % 3 == 2 { format!("PRIMARY KEY (id, {})", quote("order")) } else { "PRIMARY KEY (id)".into() };
        let unique = if table % 3 == 2 { "" } else { "UNIQUE" };
        _ = write!(
            sql,
            "CREATE TABLE {name} (id INTEGER NOT NULL {unique}, {} INTEGER NOT NULL, {} VARCHAR(30), parent INTEGER",
            quote("order"),
            quote("select")
        );
        let parents: Vec<usize> = (0..table).rev().filter(|parent| parent % 3 != 2).take(2).collect();
        for number in 0..parents.len() {
            _ = write!(sql, ", up{number} INTEGER");
        }
        for (number, parent) in parents.iter().enumerate() {
            let to = quote(&format!("table {parent}"));
            _ = write!(sql, ", FOREIGN KEY (up{number}) REFERENCES {to} (id)");
        }
        if table % 3 == 0 {
            _ = write!(sql, ", FOREIGN KEY (parent) REFERENCES {name} (id)");
        }
        _ = write!(sql, ", {key});");
        for row in 1..=5 {
            let ups = ", 1".repeat(parents.len());
            let parent = if table % 3 == 0 && row > 1 { "1" } else { "NULL" };
            _ = write!(sql, "INSERT INTO {name} VALUES ({row}, {row}, 'row {row}', {parent}{ups});");
        }
    }
    sql + "CREATE TABLE log (line VARCHAR(100)); CREATE VIEW latest AS SELECT * FROM log"
}

async fn a_foreign_schema_is_put_under_control(engine: Engine) {
    let shell = Shell::empty(engine).await;
    shell.client(&schema(engine));
    let enabled = shell.run(&["enable", "--all"]).expect(0).out;
    assert_eq!(enabled.matches("is tracked now, 5 rows").count(), TABLES, "{enabled}");
    assert!(enabled.contains("log is left out"), "{enabled}");

    let (word, last) = (engine.quote("select"), engine.quote("table 23"));
    let mut sql = String::new();
    for table in 0..TABLES {
        let name = engine.quote(&format!("table {table}"));
        _ = write!(
            sql,
            "UPDATE {name} SET {word} = 'changed' WHERE id <= 2; INSERT INTO {name} (id, {}) VALUES (9, 9);",
            engine.quote("order")
        );
    }
    _ = write!(sql, "DELETE FROM {last} WHERE id = 5");
    shell.run(&["sql", &sql, "-m", "a migration gone wrong"]).expect(0);
    let stat = shell.run(&["diff", "HEAD~1", "HEAD", "--stat"]).expect(0).out;
    assert_eq!((stat.lines().count(), stat.matches("+1 -0 ~2").count()), (TABLES, TABLES - 1), "{stat}");

    let before =
        outside(&shell.scene, &format!("SELECT count(*), count(parent), min({word}), max({word}) FROM {last}"));
    shell.run(&["rollback", "--yes"]).expect(0);
    let after = outside(&shell.scene, &format!("SELECT count(*), count(parent), min({word}), max({word}) FROM {last}"));
    assert_eq!((before.as_str(), after.as_str()), ("5|0|changed|row 4", "5|0|row 1|row 5"));
    assert_eq!(shell.run(&["diff", "HEAD~2", "HEAD"]).expect(0).out, "");
    shell.end().await;
}
