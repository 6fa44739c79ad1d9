//! Ctrl-C in the middle of something leaves the database as it was.

use std::{process::Command, time::Duration};

use dbvsg_tests::{Engine, outside, scenarios};

use crate::shell::{Shell, begin};

scenarios!(enabling_is_all_or_nothing, a_rollback_is_all_or_nothing);

/// How many rows keep each engine busy for a while.
const ROWS: u32 = 60_000;

/// A table of that many rows.
async fn big(engine: Engine) -> Shell {
    let shell = Shell::empty(engine).await;
    shell.client("CREATE TABLE big (id INTEGER PRIMARY KEY, word VARCHAR(40))");
    let numbers = format!("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})");
    let insert = match engine {
        Engine::MariaDb => {
            format!("SET max_recursive_iterations = {ROWS}; INSERT INTO big {numbers} SELECT i, 'as it was' FROM n")
        }
        _ => format!("{numbers} INSERT INTO big SELECT i, 'as it was' FROM n"),
    };
    shell.client(&insert);
    shell
}

/// Runs the program and stops it after a while. Whether it was stopped in the middle.
fn stopped(shell: &Shell, arguments: &[&str], after: Duration) -> bool {
    let child = begin(arguments, Some(&shell.scene.url()));
    std::thread::sleep(after);
    _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    match child.wait_with_output().unwrap().status.code() {
        Some(130) => true,
        Some(0) => false,
        code => panic!("it ended with {code:?}"),
    }
}

async fn enabling_is_all_or_nothing(engine: Engine) {
    let shell = big(engine).await;
    for millis in [20, 60, 120, 200, 300] {
        let was_stopped = stopped(&shell, &["enable", "big"], Duration::from_millis(millis));
        // It can have been done just before it was stopped.
        let is_tracked = shell.json(&["tables"])[0]["tracked"] == true;
        assert!(was_stopped || is_tracked, "after {millis} ms");
        shell.client("UPDATE big SET word = 'still written' WHERE id = 1");
        if is_tracked {
            shell.run(&["disable", "big", "--drop-history", "--yes"]).expect(0);
        }
    }
    shell.run(&["enable", "big"]).expect(0);
    shell.client("UPDATE big SET word = 'captured' WHERE id = 2");
    assert_eq!(shell.json(&["history", "big", "2"]).as_array().unwrap().len(), 2);
    shell.end().await;
}

async fn a_rollback_is_all_or_nothing(engine: Engine) {
    let shell = big(engine).await;
    shell.run(&["enable", "big"]).expect(0);
    shell.run(&["tag", "good"]).expect(0);
    shell.run(&["sql", "UPDATE big SET word = 'spoiled'"]).expect(0);
    let spoiled = || outside(&shell.scene, "SELECT count(*) FROM big WHERE word = 'spoiled'");
    for millis in [100, 300, 600, 900] {
        let was_stopped =
            stopped(&shell, &["rollback", "good", "--table", "big", "--yes"], Duration::from_millis(millis));
        let left = spoiled();
        assert!(left == "0" || was_stopped && left == ROWS.to_string(), "{left} after {millis} ms");
        // Whoever is kept off the table is kept off a write that changes nothing as well.
        shell.client("UPDATE big SET word = word WHERE id = 1");
        shell.run(&["verify"]).expect(0);
    }
    shell.end().await;
}
