use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    a_table_is_pruned_when_it_is_said_twice,
    a_pruned_past_is_not_found,
    what_to_prune_must_be_clear,
    a_table_is_disabled,
    a_history_is_dropped_only_if_it_is_named,
);

/// Three commits of one user.
async fn story(engine: Engine) -> (Server, Vec<String>) {
    let server = Server::start(engine).await;
    let mut commits = vec![server.post("/users", json!({"name": "a", "email": "a"})).await.expect(201).commit()];
    for age in [1, 2] {
        commits.push(server.write("PATCH", "/users/1", json!({"age": age})).await.expect(200).commit());
    }
    (server, commits)
}

async fn a_table_is_pruned_when_it_is_said_twice(engine: Engine) {
    let (server, commits) = story(engine).await;
    let said = server.post("/vsg/tables/users/prune", json!({"before": commits[2]})).await.expect(200);
    assert_eq!(said.header("x-commit"), None, "a dry run is the default");
    let said = said.json();
    assert_eq!((&said["dry_run"], &said["commit"]), (&json!(true), &Json::Null));
    let table = &said["tables"][0];
    assert_eq!((&table["table"], &table["removed"], &table["kept"]), (&json!("users"), &json!(2), &json!(1)));
    assert!(table["removed_bytes"].as_u64() > Some(80), "{table}");
    assert_eq!((&table["horizon"]["commit"], &table["horizon"]["seq"]), (&json!(commits[2]), &json!(3)));
    let real = json!({"before": commits[2], "dry_run": false});
    let call = server.call("POST", "/vsg/tables/users/prune").header("X-User", "ann").header("X-Reason", "old");
    let done = call.json(&real).send().await.expect(200);
    assert_eq!(done.json()["tables"], said["tables"]);
    let commit = server.json(&format!("/vsg/commits/{}", done.commit())).await;
    assert_eq!(
        (&commit["operation"], &commit["user_id"], &commit["message"]),
        (&json!("PRUNE"), &json!("ann"), &json!("old"))
    );
    assert_eq!(commit["query"], "POST /vsg/tables/users/prune");
    let history = server.json("/users/1/history").await;
    assert_eq!(Json::from(each(&history, "version")), json!([1]));
    assert_eq!((&history[0]["before"], &history[0]["after"]["age"]), (&Json::Null, &json!(2)));
    let told = server.json("/vsg/tables/users").await;
    assert_eq!((&told["versions"], &told["inserts"], &told["updates"]), (&json!(1), &json!(1), &json!(2)), "{told}");
    let listed = server.json("/vsg/tables").await;
    let users = listed.as_array().unwrap().iter().find(|table| table["table"] == "users").unwrap();
    assert_eq!(users["versions"], 1);
    let again = server.post("/vsg/tables/users/prune", real).await.expect(200);
    assert_eq!((again.header("x-commit"), &again.json()["commit"]), (None, &Json::Null), "nothing is left to go");
    for rule in [json!({"keep_versions": 1}), json!({"one_per": "day", "before": "2999-01-01T00:00:00Z"})] {
        let answer = server.post("/vsg/tables/users/prune", rule).await.expect(200).json();
        assert_eq!(answer["tables"][0]["removed"], 0);
    }
    server.end().await;
}

async fn a_pruned_past_is_not_found(engine: Engine) {
    let (server, commits) = story(engine).await;
    let then = server.json(&format!("/vsg/commits/{}", commits[0])).await["created_at"].as_str().unwrap().to_owned();
    let prune = json!({"before": commits[2], "dry_run": false});
    server.post("/vsg/tables/users/prune", prune).await.expect(200);
    for path in [
        format!("/users?as_of={}", commits[0]),
        format!("/users/1?as_of={then}"),
        format!("/vsg/commits/{}/state?table=users", commits[1]),
        format!("/vsg/diff?table=users&from={}&to=HEAD", commits[0]),
        format!("/users/1/diff?from={}&to={}", commits[0], commits[2]),
    ] {
        let problem = server.get(&path).await.problem(404, "pruned");
        assert_eq!(problem["table"], "users");
        assert!(problem["detail"].as_str().unwrap().contains(&commits[2]), "{path}: {problem}");
    }
    assert_eq!(server.json(&format!("/users/1?as_of={}", commits[2])).await["age"], 2);
    assert_eq!(server.json(&format!("/vsg/commits/{}/changes?table=users", commits[0])).await, json!([]));
    assert_eq!(server.json("/db/audit").await.as_array().unwrap().len(), 1);
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 4);
    server.end().await;
}

async fn what_to_prune_must_be_clear(engine: Engine) {
    let (server, commits) = story(engine).await;
    for (body, status) in [
        (json!({}), 422),
        (json!({"dry_run": false}), 422),
        (json!({"before": "HEAD", "keep_versions": 1}), 422),
        (json!({"keep_versions": 1, "one_per": "day"}), 422),
        (json!({"one_per": "day"}), 422),
        (json!({"one_per": "year", "before": "HEAD"}), 422),
        (json!({"keep_versions": -1}), 422),
        (json!({"before": "HEAD~"}), 400),
        (json!({"before": 5}), 422),
        (json!({"before": "HEAD", "dry_run": "no"}), 422),
        (json!({"before": "HEAD", "more": 1}), 422),
        (json!([]), 422),
        (json!({"before": "HEAD~9"}), 404),
        (json!({"before": "nothing"}), 404),
    ] {
        let answer = server.post("/vsg/tables/users/prune", body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        answer.expect(status);
    }
    let body = json!({"keep_versions": 0, "dry_run": false});
    server.post("/vsg/tables/nothing/prune", body.clone()).await.problem(404, "unknown-table");
    server.call("POST", "/vsg/tables/users/prune").json(&body).send().await.problem(400, "header");
    let stale = server.call("POST", "/vsg/tables/users/prune").header("X-User", "ann").header("X-Parent", &commits[0]);
    stale.json(&body).send().await.problem(409, "stale-parent");
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 3);
    server.end().await;
}

async fn a_table_is_disabled(engine: Engine) {
    let (server, commits) = story(engine).await;
    let answer = server.order("POST", "/vsg/tables/prices/disable").await.expect(200);
    assert_eq!(answer.json(), json!({"status": "disabled", "table": "prices", "history_dropped": false}));
    server.post("/vsg/tables/users/disable", json!({"drop_history": false})).await.expect(200);
    server.order("POST", "/vsg/tables/users/disable").await.problem(404, "not-tracked");
    server.order("POST", "/vsg/tables/nothing/disable").await.problem(404, "unknown-table");
    server.call("POST", "/vsg/tables/orders/disable").send().await.problem(400, "header");
    server.post("/vsg/tables/orders/disable", json!({"drop": true})).await.expect(422);
    let audit = server.json("/db/audit").await;
    assert_eq!(audit.as_array().unwrap().len(), 3, "what happened is still told: {audit}");
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 3);
    assert_eq!(server.json(&format!("/vsg/commits/{}", commits[0])).await["tables"][0]["table"], "users");
    let prune = server.post("/vsg/tables/users/prune", json!({"keep_versions": 1})).await.expect(200).json();
    assert_eq!(prune["tables"][0]["removed"], 2);
    server.end().await;
}

async fn a_history_is_dropped_only_if_it_is_named(engine: Engine) {
    let (server, _) = story(engine).await;
    for body in [
        json!({"drop_history": true}),
        json!({"drop_history": true, "confirm": "orders"}),
        json!({"drop_history": true, "confirm": null}),
    ] {
        let problem = server.post("/vsg/tables/users/disable", body).await.problem(400, "confirmation");
        assert_eq!((&problem["table"], &problem["field"]), (&json!("users"), &json!("confirm")));
    }
    assert_eq!(server.json("/users/1/history").await.as_array().unwrap().len(), 3);
    let confirmed = json!({"drop_history": true, "confirm": "users"});
    let answer = server.post("/vsg/tables/users/disable", confirmed).await.expect(200);
    assert_eq!(answer.json()["history_dropped"], true);
    assert_eq!(server.json(&format!("/vsg/commits/{}", answer.commit())).await["operation"], "PRUNE");
    assert_eq!(server.json("/db/audit").await, json!([]));
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 4);
    server.end().await;
}
