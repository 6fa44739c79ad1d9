use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Server, each};

scenarios!(
    blame_tells_who_set_each_value,
    lineage_lists_versions_oldest_first,
    a_row_is_rolled_back,
    a_deleted_row_is_rolled_back,
    a_rollback_that_cannot_be_changes_nothing,
    a_bad_body_is_told_from_a_bad_reference,
    the_document_describes_the_rows_of_time,
);

/// A life of four versions.
async fn life(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "Ann", "email": "ann@x", "age": 30})).await.expect(201);
    let call = server.call("PATCH", "/users/1").header("X-User", "ben").header("X-Reason", "birthday");
    call.json(&json!({"age": 31})).send().await.expect(200);
    server.order("DELETE", "/users/1").await.expect(200);
    server.order("POST", "/users/1/restore").await.expect(200);
    server
}

async fn rollback(server: &Server, path: &str, to: &str) -> Answer {
    server.post(&format!("{path}/rollback"), json!({"to": to})).await
}

async fn blame_tells_who_set_each_value(engine: Engine) {
    let server = life(engine).await;
    let blame = server.json("/users/1/blame").await;
    assert_eq!(Json::from(each(&blame, "column")), json!(["id", "name", "email", "age", "deleted_at"]));
    assert_eq!(Json::from(each(&blame, "value")), json!([1, "Ann", "ann@x", 31, null]));
    assert_eq!(Json::from(each(&blame, "actor")), json!(["ann", "ann", "ann", "ben", "ann"]));
    let (age, update) = (&blame[3], server.json("/vsg/commits/HEAD~2").await);
    assert_eq!(
        age,
        &json!({
            "column": "age", "value": 31, "commit": update["uuid"], "actor": "ben", "message": "birthday",
            "at": update["created_at"],
        })
    );
    assert_eq!(blame[4]["commit"], server.json("/vsg/commits/HEAD").await["uuid"], "restored by the last one");
    assert_eq!(server.json("/users/1/blame?branch=main").await, blame);
    let missing = server.get("/users/99/blame").await.problem(404, "unknown-row");
    assert_eq!((&missing["component"], &missing["key"]), (&json!("users"), &json!("99")));
    server.get("/users/x/blame").await.problem(400, "key");
    server.get("/users/1/blame?as_of=HEAD").await.problem(400, "query");
    server.get("/users/1/blame?branch=other").await.problem(404, "unknown-reference");
    server.end().await;
}

async fn lineage_lists_versions_oldest_first(engine: Engine) {
    let server = life(engine).await;
    let lineage = server.get("/users/1/lineage").await.expect(200);
    assert_eq!(lineage.total(), 4);
    let lineage = lineage.json();
    assert_eq!(Json::from(each(&lineage, "operation")), json!(["create", "update", "soft_delete", "restore"]));
    assert_eq!(Json::from(each(&lineage, "parent_version")), json!([null, 1, 2, 3]));
    assert_eq!(
        lineage[1],
        json!({
            "version": 2, "commit": server.json("/vsg/commits/HEAD~2").await["uuid"], "branch": "main",
            "operation": "update", "parent_version": 1, "merged_from": null,
        })
    );
    let page = server.get("/users/1/lineage?limit=2&offset=1").await.expect(200);
    assert_eq!((page.total(), page.json()), (4, json!([lineage[1], lineage[2]])));
    assert_eq!(server.json("/users/1/lineage?offset=9").await, json!([]));
    server.get("/users/99/lineage").await.problem(404, "unknown-row");
    server.get("/users/x/lineage").await.problem(400, "key");
    server.get("/users/1/lineage?limit=0").await.problem(400, "query");
    server.end().await;
}

async fn a_row_is_rolled_back(engine: Engine) {
    let server = life(engine).await;
    let call = server.call("POST", "/users/1/rollback").header("X-User", "cy").header("X-Reason", "the header's");
    let body = json!({"to": "HEAD~3", "reason": "the body's"});
    let answer = call.json(&body).send().await.expect(200);
    let row = answer.json();
    assert_eq!((&row["age"], &row["name"], &row["deleted_at"]), (&json!(30), &json!("Ann"), &Json::Null));
    assert_eq!(server.json("/users/1").await, row);
    let commit = server.json(&format!("/vsg/commits/{}", answer.commit())).await;
    assert_eq!(
        (&commit["operation"], &commit["user_id"], &commit["message"], &commit["query"]),
        (&json!("ROLLBACK"), &json!("cy"), &json!("the body's"), &json!("POST /users/1/rollback"))
    );
    let newest = &server.json("/users/1/history").await[0];
    assert_eq!((&newest["operation"], &newest["changed"]), (&json!("update"), &json!(["age"])));
    // Without a reason of its own, the header's; by a moment; where nothing differs, no commit.
    let moment = server.json("/vsg/commits/HEAD~1").await["created_at"].clone();
    let call = server.call("POST", "/users/1/rollback/").header("X-User", "cy").header("X-Reason", "the header's");
    let answer = call.json(&json!({"to": moment, "reason": ""})).send().await.expect(200);
    assert_eq!(answer.json()["age"], 31);
    assert_eq!(server.json(&format!("/vsg/commits/{}", answer.commit())).await["message"], "the header's");
    let again = server.post("/users/1/rollback", json!({"to": "HEAD", "reason": null})).await.expect(200);
    assert_eq!((again.header("x-commit"), &again.json()["age"]), (None, &json!(31)));
    let stale = server.call("POST", "/users/1/rollback").header("X-User", "cy").header("X-Parent", "HEAD~1");
    stale.json(&json!({"to": "HEAD~1"})).send().await.problem(409, "stale-parent");
    let current = server.call("POST", "/users/1/rollback").header("X-User", "cy").header("X-Parent", "HEAD");
    assert_eq!(current.json(&json!({"to": "HEAD~1"})).send().await.expect(200).json()["age"], 30);
    server.end().await;
}

async fn a_deleted_row_is_rolled_back(engine: Engine) {
    let server = life(engine).await;
    server.order("DELETE", "/users/1").await.expect(200);
    rollback(&server, "/users/1", "HEAD").await.problem(404, "unknown-row");
    let row = rollback(&server, "/users/1", "HEAD~4").await.expect(200).json();
    assert_eq!((&row["age"], &row["deleted_at"]), (&json!(30), &Json::Null));
    assert_eq!(server.json("/users/1/history").await[0]["operation"], "restore");
    let path = "/prices/a%2Cb%25,%C3%A9";
    let created = server.write("PUT", path, json!({"amount": "12.25"})).await.expect(201).commit();
    server.write("PUT", path, json!({"amount": "13.75"})).await.expect(200);
    server.order("DELETE", path).await.expect(200);
    server.get(&format!("{path}/blame")).await.problem(404, "unknown-row");
    let back = rollback(&server, path, &created[..8]).await.expect(200);
    assert_eq!(back.json(), json!({"article": "a,b%", "country": "é", "amount": "12.25"}));
    let lineage = server.json(&format!("{path}/lineage")).await;
    assert_eq!(Json::from(each(&lineage, "operation")), json!(["create", "update", "delete", "create"]));
    assert_eq!(server.json(&format!("{path}/blame")).await[2]["commit"], back.commit());
    let diff = server.json(&format!("{path}/diff?from=v2&to=v3")).await;
    assert_eq!((&diff["from"], &diff["summary"]), (&json!("v2"), &json!("The row was deleted.")));
    let missing = server.get("/prices/no,no/diff?from=HEAD&to=HEAD~1").await.problem(404, "unknown-row");
    assert_eq!(missing["component"], "prices");
    server.end().await;
}

async fn a_rollback_that_cannot_be_changes_nothing(engine: Engine) {
    let server = life(engine).await;
    server.write("PATCH", "/users/1", json!({"email": "new@x", "name": "Anna"})).await.expect(200);
    let email = json!({"name": "Bob", "email": "ann@x"});
    server.post("/users", email).await.expect(201);
    let commits = server.get("/vsg/logs").await.expect(200).total();
    let problem = rollback(&server, "/users/1", "HEAD~3").await.problem(404, "unknown-row");
    assert_eq!((&problem["table"], &problem["key"]), (&json!("users"), &json!("1")), "deleted then");
    assert!(problem["detail"].as_str().unwrap().contains("at HEAD~3"), "{problem}");
    let problem = rollback(&server, "/users/1", "HEAD~2").await.problem(422, "violation");
    assert_eq!((&problem["table"], &problem["field"]), (&json!("users"), &json!("email")));
    rollback(&server, "/users/2", "HEAD~1").await.problem(404, "unknown-row");
    rollback(&server, "/users/99", "HEAD").await.problem(404, "unknown-row");
    for unknown in ["HEAD~99", "nothing", "v1", "1999-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"] {
        rollback(&server, "/users/1", unknown).await.problem(404, "unknown-reference");
    }
    rollback(&server, "/users/x", "HEAD").await.problem(400, "key");
    server.call("POST", "/users/1/rollback").json(&json!({"to": "HEAD"})).send().await.problem(400, "header");
    server.post("/users/1/rollback?branch=other", json!({"to": "HEAD"})).await.problem(404, "unknown-reference");
    server.post("/users/1/rollback?to=HEAD", json!({"to": "HEAD"})).await.problem(400, "query");
    assert_eq!(server.json("/users/1").await["name"], "Anna");
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), commits);
    server.end().await;
}

async fn a_bad_body_is_told_from_a_bad_reference(engine: Engine) {
    let server = life(engine).await;
    for (body, field) in [
        (json!({}), "to"),
        (json!({"to": null}), "to"),
        (json!({"to": 3}), "to"),
        (json!({"to": "HEAD", "reason": 3}), "reason"),
        (json!({"to": "HEAD", "reason": "a\u{0}b"}), "reason"),
        (json!({"to": "HEAD", "why": "x"}), "why"),
    ] {
        let problem = server.post("/users/1/rollback", body.clone()).await.problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
    }
    server.post("/users/1/rollback", json!(["HEAD"])).await.problem(422, "invalid");
    for malformed in ["", "HEAD~", "HEAD~x", "2024-01-15", "a b"] {
        rollback(&server, "/users/1", malformed).await.problem(400, "malformed-reference");
    }
    let call = server.call("POST", "/users/1/rollback").header("X-User", "ann");
    call.header("Content-Type", "application/json").body("{").send().await.expect(400);
    let call = server.call("POST", "/users/1/rollback").header("X-User", "ann").header("X-Parent", "HEAD~");
    call.json(&json!({"to": "HEAD"})).send().await.problem(400, "malformed-reference");
    server.end().await;
}

async fn the_document_describes_the_rows_of_time(engine: Engine) {
    let server = Server::start(engine).await;
    let document = server.json("/openapi.json").await;
    for (path, method, answers) in [
        ("/users/{id}/blame", "get", vec!["200", "400", "403", "404", "500", "503"]),
        ("/users/{id}/lineage", "get", vec!["200", "400", "403", "404", "500", "503"]),
        ("/users/{id}/rollback", "post", vec!["200", "400", "403", "404", "409", "413", "422", "500", "503"]),
    ] {
        let operation = &document["paths"][path][method];
        let listed: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(listed, answers, "{path}");
    }
    let body =
        &document["paths"]["/users/{id}/rollback"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!((&body["required"], &body["additionalProperties"]), (&json!(["to"]), &json!(false)));
    server.end().await;
}
