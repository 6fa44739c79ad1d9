use std::net::TcpListener;

use dbvsg::Versioned;
use dbvsg_tests::{Engine, Scene, models::user, scenarios};
use dbvsg_web::{Bootstrap, Error};
use poem::listener::TcpAcceptor;
use serde_json::{Value as Json, json};

use crate::client::{Call, Server};

scenarios!(
    the_database_tells_how_it_is,
    unknown_paths_and_methods_are_problems,
    every_answer_names_its_request,
    the_document_lists_every_call_with_its_errors,
    the_documentation_is_one_page,
    an_application_can_nest_it,
    a_server_that_cannot_be_is_not_built,
);

async fn the_database_tells_how_it_is(engine: Engine) {
    let server = Server::start(engine).await;
    let health = server.json("/db/health/").await;
    assert_eq!(health, json!({"status": "ok", "backend": engine.name(), "tracked": 3, "unsealed": 0, "lag": 0.0}));
    server.end().await;
}

async fn unknown_paths_and_methods_are_problems(engine: Engine) {
    let server = Server::start(engine).await;
    for path in ["/", "/nothing", "/users/1/nothing", "/users//", "/db", "/audit"] {
        server.get(path).await.problem(404, "unknown-path");
    }
    let refused = server.call("PUT", "/users").send().await;
    assert_eq!(refused.header("allow"), Some("GET, POST"));
    refused.problem(405, "method");
    server.call("DELETE", "/vsg/logs/").send().await.problem(405, "method");
    server.end().await;
}

async fn every_answer_names_its_request(engine: Engine) {
    let server = Server::start(engine).await;
    let answer = server.call("GET", "/users").header("X-Request-Id", "abc-1").send().await;
    assert_eq!(answer.header("x-request-id"), Some("abc-1"));
    assert_eq!(server.get("/nothing").await.header("x-request-id").unwrap().len(), 36);
    let forged = server.call("GET", "/users").header("X-Request-Id", "a b").send().await;
    assert_eq!(forged.header("x-request-id").unwrap().len(), 36);
    server.end().await;
}

async fn the_document_lists_every_call_with_its_errors(engine: Engine) {
    let server = Server::start(engine).await;
    let document = server.json("/openapi.json").await;
    assert_eq!(document["openapi"], "3.0.3");
    assert_eq!(document["servers"], json!([{"url": "/"}]));
    let mut ids = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let called = format!("{method} {path}");
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{called}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{called}");
            for status in ["400", "500", "503"] {
                assert!(answers[status]["content"]["application/problem+json"].is_object(), "{called} {status}");
            }
            let named: Vec<&str> = operation["parameters"].as_array().map_or(Vec::new(), |parameters| {
                parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect()
            });
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(named.contains(&part), "{called}");
            }
            references(operation, &document, &called);
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are unique");
    for (path, method) in
        [("/users", "get"), ("/users/{id}", "patch"), ("/users/import.csv", "post"), ("/vsg/diff", "get")]
    {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["users"]["properties"]["age"], json!({"type": "integer", "format": "int32", "nullable": true}));
    assert_eq!(schemas["users.create"]["required"], json!(["name", "email"]));
    assert!(schemas["users.create"]["properties"]["deleted_at"].is_null());
    assert_eq!(schemas["orders"]["properties"]["id"], json!({"type": "string", "format": "uuid"}));
    server.end().await;
}

/// All references lead somewhere.
fn references(value: &Json, document: &Json, called: &str) {
    match value {
        Json::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(Json::as_str) {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{called}: {target}");
            }
            fields.values().for_each(|value| references(value, document, called));
        }
        Json::Array(items) => items.iter().for_each(|value| references(value, document, called)),
        _ => {}
    }
}

async fn the_documentation_is_one_page(engine: Engine) {
    let server = Server::start(engine).await;
    let page = server.get("/docs").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("/users/import.csv"));
    server.end().await;
}

async fn an_application_can_nest_it(engine: Engine) {
    use poem::{Route, handler};

    #[handler]
    fn hello() -> &'static str {
        "hello"
    }

    let scene = Scene::new(engine).await;
    let api = Bootstrap::new(scene.vsg.clone()).mount(user::Entity::accessor(&scene.vsg)).create_tables(true);
    let app = Route::new().at("/hello", hello).nest("/api/v", api.build().await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let acceptor = TcpAcceptor::from_std(listener).unwrap();
    let running = tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(app));
    let get = |path: &str| Call::new(address, "GET", path).send();
    assert_eq!(get("/hello").await.text(), "hello");
    let post = Call::new(address, "POST", "/api/v/users/").header("X-User", "ann");
    let created = post.json(&json!({"name": "a", "email": "a"})).send().await.expect(201);
    assert_eq!(created.header("location"), Some("/api/v/users/1"));
    get("/api/v/users/1/").await.expect(200);
    get("/api/v").await.problem(404, "unknown-path");
    assert_eq!(get("/api/v/openapi.json").await.expect(200).json()["servers"], json!([{"url": "/api/v"}]));
    running.abort();
    scene.end().await;
}

async fn a_server_that_cannot_be_is_not_built(engine: Engine) {
    let scene = Scene::new(engine).await;
    let users = || user::Entity::accessor(&scene.vsg);
    let built = Bootstrap::new(scene.vsg.clone()).mount(users()).build().await;
    assert!(matches!(built, Err(Error::Mount { component, .. }) if component == "users"));
    let built = Bootstrap::new(scene.vsg.clone()).mount(users()).mount(users()).create_tables(true).build().await;
    assert!(matches!(built, Err(Error::DuplicateComponent { component }) if component == "users"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let served = Bootstrap::new(scene.vsg.clone()).serve(&address).await;
    assert!(matches!(served, Err(Error::Serve { .. })));
    scene.end().await;
}
