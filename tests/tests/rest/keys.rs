use dbvsg_tests::{Engine, scenarios};
use serde_json::json;

use crate::client::Server;

scenarios!(composite_keys_are_joined_by_a_comma, a_key_may_be_named_like_a_call);

async fn composite_keys_are_joined_by_a_comma(engine: Engine) {
    let server = Server::start(engine).await;
    let created = server.write("PUT", "/prices/tea,DE", json!({"amount": "19.99"})).await.expect(201);
    assert_eq!(created.json(), json!({"article": "tea", "country": "DE", "amount": "19.99"}));
    assert_eq!(created.header("location"), Some("/prices/tea,DE"));
    let odd =
        server.post("/prices", json!({"article": "a,b/c 100%", "country": "é", "amount": 2.25})).await.expect(201);
    let location = odd.header("location").unwrap().to_owned();
    assert_eq!(location, "/prices/a%2Cb%2Fc%20100%25,%C3%A9");
    assert_eq!(server.json(&location).await["amount"], "2.25");
    server.write("PATCH", &location, json!({"amount": 3.75})).await.expect(200);
    server.write("PATCH", &location, json!({"country": "x"})).await.expect(422);
    assert_eq!(server.json(&format!("{location}/history")).await[0]["after"]["amount"], "3.75");
    let audit = server.json("/audit/prices?record_id=a%252Cb%252Fc%2520100%2525,%25C3%25A9").await;
    assert_eq!(audit[0]["record_id"], "a%2Cb%2Fc%20100%25,%C3%A9");
    for path in ["/prices/tea", "/prices/tea,DE,x", "/prices/%ff,x", "/prices/%2,x"] {
        server.get(path).await.problem(400, "key");
    }
    let deleted = server.post("/prices/batch/delete", json!({"ids": [["tea", "DE"], ["no", "no"]]})).await.expect(200);
    assert_eq!(deleted.json(), json!({"deleted": 1}));
    server.get("/prices/tea,DE").await.problem(404, "unknown-row");
    // A model without soft delete.
    server.order("DELETE", &location).await.expect(200);
    server.order("POST", &format!("{location}/restore")).await.problem(409, "no-soft-delete");
    server.end().await;
}

async fn a_key_may_be_named_like_a_call(engine: Engine) {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "Ann", "email": "ann@x"})).await.expect(201);
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let order = json!({"id": id, "user_id": 1, "total": "12.34", "notes": {"b": [1, null], "a": "x"}});
    let created = server.post("/orders", order).await.expect(201);
    assert_eq!(created.header("location"), Some(format!("/orders/{id}").as_str()));
    assert_eq!(created.json()["notes"], json!({"b": [1, null], "a": "x"}));
    assert_eq!(created.json()["total"], "12.34");
    server.get("/orders/batch").await.problem(400, "key");
    assert_eq!(server.get(&format!("/orders?id={id}&total=12.34")).await.expect(200).total(), 1);
    server
        .post("/orders", json!({"id": id.replace('0', "1"), "user_id": 77, "total": 1}))
        .await
        .problem(422, "violation");
    server.end().await;
}
