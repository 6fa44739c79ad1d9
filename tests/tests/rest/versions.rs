use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(a_history_lists_versions_newest_first, a_row_is_compared_at_references_and_versions);

async fn life(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "Ann", "email": "ann@x", "age": 30})).await.expect(201);
    let call = server.call("PATCH", "/users/1").header("X-User", "ben").header("X-Reason", "birthday");
    call.json(&json!({"age": 31, "name": "Anna"})).send().await.expect(200);
    server.order("DELETE", "/users/1").await.expect(200);
    server.order("POST", "/users/1/restore").await.expect(200);
    server
}

async fn a_history_lists_versions_newest_first(engine: Engine) {
    let server = life(engine).await;
    let history = server.get("/users/1/history").await.expect(200);
    assert_eq!(history.total(), 4);
    let history = history.json();
    assert_eq!(Json::from(each(&history, "operation")), json!(["restore", "soft_delete", "update", "create"]));
    assert_eq!(Json::from(each(&history, "version")), json!([4, 3, 2, 1]));
    let update = &history[2];
    assert_eq!((&update["actor"], &update["message"]), (&json!("ben"), &json!("birthday")));
    assert_eq!(update["changed"], json!(["name", "age"]));
    assert_eq!((&update["before"]["age"], &update["after"]["age"]), (&json!(30), &json!(31)));
    assert_eq!((&update["tags"], &update["comments"]), (&json!([]), &json!([])));
    assert_eq!(history[3]["before"], Json::Null);
    assert!(update["at"].as_str().unwrap().ends_with('Z'));
    let page = server.json("/users/1/history?limit=1&offset=2").await;
    assert_eq!(page, json!([update]));
    server.get("/users/99/history").await.problem(404, "unknown-row");
    server.get("/users/x/history").await.problem(400, "key");
    server.get("/users/1/history?limit=0").await.problem(400, "query");
    server.end().await;
}

async fn a_row_is_compared_at_references_and_versions(engine: Engine) {
    let server = life(engine).await;
    let diff = server.json("/users/1/diff?from=v1&to=v2").await;
    assert_eq!(diff["fields"], json!({"name": {"from": "Ann", "to": "Anna"}, "age": {"from": 30, "to": 31}}));
    assert_eq!((&diff["from"], &diff["to"]), (&json!("v1"), &json!("v2")));
    assert_eq!(diff["summary"], "Changed 2 fields: name from \"Ann\" to \"Anna\", age from 30 to 31.");
    assert_eq!(server.json("/users/1/diff?from=HEAD~3&to=HEAD").await["fields"], diff["fields"]);
    assert_eq!(server.json("/users/1/diff?from=v2&to=HEAD").await["fields"], json!({}));
    for (query, status) in [
        ("from=v1&to=v9", 404),
        ("from=v0&to=v1", 404),
        ("from=HEAD~9&to=v1", 404),
        ("from=v1&to=nothing", 404),
        ("from=v1", 400),
        ("from=HEAD~&to=v1", 400),
        ("from=v1&to=v2&x=1", 400),
    ] {
        server.get(&format!("/users/1/diff?{query}")).await.expect(status);
    }
    server.get("/users/99/diff?from=HEAD&to=HEAD~1").await.problem(404, "unknown-row");
    server.end().await;
}
