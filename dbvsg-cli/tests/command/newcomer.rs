//! The first minute of somebody who has a database and its own client, and has heard of this command.

use dbvsg_tests::{Engine, outside, scenarios};

use crate::{assert_written, shell::Shell};

scenarios!(the_first_minute);

async fn the_first_minute(engine: Engine) {
    let shell = Shell::new(engine).await;
    assert_written!(shell, shell.run(&["enable", "--all"]).expect(0).out, @r"
    orders is tracked now, 2 rows
    people is tracked now, 2 rows
    Commit <id>
    ");

    shell.client("UPDATE people SET city = 'Rome'");
    assert_written!(shell, shell.run(&["log", "--oneline"]).expect(0).out, @r"
    <id>     (current) <time> EXTERNAL people <client>
    <id>     (current) <time> BASELINE orders,people ann 2 tables enabled
    ");
    assert_written!(shell, shell.run(&["diff", "HEAD~1", "HEAD"]).expect(0).out, @r"
    people
    ~ 1  city: Oslo → Rome
    ~ 2  city: NULL → Rome
    ");
    assert_written!(shell, shell.run(&["rollback", "--yes", "-m", "not all of them"]).expect(0).out, @r"
    people  2 to update
        ~ 1  city: Rome → Oslo
        ~ 2  city: Rome → NULL
    ROLLBACK <id>
    ");
    assert_eq!(outside(&shell.scene, "SELECT city FROM people WHERE id = 1"), "Oslo");
    assert_written!(shell, shell.run(&["log", "-n", "1"]).expect(0).out, @r"
    commit <commit> (current)
    Author:    ann
    Date:      <time>
    Operation: ROLLBACK

        not all of them

        people  2 updated
    ");
    shell.end().await;
}
