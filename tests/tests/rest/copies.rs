use dbvsg::Versioned;
use dbvsg_tests::{Engine, Scene, models::user, scenarios};
use dbvsg_web::Bootstrap;
use serde_json::json;

use crate::client::{Answer, Server};

scenarios!(
    the_tables_are_drawn,
    all_tables_are_exported,
    a_bundle_brings_the_database_back,
    a_bundle_that_is_none_changes_nothing
);
scenarios!(Postgres: a_file_of_another_engine_is_refused);
scenarios!(
    Sqlite: a_backup_brings_the_database_back,
    a_backup_that_is_none_changes_nothing,
    an_upload_over_the_limit_is_refused,
);

async fn filled(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    server.post("/users", json!({"name": "Ann", "email": "ann@x"})).await.expect(201);
    server.write("PUT", "/prices/tea,DE", json!({"amount": "1.5"})).await.expect(201);
    server
}

async fn restore(server: &Server, query: &str, file: &[u8]) -> Answer {
    let mut form = b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\n".to_vec();
    form.extend_from_slice(file);
    form.extend_from_slice(b"\r\n--edge--\r\n");
    let call = server.call("POST", &format!("/db/restore{query}")).header("X-User", "ann");
    call.header("Content-Type", "multipart/form-data; boundary=edge").body(form).send().await
}

async fn the_tables_are_drawn(engine: Engine) {
    let server = filled(engine).await;
    let picture = server.get("/db/diagram.svg").await.expect(200);
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    let text = picture.text();
    assert!(text.starts_with("<svg") || text.starts_with("<?xml"), "{text}");
    for table in ["users", "orders", "prices"] {
        assert!(text.contains(table));
    }
    assert!(!text.contains("users_history") && !text.contains("dbvsg_"));
    server.end().await;
}

async fn all_tables_are_exported(engine: Engine) {
    let server = filled(engine).await;
    let archive = server.get("/db/export.zip/").await.expect(200);
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    assert!(archive.body.starts_with(b"PK"));
    for name in ["users.csv", "orders.csv", "prices.csv"] {
        assert!(archive.body.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
    }
    server.get("/db/export.zip?x=1").await.problem(400, "query");
    server.end().await;
}

async fn a_bundle_brings_the_database_back(engine: Engine) {
    let server = filled(engine).await;
    let bundle = server.get("/db/backup.zip").await.expect(200);
    assert_eq!(bundle.header("content-type"), Some("application/zip"));
    assert!(bundle.header("content-disposition").is_some_and(|file| file.contains("backup.zip")));
    let before = (server.json("/users").await, server.json("/vsg/logs").await, server.json("/users/1/history").await);
    server.write("PATCH", "/users/1", json!({"age": 3})).await.expect(200);
    server.post("/users", json!({"name": "Bob", "email": "bob@x"})).await.expect(201);

    let bytes = bundle.body.len();
    let checked = restore(&server, "?dry_run=true", &bundle.body).await.expect(200);
    assert_eq!(checked.json(), json!({"status": "ok", "restored": false, "bytes": bytes}));
    assert_eq!(server.get("/users").await.expect(200).total(), 2);

    let restored = restore(&server, "", &bundle.body).await.expect(200);
    assert_eq!(restored.json(), json!({"status": "ok", "restored": true, "bytes": bytes}));
    let after = (server.json("/users").await, server.json("/vsg/logs").await, server.json("/users/1/history").await);
    assert_eq!(after, before);
    let next = server.post("/users", json!({"name": "Eve", "email": "eve@x"})).await.expect(201);
    assert_eq!(next.json()["id"], 2);

    // The same into a server whose database has the tables of the components and nothing in them.
    let other = Server::start(engine).await;
    restore(&other, "", &bundle.body).await.expect(200);
    assert_eq!((other.json("/users").await, other.json("/vsg/logs").await), (before.0, before.1));
    other.post("/users", json!({"name": "Eve", "email": "eve@x"})).await.expect(201);
    other.end().await;
    server.end().await;
}

async fn a_bundle_that_is_none_changes_nothing(engine: Engine) {
    let server = filled(engine).await;
    let good = server.get("/db/backup.zip").await.expect(200).body;
    restore(&server, "", b"no database").await.problem(422, "damaged-backup");
    restore(&server, "", &good[..good.len() / 2]).await.problem(422, "damaged-backup");
    // The table of a mounted component is missing.
    let scene = Scene::new(engine).await;
    let bootstrap = Bootstrap::new(scene.vsg.clone());
    let other = Server::with(scene, bootstrap).await;
    let empty = other.get("/db/backup.zip").await.expect(200).body;
    restore(&server, "", &empty).await.problem(422, "damaged-backup");
    other.end().await;
    assert_eq!(server.get("/users").await.expect(200).total(), 1);
    server.end().await;
}

async fn a_file_of_another_engine_is_refused(engine: Engine) {
    let server = filled(engine).await;
    server.get("/db/backup.sqlite").await.problem(409, "conflict");
    let sqlite = filled(Engine::Sqlite).await;
    let file = sqlite.get("/db/backup.sqlite").await.expect(200).body;
    restore(&server, "", &file).await.problem(422, "damaged-backup");
    let bundle = sqlite.get("/db/backup.zip").await.expect(200).body;
    // It names both engines, as no other problem does.
    let refused = restore(&server, "", &bundle).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["type"]), (422, &json!("urn:dbvsg:damaged-backup")));
    sqlite.end().await;
    server.end().await;
}

async fn a_backup_brings_the_database_back(engine: Engine) {
    let server = filled(engine).await;
    let backup = server.get("/db/backup.sqlite").await.expect(200);
    assert!(backup.body.starts_with(b"SQLite format 3\0"));
    let before = (server.json("/users").await, server.json("/vsg/logs").await);
    server.write("PATCH", "/users/1", json!({"age": 3})).await.expect(200);
    server.post("/users", json!({"name": "Bob", "email": "bob@x"})).await.expect(201);

    let bytes = backup.body.len();
    let checked = restore(&server, "?dry_run=true", &backup.body).await.expect(200);
    assert_eq!(checked.json(), json!({"status": "ok", "restored": false, "bytes": bytes}));
    assert_eq!(server.get("/users").await.expect(200).total(), 2);

    let restored = restore(&server, "?integrity_check=true", &backup.body).await.expect(200);
    assert_eq!(restored.json(), json!({"status": "ok", "restored": true, "bytes": bytes}));
    assert_eq!((server.json("/users").await, server.json("/vsg/logs").await), before);
    let next = server.post("/users", json!({"name": "Eve", "email": "eve@x"})).await.expect(201);
    assert_eq!(next.json()["id"], 2);
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 3);
    server.end().await;
}

async fn a_backup_that_is_none_changes_nothing(engine: Engine) {
    let server = filled(engine).await;
    restore(&server, "", b"no database").await.problem(422, "damaged-backup");
    let mut torn = server.get("/db/backup.sqlite").await.expect(200).body;
    torn.truncate(torn.len() / 2);
    restore(&server, "", &torn).await.problem(422, "damaged-backup");

    // The table of a mounted component is missing.
    let scene = Scene::new(engine).await;
    let bootstrap = Bootstrap::new(scene.vsg.clone());
    let other = Server::with(scene, bootstrap).await;
    let empty = other.get("/db/backup.sqlite").await.expect(200).body;
    restore(&server, "", &empty).await.problem(422, "damaged-backup");
    other.end().await;

    restore(&server, "?dry_run=maybe", b"").await.problem(400, "query");
    let call = server.call("POST", "/db/restore").header("X-User", "ann");
    call.json(&json!({})).send().await.problem(400, "header");
    server.call("POST", "/db/restore").send().await.problem(400, "header");
    let stale = server.call("POST", "/db/restore").header("X-User", "ann").header("X-Parent", "HEAD~1");
    stale.send().await.problem(409, "stale-parent");
    assert_eq!(server.get("/users").await.expect(200).total(), 1);
    server.end().await;
}

async fn an_upload_over_the_limit_is_refused(engine: Engine) {
    let scene = Scene::new(engine).await;
    let users = user::Entity::accessor(&scene.vsg);
    let bootstrap = Bootstrap::new(scene.vsg.clone()).mount(users).create_tables(true).upload_limit(10_000);
    let server = Server::with(scene, bootstrap).await;
    restore(&server, "", &[0; 20_000]).await.problem(413, "too-large");
    server.end().await;
}
