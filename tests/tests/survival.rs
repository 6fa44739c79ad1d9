//! Processes that are killed, and processes that all write at once.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

use dbvsg_tests::{Engine, Scene, outside, scenarios};

scenarios!(a_killed_writer_loses_nothing_it_reported, many_processes_write_at_once);

async fn bank(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)",
            &format!("CREATE TABLE transfer (id {}, who TEXT, n INTEGER)", engine.auto_key()),
        ],
    )
    .await;
    let rows: Vec<String> = (0..20).map(|id| format!("({id}, 1000)")).collect();
    scene.sql(&format!("INSERT INTO account VALUES {}", rows.join(", "))).await;
    scene.vsg.enable("account").await.unwrap();
    scene.vsg.enable("transfer").await.unwrap();
    scene
}

fn writer(scene: &Scene, name: &str, count: &str) -> Child {
    let program = env!("CARGO_BIN_EXE_writer");
    Command::new(program).args([&scene.url(), name, count]).stdout(Stdio::piped()).spawn().unwrap()
}

/// The commits that a process reported before it ended.
fn reported(mut child: Child) -> Vec<String> {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text.lines().filter(|line| line.len() == 36).map(str::to_owned).collect()
}

/// Kills a writer some milliseconds after it has reported that many commits. Returns all that it reported.
async fn killed(mut child: Child, after: usize, milliseconds: u64) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut commits = lines.filter(|line| line.len() == 36);
    let mut seen: Vec<String> = commits.by_ref().take(after).collect();
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    seen.extend(commits);
    assert!(seen.len() >= after, "a writer ended by itself after {} commits", seen.len());
    seen
}

async fn a_killed_writer_loses_nothing_it_reported(engine: Engine) {
    let scene = bank(engine).await;
    let mut total = 0;
    for round in 0..25_u64 {
        let commits = killed(writer(&scene, "victim", ""), 2 + round as usize % 4, round * 13 % 50).await;
        total += commits.len();
        scene.verify().await;
        for commit in commits.iter().rev().take(3) {
            scene.vsg.commit(commit.as_str()).await.unwrap();
        }
        assert_eq!(scene.rows("SELECT sum(amount) FROM account").await, ["20000"]);
    }
    let log = scene.rows("SELECT count(*) FROM dbvsg_commit").await;
    assert!(log[0].parse::<usize>().unwrap() > total);
    scene.end().await;
}

async fn many_processes_write_at_once(engine: Engine) {
    let scene = bank(engine).await;
    let children: Vec<Child> = (0..4).map(|n| writer(&scene, &format!("writer-{n}"), "120")).collect();
    let begin = engine.pick("BEGIN IMMEDIATE", "BEGIN", "BEGIN");
    for n in 0..10 {
        outside(
            &scene,
            &format!(
                "{begin}; UPDATE account SET amount = amount - {n} WHERE id = 1; UPDATE account SET amount = amount + {n} WHERE id = 2; INSERT INTO transfer (who, n) VALUES ('outside', {n}); COMMIT"
            ),
        );
        scene.vsg.seal().await.unwrap();
    }
    let commits: Vec<String> =
        tokio::task::spawn_blocking(|| children.into_iter().flat_map(reported).collect()).await.unwrap();
    assert_eq!(commits.len(), 4 * 96, "each fifth transaction is rolled back");
    let mut distinct = commits.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), commits.len());
    scene.verify().await;
    let outsiders = scene.rows("SELECT count(*) FROM dbvsg_commit WHERE operation = 'EXTERNAL'").await;
    assert_eq!(outsiders, ["10"]);
    assert_eq!(scene.rows("SELECT count(*) FROM dbvsg_commit").await, [(1 + 384 + 10).to_string()]);
    // Money moves, and never comes or goes: in no commit.
    for back in (0..395).step_by(13) {
        let sum = scene
            .rows_at(format!("HEAD~{back}"), "SELECT sum(amount), (SELECT count(*) FROM transfer) FROM account")
            .await;
        assert_eq!(sum, [format!("20000|{}", 394 - back)]);
    }
    scene.end().await;
}
