use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    the_log_lists_commits,
    a_commit_is_found_by_any_reference,
    a_commit_shows_its_changes_and_its_state,
    two_commits_are_compared,
    the_history_is_proven,
);

async fn three(engine: Engine) -> (Server, Vec<String>) {
    let server = Server::start(engine).await;
    let mut commits = Vec::new();
    let rows = json!([{"name": "a", "email": "a"}, {"name": "b", "email": "b"}]);
    commits.push(server.post("/users/batch", rows).await.expect(201).commit());
    commits.push(server.write("PUT", "/prices/tea,DE", json!({"amount": 1})).await.expect(201).commit());
    let call = server.call("PATCH", "/users/1").header("X-User", "ben");
    commits.push(call.json(&json!({"age": 5})).send().await.expect(200).commit());
    (server, commits)
}

async fn the_log_lists_commits(engine: Engine) {
    let (server, commits) = three(engine).await;
    let log = server.get("/vsg/logs").await.expect(200);
    assert_eq!(log.total(), 3);
    let log = log.json();
    assert_eq!(Json::from(each(&log, "uuid")), json!([commits[2], commits[1], commits[0]]));
    assert_eq!(log[0]["parent"], commits[1].as_str());
    assert_eq!(log[0]["tables"][0]["parent"], commits[0].as_str());
    let fields = [
        "uuid",
        "seq",
        "branch",
        "parent",
        "merged",
        "operation",
        "query",
        "message",
        "user_id",
        "meta",
        "hash",
        "created_at",
        "is_current",
        "rollbacked",
        "rollbacked_at",
        "tags",
        "tables",
    ];
    assert_eq!(log[0].as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    let since = log[1]["created_at"].as_str().unwrap();
    for (query, expected) in [
        ("table=users", 2),
        ("actor=ben", 1),
        ("operation=INSERT", 2),
        ("branch=main&all=true", 3),
        (&format!("since={since}"), 2),
        (&format!("until={since}"), 1),
        ("limit=1&offset=1", 3),
    ] {
        assert_eq!(server.get(&format!("/vsg/logs?{query}")).await.expect(200).total(), expected, "{query}");
    }
    server.get("/vsg/logs?table=nothing").await.problem(404, "unknown-table");
    server.get("/vsg/logs?branch=nothing").await.problem(404, "unknown-reference");
    for query in ["limit=0", "since=x", "all=maybe", "x=1"] {
        server.get(&format!("/vsg/logs?{query}")).await.problem(400, "query");
    }
    server.end().await;
}

async fn a_commit_is_found_by_any_reference(engine: Engine) {
    let (server, commits) = three(engine).await;
    for (path, commit) in [
        (commits[0].clone(), 0),
        (commits[1][..8].to_owned(), 1),
        ("HEAD".into(), 2),
        ("HEAD~1".into(), 1),
        ("HEAD~1?table=users".into(), 0),
        ("main".into(), 2),
        ("2999-01-01T00:00:00+02:00".into(), 2),
    ] {
        assert_eq!(server.json(&format!("/vsg/commits/{path}")).await["uuid"], commits[commit], "{path}");
    }
    let then = server.json(&format!("/vsg/commits/{}", commits[1])).await["created_at"].as_str().unwrap().to_owned();
    assert_eq!(server.json(&format!("/vsg/commits/{then}")).await["uuid"], commits[1]);
    let first = |table: &str| format!("/vsg/commits/{}{table}", commits[0]);
    assert_eq!(server.json(&first("")).await["is_current"], false);
    assert_eq!(server.json(&format!("/vsg/commits/{}?table=prices", commits[1])).await["is_current"], true);
    for (reference, status) in
        [("HEAD~7", 404), ("nothing", 404), ("abcdef1", 404), ("HEAD~", 400), ("2024-01-01", 400)]
    {
        server.get(&format!("/vsg/commits/{reference}")).await.expect(status);
    }
    server.end().await;
}

async fn a_commit_shows_its_changes_and_its_state(engine: Engine) {
    let (server, commits) = three(engine).await;
    let changes = server.get(&format!("/vsg/commits/{}/changes?limit=1", commits[0])).await.expect(200);
    assert_eq!((changes.total(), &changes.json()[0]["record_id"]), (2, &json!("2")));
    assert_eq!(server.json("/vsg/commits/HEAD/changes?table=prices").await[0]["operation"], "create");
    let state = server.json(&format!("/vsg/commits/{}/state?table=users", commits[0])).await;
    assert_eq!(Json::from(each(&state, "name")), json!(["a", "b"]));
    assert_eq!(state[0]["age"], Json::Null);
    assert_eq!(server.json("/vsg/commits/HEAD/state?table=users").await[0]["age"], 5);
    server.get("/vsg/commits/HEAD/state").await.problem(400, "query");
    server.get("/vsg/commits/HEAD/state?table=nothing").await.problem(404, "unknown-table");
    server.get("/vsg/commits/HEAD~9/state?table=users").await.problem(404, "unknown-reference");
    server.end().await;
}

async fn two_commits_are_compared(engine: Engine) {
    let (server, commits) = three(engine).await;
    server.post("/users", json!({"name": "c", "email": "c"})).await.expect(201);
    let txn = server.scene.vsg.begin("x").await.unwrap();
    dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, "DELETE FROM users WHERE id = 2").await.unwrap();
    txn.commit().await.unwrap();
    let path = format!("/vsg/diff?table=users&from={}&to=HEAD", commits[0]);
    let diff = server.json(&path).await;
    assert_eq!(Json::from(each(&diff["added"], "name")), json!(["c"]));
    assert_eq!(Json::from(each(&diff["removed"], "name")), json!(["b"]));
    let changed = &diff["changed"][0];
    assert_eq!((&changed["id"], &changed["fields"]), (&json!(1), &json!({"age": {"from": null, "to": 5}})));
    assert_eq!((&changed["from"]["name"], &changed["to"]["age"]), (&json!("a"), &json!(5)));
    assert_eq!(server.json(&format!("{path}&stat=true")).await, json!({"added": 1, "removed": 1, "changed": 1}));
    let back = server.json(&format!("/vsg/diff?table=users&from=HEAD&to={}", commits[0])).await;
    assert_eq!(Json::from(each(&back["added"], "name")), json!(["b"]));
    let none = server.json("/vsg/diff?table=users&from=HEAD&to=HEAD").await;
    assert_eq!(none, json!({"added": [], "removed": [], "changed": []}));
    for (query, status) in [
        ("from=HEAD&to=HEAD", 400),
        ("table=users&to=HEAD", 400),
        ("table=users&from=HEAD~&to=HEAD", 400),
        ("table=users&from=HEAD&to=HEAD&stat=x", 400),
        ("table=nothing&from=HEAD&to=HEAD", 404),
        ("table=users&from=HEAD~9&to=HEAD", 404),
    ] {
        server.get(&format!("/vsg/diff?{query}")).await.expect(status);
    }
    server.end().await;
}

async fn the_history_is_proven(engine: Engine) {
    let (server, _) = three(engine).await;
    assert_eq!(server.json("/vsg/verify").await, json!({"ok": true, "commits": 3, "rows": 4, "problems": []}));
    server.get("/vsg/verify?x=1").await.problem(400, "query");
    server.end().await;
}
