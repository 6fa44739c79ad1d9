use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    filters_pick_rows,
    lists_are_sorted_and_cut,
    a_row_is_shown_by_its_key,
    deleted_rows_are_shown_when_asked_for,
    the_past_is_read_like_the_present,
);

async fn people(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    let rows = json!([
        {"name": "Ann", "email": "ann@x", "age": 30},
        {"name": "Bob", "email": "bob@x", "age": 40},
        {"name": "Örjan", "email": "o_rjan@x"},
        {"name": "100%", "email": "percent@x", "age": 50, "last_seen": "2024-01-15T12:30:00+02:00"},
    ]);
    server.post("/users/batch", rows).await.expect(201);
    server
}

async fn names(server: &Server, query: &str) -> Vec<Json> {
    each(&server.json(&format!("/users?{query}")).await, "name")
}

async fn filters_pick_rows(engine: Engine) {
    let server = people(engine).await;
    for (query, expected) in [
        ("name=Bob", json!(["Bob"])),
        // MariaDB's own collation takes a letter for the same in either case.
        ("name=bob", engine.pick(json!([]), json!([]), json!(["Bob"]))),
        ("name__ne=Bob", json!(["Ann", "Örjan", "100%"])),
        ("age__ne=30", json!(["Bob", "Örjan", "100%"])),
        ("age=40", json!(["Bob"])),
        ("age__gt=30", json!(["Bob", "100%"])),
        ("age__gte=40", json!(["Bob", "100%"])),
        ("age__lt=40", json!(["Ann"])),
        ("age__lte=40", json!(["Ann", "Bob"])),
        ("age__gt=30&age__lt=50", json!(["Bob"])),
        ("age__in=30,50,60", json!(["Ann", "100%"])),
        ("name__in=Ann,Bob", json!(["Ann", "Bob"])),
        ("age__null=true", json!(["Örjan"])),
        ("age__null=false", json!(["Ann", "Bob", "100%"])),
        ("name__contains=NN", json!(["Ann"])),
        ("name__contains=%C3%B6RJ", json!(["Örjan"])),
        ("name__contains=%25", json!(["100%"])),
        ("email__contains=_", json!(["Örjan"])),
        ("email__contains=*", json!([])),
        ("last_seen=2024-01-15T10:30:00Z", json!(["100%"])),
        ("last_seen__lt=2024-01-15T12:31:00+02:00", json!(["100%"])),
    ] {
        assert_eq!(Json::from(names(&server, query).await), expected, "{query}");
    }
    for query in [
        "age=old",
        "age__gt=",
        "age__in=1,x",
        "age__null=yes",
        "age__contains=3",
        "name__like=A",
        "nmae=A",
        "last_seen=yesterday",
        "name=A&name=B",
        "id__gt=99999999999",
    ] {
        let problem = server.get(&format!("/users?{query}")).await.problem(400, "query");
        assert!(problem["field"].is_string(), "{problem}");
    }
    server.end().await;
}

async fn lists_are_sorted_and_cut(engine: Engine) {
    let server = people(engine).await;
    assert_eq!(Json::from(names(&server, "order_by=age&order=desc").await), json!(["100%", "Bob", "Ann", "Örjan"]));
    assert_eq!(Json::from(names(&server, "order=desc&limit=2").await), json!(["100%", "Örjan"]));
    assert_eq!(Json::from(names(&server, "limit=2&offset=1").await), json!(["Bob", "Örjan"]));
    for (query, total) in [("limit=2", 4), ("limit=2&offset=3", 4), ("offset=9", 4), ("age__gt=30&limit=1", 2)] {
        assert_eq!(server.get(&format!("/users?{query}")).await.expect(200).total(), total, "{query}");
    }
    for query in ["limit=0", "limit=1001", "limit=x", "offset=-1", "order=up", "order_by=nmae", "include_deleted=1"] {
        server.get(&format!("/users?{query}")).await.problem(400, "query");
    }
    server.end().await;
}

async fn a_row_is_shown_by_its_key(engine: Engine) {
    let server = people(engine).await;
    let row = server.json("/users/4").await;
    assert_eq!(row["last_seen"], "2024-01-15T10:30:00.000000Z");
    assert_eq!(row["deleted_at"], Json::Null);
    assert_eq!(server.json("/users/4/").await, row);
    assert_eq!(server.get("/users/99").await.problem(404, "unknown-row")["key"], "99");
    server.get("/users/x").await.problem(400, "key");
    server.get("/users/1?nmae=1").await.problem(400, "query");
    let head = server.call("HEAD", "/users/4").send().await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    server.end().await;
}

async fn deleted_rows_are_shown_when_asked_for(engine: Engine) {
    let server = people(engine).await;
    server.order("DELETE", "/users/2").await.expect(200);
    server.get("/users/2").await.problem(404, "unknown-row");
    assert!(server.json("/users/2?include_deleted=true").await["deleted_at"].is_string());
    assert_eq!(server.get("/users").await.expect(200).total(), 3);
    assert_eq!(server.get("/users?include_deleted=true").await.expect(200).total(), 4);
    assert_eq!(Json::from(names(&server, "include_deleted=true&deleted_at__null=false").await), json!(["Bob"]));
    server.end().await;
}

async fn the_past_is_read_like_the_present(engine: Engine) {
    let server = people(engine).await;
    let first = server.json("/vsg/logs").await[0]["uuid"].as_str().unwrap().to_owned();
    server.write("PATCH", "/users/1", json!({"age": 31})).await.expect(200);
    server.order("DELETE", "/users/2").await.expect(200);
    server.post("/users", json!({"name": "Eve", "email": "eve@x"})).await.expect(201);
    assert_eq!(names(&server, "").await.len(), 4);
    let then = format!("as_of={first}");
    assert_eq!(Json::from(names(&server, &then).await), json!(["Ann", "Bob", "Örjan", "100%"]));
    assert_eq!(Json::from(names(&server, &format!("{then}&age__gt=30&limit=1")).await), json!(["Bob"]));
    assert_eq!(server.json(&format!("/users/1?{then}")).await["age"], 30);
    assert_eq!(server.json("/users/1?as_of=HEAD~3").await["age"], 30);
    assert_eq!(server.json("/users/1?as_of=HEAD&branch=main").await["age"], 31);
    assert_eq!(server.json(&format!("/users/1?as_of={}", &first[..7])).await["age"], 30);
    server.get(&format!("/users/5?{then}")).await.problem(404, "unknown-row");
    let csv = server.get(&format!("/users/export.csv?{then}")).await.expect(200).text();
    assert!(csv.contains("Bob") && !csv.contains("Eve"), "{csv}");
    for (reference, status) in [
        ("HEAD~99", 404),
        ("nothing", 404),
        ("2001-01-01T00:00:00Z", 404),
        ("00000000-0000-4000-8000-000000000000", 404),
        ("abcdef", 404),
        ("HEAD~", 400),
        ("2024-01-15", 400),
        ("a%20b", 400),
    ] {
        server.get(&format!("/users?as_of={reference}")).await.expect(status);
    }
    for path in ["/users?branch=other", "/users/1?branch=other", "/users/export.csv?branch=other"] {
        server.get(path).await.problem(404, "unknown-reference");
    }
    server.end().await;
}
