use dbvsg_tests::{Engine, scenarios};

use crate::shell::{Shell, run};

scenarios!(mistakes_are_told_apart);

#[test]
fn a_database_must_be_named_and_be_there() {
    run(&["tables"], None, "").refused(2, "DATABASE_URL");
    run(&["tables"], Some("oracle://x"), "").refused(1, "`sqlite:`");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    for url in [format!("sqlite://{}", file.display()), format!("sqlite://{}?mode=rwc", file.display())] {
        run(&["tables"], Some(&url), "").refused(1, "no database file");
    }
    assert!(!file.exists());
    std::fs::write(&file, "this is no database, however long it may be".repeat(100)).unwrap();
    run(&["tables"], Some(&format!("sqlite://{}", file.display())), "").expect(1);
    run(&["tables"], Some("postgres://nobody@127.0.0.1:1/none"), "").refused(1, "server runs");
    run(&["--version"], None, "").expect(0);
    run(&["log", "--help"], None, "").expect(0);
    run(&["completions", "bash"], None, "").expect(0);
    for wrong in [
        &["nonsense"][..],
        &["log", "--nonsense"],
        &["at", "HEAD"],
        &["at", "HEAD~", "people"],
        &["completions", "dos"],
    ] {
        run(wrong, Some("sqlite::memory:"), "").expect(2);
    }
}

async fn mistakes_are_told_apart(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["show", "nothing"]).refused(1, "names no commit");
    shell.run(&["at", "HEAD", "nothing"]).refused(1, "no table `nothing`");
    shell.run(&["at", "2000-01-01T00:00:00Z", "people"]).refused(1, "before the first commit");
    shell.run(&["rollback", "HEAD", "--yes"]).refused(2, "table");
    shell.run(&["tables", "--json", "--url", "sqlite:///no/such/file.db"]).refused(1, "no database file");
    shell.run(&["--actor", "", "sql", "DELETE FROM orders"]).refused(2, "actor");
    shell.end().await;
}
