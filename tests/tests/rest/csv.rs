use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Server, each};

scenarios!(
    an_export_can_be_imported,
    a_large_file_is_one_commit,
    an_upsert_changes_what_is_there,
    an_import_says_where_it_is_wrong,
);

async fn import(server: &Server, path: &str, text: impl Into<Vec<u8>>) -> Answer {
    let call = server.call("POST", path).header("X-User", "ann").header("Content-Type", "text/csv; charset=utf-8");
    call.body(text.into()).send().await
}

async fn an_export_can_be_imported(engine: Engine) {
    let server = Server::start(engine).await;
    let rows = json!([
        {"name": "a \"b\", c\r\nd", "email": "", "age": 3, "last_seen": "2024-01-15T10:30:00Z"},
        {"name": "é", "email": "x"},
    ]);
    server.post("/users/batch", rows).await.expect(201);
    let export = server.get("/users/export.csv").await.expect(200);
    assert_eq!(export.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        export.text(),
        "id,name,email,age,password,last_seen,deleted_at\n\
         1,\"a \"\"b\"\", c\r\nd\",,3,,2024-01-15T10:30:00.000000Z,\n2,é,x,,,,\n"
    );
    let other = Server::start(engine).await;
    let imported = import(&other, "/users/import.csv", export.text()).await.expect(201);
    assert_eq!(imported.json(), json!({"imported": 2}));
    assert_eq!(other.json(&format!("/vsg/commits/{}", imported.commit())).await["operation"], "IMPORT");
    assert_eq!(other.json("/users").await, server.json("/users").await);
    server.order("DELETE", "/users/1").await.expect(200);
    assert_eq!(server.get("/users/export.csv").await.expect(200).text().lines().count(), 2);
    assert!(server.get("/users/export.csv?include_deleted=true").await.expect(200).text().contains("é,x"));
    assert_eq!(server.get("/prices/export.csv").await.expect(200).text(), "article,country,amount\n");
    server.end().await;
    other.end().await;
}

async fn a_large_file_is_one_commit(engine: Engine) {
    let server = Server::start(engine).await;
    let mut text = String::from("\u{feff}name,email,age\r\n");
    for number in 0..5_000 {
        text.push_str(&format!("n{number},e{number},{number}\r\n"));
    }
    let imported = import(&server, "/users/import.csv", text.as_str()).await.expect(201);
    assert_eq!(imported.json(), json!({"imported": 5000}));
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 1);
    assert_eq!(server.get("/users/export.csv").await.expect(200).text().lines().count(), 5001);
    assert_eq!(server.json("/vsg/commits/HEAD/state?table=users").await.as_array().unwrap().len(), 5000);

    let mut text = text.replace(",e", ",f").replace("fmail", "email");
    text.push_str("again,f4000,1\r\n");
    let problem = import(&server, "/users/import.csv", text).await.expect(422).json();
    assert!(problem["detail"].as_str().unwrap().starts_with("line 5002, column `email`"), "{problem}");
    assert_eq!(server.get("/users").await.expect(200).total(), 5000);
    server.end().await;
}

async fn an_upsert_changes_what_is_there(engine: Engine) {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "a", "email": "a", "age": 1})).await.expect(201);
    let text = "id,name,email\n1,A,a\n5,b,b\n";
    let refused = import(&server, "/users/import.csv", text).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().starts_with("line 2, column `id`"), "{refused}");
    import(&server, "/users/import.csv?mode=insert", text).await.expect(422);
    let imported = import(&server, "/users/import.csv?mode=upsert", text).await.expect(201);
    assert_eq!(imported.json(), json!({"imported": 2}));
    let users = server.json("/users").await;
    assert_eq!(Json::from(each(&users, "name")), json!(["A", "b"]));
    assert_eq!(users[0]["age"], 1);
    server.order("DELETE", "/users/5").await.expect(200);
    import(&server, "/users/import.csv?mode=upsert", text).await.problem(409, "soft-deleted");
    server.end().await;
}

async fn an_import_says_where_it_is_wrong(engine: Engine) {
    let server = Server::start(engine).await;
    for (text, place) in [
        ("", "line 1:"),
        ("name,nmae\n", "line 1, column `nmae`"),
        ("name,name\n", "line 1, column `name`"),
        ("name,email\na,a\nb\n", "line 3:"),
        ("name,email,age\na,a,1\n\"b\nb\",b,x\n", "line 3, column `age`"),
        ("id,name,email\n,a,a\n", "line 2, column `id`"),
        ("name,email,deleted_at\na,a,2024-01-15T10:30:00Z\n", "line 2, column `deleted_at`"),
        ("name\na\n", "line 2, column `email`"),
        ("name,email\na,a\nb,a\n", "line 3, column `email`"),
    ] {
        let problem = import(&server, "/users/import.csv", text).await.expect(422).json();
        assert!(problem["detail"].as_str().unwrap().starts_with(place), "{text:?}: {problem}");
    }
    let problem = import(&server, "/users/import.csv", &b"name,email\na,\xff\n"[..]).await.expect(422).json();
    assert!(problem["detail"].as_str().unwrap().starts_with("line 2, column `email`"), "{problem}");
    assert_eq!(server.get("/users?include_deleted=true").await.expect(200).total(), 0);
    assert_eq!(import(&server, "/users/import.csv", "name,email\n").await.expect(201).json(), json!({"imported": 0}));
    import(&server, "/users/import.csv?mode=replace", "name,email\n").await.problem(400, "query");
    let call = server.call("POST", "/users/import.csv").header("X-User", "ann");
    call.json(&json!({})).send().await.problem(400, "header");
    let call = server.call("POST", "/users/import.csv").header("Content-Type", "text/csv");
    call.body("name,email\n").send().await.problem(400, "header");
    server.end().await;
}
