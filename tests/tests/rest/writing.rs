use std::time::Duration;

use dbvsg::{Versioned, sea_orm::ConnectionTrait};
use dbvsg_tests::{Engine, Scene, models::user, scenarios};
use dbvsg_web::Bootstrap;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use crate::client::{Server, each};

scenarios!(
    a_row_is_created_replaced_changed_deleted_and_restored,
    a_put_creates_at_its_key,
    a_change_needs_an_author,
    a_stale_parent_is_refused,
    bodies_that_do_not_fit_are_refused,
    a_change_of_nothing_is_no_commit,
    many_rows_are_one_commit_or_none,
    the_record_limit_holds_for_every_way_in,
    a_body_over_the_limit_is_refused,
    hooks_run_and_can_refuse,
    a_busy_database_is_told_from_a_broken_one,
);

fn ann() -> Json {
    json!({"name": "Ann", "email": "ann@x", "age": 30})
}

async fn a_row_is_created_replaced_changed_deleted_and_restored(engine: Engine) {
    let server = Server::start(engine).await;
    let created = server.post("/users", ann()).await.expect(201);
    assert_eq!(created.header("location"), Some("/users/1"));
    assert_eq!(created.json()["age"], 30);
    assert_eq!(server.json("/vsg/logs").await[0]["uuid"], created.commit());

    let replaced =
        server.write("PUT", "/users/1", json!({"id": 9, "name": "Anna", "email": "ann@x"})).await.expect(200);
    assert_eq!((&replaced.json()["id"], &replaced.json()["age"]), (&json!(1), &Json::Null));
    let patched = server.write("PATCH", "/users/1", json!({"age": "31"})).await.expect(200);
    assert_eq!((&patched.json()["name"], &patched.json()["age"]), (&json!("Anna"), &json!(31)));

    let deleted = server.order("DELETE", "/users/1").await.expect(200);
    assert_eq!(deleted.json(), json!({"status": "deleted"}));
    server.order("DELETE", "/users/1").await.problem(404, "unknown-row");
    server.write("PATCH", "/users/1", json!({"age": 1})).await.problem(404, "unknown-row");
    let problem = server.write("PUT", "/users/1", ann()).await.problem(409, "soft-deleted");
    assert_eq!((&problem["table"], &problem["key"]), (&json!("users"), &json!("1")));

    let restored = server.order("POST", "/users/1/restore").await.expect(200);
    assert_eq!(restored.json(), json!({"status": "ok", "restored": true}));
    restored.commit();
    let again = server.order("POST", "/users/1/restore").await.expect(200);
    assert_eq!(again.json(), json!({"status": "ok", "restored": false}));
    assert_eq!(again.header("x-commit"), None);
    server.order("POST", "/users/99/restore").await.problem(404, "unknown-row");
    let operations = each(&server.json("/vsg/logs").await, "operation");
    assert_eq!(Json::from(operations), json!(["UNDELETE", "SOFT_DELETE", "UPDATE", "UPDATE", "INSERT"]));
    server.end().await;
}

async fn a_put_creates_at_its_key(engine: Engine) {
    let server = Server::start(engine).await;
    let created = server.write("PUT", "/users/7", ann()).await.expect(201);
    assert_eq!(created.header("location"), Some("/users/7"));
    assert_eq!(created.json()["id"], 7);
    let next = server.post("/users", json!({"name": "Bob", "email": "bob@x"})).await.expect(201);
    assert_eq!(next.json()["id"], 8);
    server.post("/users", json!({"id": 20, "name": "Eve", "email": "eve@x"})).await.expect(201);
    server.write("PUT", "/users/9", json!({"name": "x"})).await.problem(422, "invalid");
    server.write("PUT", "/users/x", ann()).await.problem(400, "key");
    server.end().await;
}

async fn a_change_needs_an_author(engine: Engine) {
    let server = Server::start(engine).await;
    server.call("POST", "/users").json(&ann()).send().await.problem(400, "header");
    for user in ["", &"x".repeat(256)] {
        server.call("POST", "/users").header("X-User", user).json(&ann()).send().await.problem(400, "header");
    }
    server.call("POST", "/users").header("X-User", b"\xff").json(&ann()).send().await.problem(400, "header");
    let call = server.call("POST", "/users").header("X-User", "Zoë Ünal").header("X-Reason", "größer");
    call.json(&ann()).send().await.expect(201);
    let commit = &server.json("/vsg/logs").await[0];
    assert_eq!((&commit["user_id"], &commit["message"]), (&json!("Zoë Ünal"), &json!("größer")));
    assert_eq!(commit["query"], "POST /users");
    server.end().await;
}

async fn a_stale_parent_is_refused(engine: Engine) {
    let server = Server::start(engine).await;
    let first = server.post("/users", ann()).await.expect(201).commit();
    let on = |parent: &str| {
        let call = server.call("PATCH", "/users/1").header("X-User", "ann").header("X-Parent", parent);
        call.json(&json!({"age": 50})).send()
    };
    on(&first).await.expect(200);
    on(&first).await.problem(409, "stale-parent");
    on("HEAD~").await.problem(400, "malformed-reference");
    // Another table has a HEAD of its own.
    server.write("PUT", "/prices/a,b", json!({"amount": 1})).await.expect(201);
    let call = server.call("PATCH", "/users/1").header("X-User", "ann").header("X-Parent", "HEAD");
    call.json(&json!({"age": 51})).send().await.expect(200);
    server.end().await;
}

async fn bodies_that_do_not_fit_are_refused(engine: Engine) {
    let server = Server::start(engine).await;
    server.post("/users", ann()).await.expect(201);
    let send = |kind: &str, body: &str| {
        let call = server.call("POST", "/users").header("X-User", "ann").header("Content-Type", kind);
        call.body(body.to_owned()).send()
    };
    for body in ["", "{", "{\"name\": }", "nonsense"] {
        send("application/json", body).await.problem(400, "unreadable-body");
    }
    send("text/plain", "{}").await.problem(400, "header");
    for (body, field) in [
        (json!({"name": 1, "email": "x"}), "name"),
        (json!({"name": "x", "email": "x", "age": "old"}), "age"),
        (json!({"name": "x", "email": "x", "age": 1.5}), "age"),
        (json!({"name": "x", "email": "x", "age": 99999999999_i64}), "age"),
        (json!({"name": null, "email": "x"}), "name"),
        (json!({"name": "x", "email": "x", "nmae": "x"}), "nmae"),
        (json!({"name": "x", "email": "x", "deleted_at": "2024-01-15T10:30:00Z"}), "deleted_at"),
        (json!({"name": "x", "email": "ann@x"}), "email"),
        (json!({"name": "x"}), "email"),
    ] {
        let problem = server.post("/users", body.clone()).await.expect(422).json();
        assert_eq!(problem["field"], field, "{body}");
    }
    for body in [json!([]), json!("x"), json!(null)] {
        server.post("/users", body).await.expect(422);
    }
    server.write("PATCH", "/users/1", json!({"id": 2})).await.expect(422);
    server.write("PATCH", "/users/1", json!({"id": 1, "age": 4})).await.expect(200);
    server.post("/users", json!({"id": 1, "name": "x", "email": "x"})).await.expect(422);
    server.post("/users?branch=other", ann()).await.problem(404, "unknown-reference");
    server.post("/users?as_of=HEAD", ann()).await.problem(400, "query");
    assert_eq!(server.get("/users").await.expect(200).total(), 1);
    server.end().await;
}

async fn a_change_of_nothing_is_no_commit(engine: Engine) {
    let server = Server::start(engine).await;
    server.post("/users", ann()).await.expect(201);
    for body in [json!({}), json!({"age": 30})] {
        let answer = server.write("PATCH", "/users/1", body).await.expect(200);
        assert_eq!(answer.header("x-commit"), None);
    }
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 1);
    server.end().await;
}

async fn many_rows_are_one_commit_or_none(engine: Engine) {
    let server = Server::start(engine).await;
    let rows = json!([{"name": "a", "email": "a"}, {"id": 9, "name": "b", "email": "b", "age": 3}, {"name": "c", "email": "c"}]);
    let created = server.post("/users/batch", rows).await.expect(201);
    assert_eq!(Json::from(each(&created.json(), "name")), json!(["a", "b", "c"]));
    assert_eq!(server.json(&format!("/vsg/commits/{}", created.commit())).await["tables"][0]["inserted"], 3);
    for (rows, detail) in [
        (json!([{"name": "d", "email": "d"}, {"name": "e", "email": "a"}]), "unique"),
        (json!([{"name": "d", "email": "d"}, {"name": 5, "email": "e"}]), "row 2"),
        (json!([{"name": "d", "email": "d"}, {"nmae": 5}]), "row 2"),
        (json!([{"name": "d", "email": "d"}, 7]), "row 2"),
        (json!([]), "at least one"),
        (json!({"name": "d", "email": "d"}), "array"),
    ] {
        let problem = server.post("/users/batch", rows).await.expect(422).json();
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    assert_eq!(server.get("/users").await.expect(200).total(), 3);

    server.order("DELETE", "/users/1").await.expect(200);
    let deleted = server.post("/users/batch/delete", json!({"ids": [1, "9", 77]})).await.expect(200);
    assert_eq!(deleted.json(), json!({"deleted": 1}));
    deleted.commit();
    for body in [json!({"ids": []}), json!({"ids": 1}), json!([1]), json!({"ids": ["x"]}), json!({"ids": [1], "x": 1})]
    {
        server.post("/users/batch/delete", body).await.expect(422);
    }
    server.end().await;
}

async fn the_record_limit_holds_for_every_way_in(engine: Engine) {
    let scene = Scene::new(engine).await;
    let bootstrap =
        Bootstrap::new(scene.vsg.clone()).mount(user::Entity::accessor(&scene.vsg)).create_tables(true).max_records(2);
    let server = Server::with(scene, bootstrap).await;
    server.post("/users", ann()).await.expect(201);
    server.post("/users", json!({"name": "b", "email": "b"})).await.expect(201);
    server.order("DELETE", "/users/1").await.expect(200);
    let one = json!({"name": "c", "email": "c"});
    assert_eq!(server.post("/users", one.clone()).await.problem(409, "record-limit")["component"], "users");
    server.write("PUT", "/users/5", one.clone()).await.problem(409, "record-limit");
    server.post("/users/batch", json!([one])).await.problem(409, "record-limit");
    let csv = server.call("POST", "/users/import.csv").header("X-User", "ann").header("Content-Type", "text/csv");
    csv.body("name,email\nc,c\n").send().await.problem(409, "record-limit");
    server.write("PUT", "/users/2", json!({"name": "B", "email": "b"})).await.expect(200);
    server.end().await;
}

async fn a_body_over_the_limit_is_refused(engine: Engine) {
    let scene = Scene::new(engine).await;
    let bootstrap = Bootstrap::new(scene.vsg.clone())
        .mount(user::Entity::accessor(&scene.vsg))
        .create_tables(true)
        .body_limit(400)
        .upload_limit(2000);
    let server = Server::with(scene, bootstrap).await;
    let large = |size: usize| json!({"name": "x".repeat(size), "email": "x"});
    server.post("/users", large(2_000_000)).await.problem(413, "too-large");
    server.post("/users", large(250)).await.expect(201);
    let csv = server.call("POST", "/users/import.csv").header("X-User", "ann").header("Content-Type", "text/csv");
    csv.body(format!("name,email\n{},y\n", "y".repeat(3000))).send().await.problem(413, "too-large");
    server.end().await;
}

async fn hooks_run_and_can_refuse(engine: Engine) {
    let scene = Scene::new(engine).await;
    let users = user::Entity::accessor(&scene.vsg).before_insert(|_, row| {
        Box::pin(async move {
            let name = row.name.clone().take().unwrap_or_default();
            assert!(name != "panic", "this is the hook's own fault");
            if name == "root" { Err("`root` is not welcome".into()) } else { Ok(()) }
        })
    });
    let bootstrap = Bootstrap::new(scene.vsg.clone()).mount(users).create_tables(true);
    let server = Server::with(scene, bootstrap).await;
    let problem = server.post("/users", json!({"name": "root", "email": "r"})).await.problem(422, "hook");
    assert!(problem["detail"].as_str().unwrap().contains("not welcome"));
    server.post("/users", json!({"name": "panic", "email": "r"})).await.problem(500, "internal");
    server.post("/users", ann()).await.expect(201);
    server.end().await;
}

async fn a_busy_database_is_told_from_a_broken_one(engine: Engine) {
    let server = Server::start(engine).await;
    let mut options = dbvsg::ConnectOptions::default();
    options.busy_timeout = Duration::from_millis(100);
    let vsg = dbvsg::Vsg::connect_with(&server.scene.url(), &options).await.unwrap();
    let other =
        Server::with(Scene::new(engine).await, Bootstrap::new(vsg.clone()).mount(user::Entity::accessor(&vsg))).await;
    other.get("/users").await.expect(200);
    // On SQLite any writer is in the way, on a server one who takes the same address.
    let holder = server.scene.vsg.begin("holder").await.unwrap();
    holder.execute_unprepared("INSERT INTO users (name, email) VALUES ('Other', 'ann@x')").await.unwrap();
    let busy = timeout(Duration::from_secs(20), other.post("/users", ann())).await.expect("it waits for ever");
    let busy = busy.expect(503);
    assert_eq!(busy.header("retry-after"), Some("1"));
    holder.rollback().await.unwrap();
    other.post("/users", ann()).await.expect(201);
    vsg.close().await.unwrap();
    other.get("/db/health").await.problem(503, "unavailable");
    other.get("/users").await.problem(503, "unavailable");
    server.end().await;
}
