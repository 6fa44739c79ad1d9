use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(the_audit_tells_who_did_what, baseline_rows_are_no_changes);

async fn the_audit_tells_who_did_what(engine: Engine) {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "Ann", "email": "ann@x"})).await.expect(201);
    server.write("PUT", "/prices/tea,DE", json!({"amount": 1})).await.expect(201);
    let moment = server.json("/db/audit").await[0]["timestamp"].as_str().unwrap().to_owned();
    let call = server.call("PATCH", "/users/1").header("X-User", "Zoë").header("X-Reason", "why");
    let commit = call.json(&json!({"age": 3})).send().await.expect(200).commit();
    server.order("DELETE", "/users/1").await.expect(200);
    server.order("POST", "/users/1/restore").await.expect(200);
    server.order("DELETE", "/prices/tea,DE").await.expect(200);

    let audit = server.get("/db/audit").await.expect(200);
    assert_eq!(audit.total(), 6);
    let operations = each(&audit.json(), "operation");
    assert_eq!(Json::from(operations), json!(["delete", "restore", "soft_delete", "update", "create", "create"]));
    let update = &audit.json()[3];
    assert_eq!((&update["component"], &update["record_id"]), (&json!("users"), &json!("1")));
    assert_eq!((&update["actor"], &update["message"]), (&json!("Zoë"), &json!("why")));
    assert_eq!(update["commit"], commit.as_str());
    assert_eq!((&update["before"]["age"], &update["after"]["age"]), (&Json::Null, &json!(3)));
    assert!(update["id"].as_str().unwrap().starts_with("users:"));
    assert_eq!(audit.json()[0]["after"], Json::Null);

    for (query, expected) in [
        ("component=prices", 2),
        ("component=users&record_id=1", 4),
        ("component=users&record_id=2", 0),
        ("actor=Zo%C3%AB", 1),
        ("operation=soft_delete", 1),
        ("operation=create", 2),
        ("component=users&operation=create&actor=ann", 1),
        (&format!("since={moment}"), 5),
        (&format!("until={moment}"), 1),
        ("since=2001-01-01T00:00:00+02:00&until=2001-01-02T00:00:00Z", 0),
    ] {
        let answer = server.get(&format!("/db/audit?{query}")).await.expect(200);
        assert_eq!((answer.total(), answer.json().as_array().unwrap().len() as u64), (expected, expected), "{query}");
    }
    assert_eq!(server.get("/audit/users?operation=update").await.expect(200).total(), 1);
    let page = server.get("/audit/users/?limit=2&offset=1").await.expect(200);
    assert_eq!((page.total(), Json::from(each(&page.json(), "operation"))), (4, json!(["soft_delete", "update"])));
    for query in
        ["record_id=1", "operation=insert", "operation=baseline", "since=yesterday", "limit=1001", "offset=x", "x=1"]
    {
        server.get(&format!("/db/audit?{query}")).await.problem(400, "query");
    }
    server.get("/audit/prices?record_id=tea").await.problem(400, "key");
    server.get("/db/audit?component=nothing").await.problem(404, "unknown-table");
    server.get("/audit/nothing").await.problem(404, "unknown-table");
    server.end().await;
}

async fn baseline_rows_are_no_changes(engine: Engine) {
    let scene =
        dbvsg_tests::Scene::with(engine, &["CREATE TABLE pay (id INTEGER PRIMARY KEY)", "INSERT INTO pay VALUES (1)"])
            .await;
    scene.vsg.enable("pay").await.unwrap();
    let bootstrap = dbvsg_web::Bootstrap::new(scene.vsg.clone());
    let server = Server::with(scene, bootstrap).await;
    assert_eq!(server.get("/db/audit").await.expect(200).total(), 0);
    server.scene.sql("INSERT INTO pay VALUES (2)").await;
    let audit = server.json("/audit/pay").await;
    assert_eq!((&audit[0]["component"], &audit[0]["actor"]), (&json!("pay"), &json!(server.scene.outsider())));
    let changes = server.json("/vsg/commits/HEAD~1/changes").await;
    assert_eq!(Json::from(each(&changes, "operation")), json!(["baseline"]));
    server.end().await;
}
