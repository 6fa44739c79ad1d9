use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    a_rollback_undoes_and_tells,
    every_operation_has_its_path,
    a_restore_adds_nothing_to_the_log,
    conflicts_are_answered_with_their_rows,
    a_stale_parent_is_refused,
    what_is_wrong_with_a_call_is_said,
    a_table_is_reverted_only_when_told_so,
);

/// A user who is added and changed twice, and an order-less shop.
async fn history(engine: Engine) -> (Server, Vec<String>) {
    let server = Server::start(engine).await;
    let commits = vec![
        server
            .post("/users/batch", json!([{"name": "a", "email": "a"}, {"name": "b", "email": "b"}]))
            .await
            .expect(201)
            .commit(),
        server.write("PATCH", "/users/1", json!({"name": "A"})).await.expect(200).commit(),
        server.write("PATCH", "/users/2", json!({"age": 7})).await.expect(200).commit(),
    ];
    (server, commits)
}

async fn names(server: &Server) -> Json {
    Json::from(each(&server.json("/users").await, "name"))
}

async fn a_rollback_undoes_and_tells(engine: Engine) {
    let (server, commits) = history(engine).await;
    let path = format!("/vsg/rollback/{}", commits[0]);
    let told = server.order("POST", &format!("{path}?dry_run=true")).await.expect(200);
    assert_eq!(told.header("x-commit"), None);
    let told = told.json();
    assert_eq!(told["commit"], Json::Null);
    assert_eq!(told["operation"], "ROLLBACK");
    assert_eq!(told["changes"], json!([{"table": "users", "inserted": 0, "updated": 2, "deleted": 0}]));
    assert_eq!(told["preview"]["users"]["changed"][0]["fields"]["name"], json!({"from": "A", "to": "a"}));
    assert_eq!(names(&server).await, json!(["A", "b"]));
    let done = server.call("POST", &path).header("X-User", "ann").header("X-Reason", "oops").send().await.expect(200);
    let commit = server.json(&format!("/vsg/commits/{}", done.commit())).await;
    assert_eq!(
        (&commit["operation"], &commit["message"], &commit["user_id"]),
        (&json!("ROLLBACK"), &json!("oops"), &json!("ann"))
    );
    let done = done.json();
    assert_eq!(done["commit"], commit["uuid"]);
    for field in ["changes", "conflicts", "preview", "operation", "notes"] {
        assert_eq!(done[field], told[field]);
    }
    assert_eq!(names(&server).await, json!(["a", "b"]));
    let log = server.json("/vsg/logs?table=users").await;
    assert_eq!(Json::from(each(&log, "rollbacked")), json!([false, true, true, false]));
    assert!(log[1]["rollbacked_at"].is_string());
    server.end().await;
}

async fn every_operation_has_its_path(engine: Engine) {
    let (server, commits) = history(engine).await;
    server.order("POST", "/vsg/rollback?table=users").await.expect(200).commit();
    assert_eq!(server.json("/users/2").await["age"], Json::Null);
    server.order("POST", &format!("/vsg/cherry-pick/{}?table=users", commits[2])).await.expect(200).commit();
    assert_eq!(server.json("/users/2").await["age"], 7);
    server.order("POST", &format!("/vsg/revert/{}/", &commits[1][..8])).await.expect(200).commit();
    assert_eq!(names(&server).await, json!(["a", "b"]));
    server.order("POST", "/vsg/checkout/HEAD~1?table=users").await.expect(200).commit();
    assert_eq!(names(&server).await, json!(["A", "b"]));
    server.post("/users", json!({"name": "c", "email": "c"})).await.expect(201);
    server.order("POST", &format!("/vsg/merge/{}?table=*", commits[0])).await.expect(200).commit();
    assert_eq!(names(&server).await, json!(["a", "b", "c"]));
    let operations = each(&server.json("/vsg/logs").await, "operation");
    assert_eq!(
        Json::from(&operations[..6]),
        json!(["MERGE", "INSERT", "CHECKOUT", "REVERT", "CHERRY_PICK", "ROLLBACK"])
    );
    let nothing = server.order("POST", "/vsg/checkout/HEAD?table=users").await.expect(200);
    assert_eq!((nothing.header("x-commit"), &nothing.json()["commit"]), (None, &Json::Null));
    server.end().await;
}

async fn a_restore_adds_nothing_to_the_log(engine: Engine) {
    let (server, commits) = history(engine).await;
    let done = server.order("POST", &format!("/vsg/restore/{}", commits[0])).await.expect(200);
    assert_eq!(done.header("x-commit"), None);
    assert_eq!(done.json()["commit"], commits[0].as_str());
    assert_eq!(names(&server).await, json!(["a", "b"]));
    let log = server.json("/vsg/logs").await;
    assert_eq!(Json::from(each(&log, "is_current")), json!([false, false, true]));
    assert_eq!(server.get("/vsg/logs?all=true").await.expect(200).total(), 4);
    let next = server.write("PATCH", "/users/2", json!({"name": "B"})).await.expect(200).commit();
    assert_eq!(server.json(&format!("/vsg/commits/{next}")).await["parent"], commits[0].as_str());
    assert_eq!(server.json("/vsg/commits/HEAD~1?table=users").await["uuid"], commits[0].as_str());
    let again = server.order("POST", &format!("/vsg/restore/{next}?table=users")).await.expect(200).json();
    assert_eq!((&again["commit"], &again["changes"]), (&json!(next), &json!([])));
    server.end().await;
}

async fn conflicts_are_answered_with_their_rows(engine: Engine) {
    let (server, commits) = history(engine).await;
    server.write("PATCH", "/users/1", json!({"name": "other"})).await.expect(200);
    let path = format!("/vsg/revert/{}", commits[1]);
    let told = server.order("POST", &format!("{path}?dry_run=true")).await.expect(200).json();
    let problem = server.order("POST", &path).await.problem(409, "conflicts");
    assert_eq!(problem["conflicts"], told["conflicts"]);
    let conflict = &problem["conflicts"][0];
    assert_eq!(
        (&conflict["table"], &conflict["pk"], &conflict["kind"]),
        (&json!("users"), &json!({"id": 1}), &json!("modify_modify"))
    );
    assert_eq!(conflict["cells"], json!([{"column": "name", "base": "A", "ours": "other", "theirs": "a"}]));
    assert_eq!(
        (&conflict["base_row"]["name"], &conflict["our_row"]["name"], &conflict["their_row"]["name"]),
        (&json!("A"), &json!("other"), &json!("a"))
    );
    assert_eq!(names(&server).await, json!(["other", "b"]));
    server.end().await;
}

async fn a_stale_parent_is_refused(engine: Engine) {
    let (server, commits) = history(engine).await;
    for path in ["/vsg/rollback?table=users", "/vsg/checkout/HEAD~1?table=users", "/vsg/tables/users/revert"] {
        let call = |parent: &str| server.call("POST", path).header("X-User", "ann").header("X-Parent", parent);
        let body = json!({"to": "HEAD~1"});
        let send = async |parent: &str| match path.ends_with("revert") {
            true => call(parent).json(&body).send().await,
            false => call(parent).send().await,
        };
        send(&commits[0]).await.problem(409, "stale-parent");
        send("HEAD~").await.problem(400, "malformed-reference");
    }
    server
        .call("POST", "/vsg/rollback")
        .header("X-User", "ann")
        .header("X-Parent", &commits[2])
        .send()
        .await
        .expect(200)
        .commit();
    server.end().await;
}

async fn what_is_wrong_with_a_call_is_said(engine: Engine) {
    let (server, commits) = history(engine).await;
    for (path, status, kind) in [
        ("/vsg/checkout/HEAD~1", 400, "malformed-reference"),
        ("/vsg/checkout/HEAD~99?table=users", 404, "unknown-reference"),
        ("/vsg/checkout/no-such-name?table=users", 404, "unknown-reference"),
        ("/vsg/checkout/a%20b?table=users", 400, "malformed-reference"),
        ("/vsg/rollback?table=nothing", 404, "unknown-table"),
        ("/vsg/rollback?dry_run=maybe", 400, "query"),
        ("/vsg/rollback?more=1", 400, "query"),
        ("/vsg/merge/2000-01-01T00:00:00Z?table=*", 404, "unknown-reference"),
    ] {
        server.order("POST", path).await.problem(status, kind);
    }
    server.call("POST", "/vsg/rollback").send().await.problem(400, "header");
    server.get("/vsg/rollback").await.problem(405, "method");
    // A constraint that would not hold: another user has the address by now.
    server.order("DELETE", "/users/2").await.expect(200);
    server.order("POST", &format!("/vsg/rollback/{}", commits[0])).await.expect(200);
    server
        .scene
        .sql(
            "CREATE TABLE badge (id INTEGER PRIMARY KEY, user_id INTEGER, FOREIGN KEY (user_id) REFERENCES users (id))",
        )
        .await;
    server.scene.sql("INSERT INTO badge VALUES (1, 1)").await;
    server.scene.sql("INSERT INTO users (id, name, email) VALUES (77, 'x', 'x')").await;
    server.scene.sql("UPDATE badge SET user_id = 77").await;
    let refused = server.order("POST", "/vsg/rollback?table=users").await.problem(422, "violation");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("`77`") && detail.contains("`users`") && detail.contains("`badge`"), "{detail}");
    server.end().await;
}

async fn a_table_is_reverted_only_when_told_so(engine: Engine) {
    let (server, commits) = history(engine).await;
    let told = server.post("/vsg/tables/users/revert", json!({"to": commits[0]})).await.expect(200);
    assert_eq!((told.header("x-commit"), &told.json()["changes"][0]["updated"]), (None, &json!(2)));
    assert_eq!(names(&server).await, json!(["A", "b"]));
    let done = server.post("/vsg/tables/users/revert", json!({"to": commits[0], "dry_run": false})).await.expect(200);
    assert_eq!(server.json(&format!("/vsg/commits/{}", done.commit())).await["operation"], "ROLLBACK");
    assert_eq!(names(&server).await, json!(["a", "b"]));
    for (body, field) in [
        (json!({}), "to"),
        (json!({"to": 5}), "to"),
        (json!({"to": "HEAD", "dry_run": "no"}), "dry_run"),
        (json!({"to": "HEAD", "more": 1}), "more"),
    ] {
        assert_eq!(server.post("/vsg/tables/users/revert", body).await.problem(422, "invalid")["field"], field);
    }
    server.post("/vsg/tables/nothing/revert", json!({"to": "HEAD"})).await.problem(404, "unknown-table");
    server.post("/vsg/tables/users/revert", json!({"to": "HEAD~"})).await.expect(400);
    server.end().await;
}
