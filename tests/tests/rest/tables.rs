use dbvsg::sea_orm::ConnectionTrait;
use dbvsg_tests::{Engine, Scene, scenarios};
use dbvsg_web::Bootstrap;
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    all_tables_are_listed,
    a_table_tells_what_happened_to_it,
    a_table_is_enabled_while_the_server_runs,
    what_cannot_be_enabled_is_refused,
    a_table_is_read_as_it_was,
    changes_are_listed_by_time_and_kind,
    a_row_tells_its_versions,
    two_states_are_compared,
    what_is_not_tracked_has_no_past,
);

/// A tracked table, one that is not, and one that cannot be.
async fn shop(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    server.scene.sql("CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)").await;
    server.scene.sql("CREATE TABLE keyless (a INTEGER)").await;
    server
}

/// Three commits on `users`: two rows come, one changes, one goes and another comes.
async fn told(engine: Engine) -> (Server, Vec<String>) {
    let server = Server::start(engine).await;
    let rows = json!([{"name": "a", "email": "a"}, {"name": "b", "email": "b"}]);
    let mut commits = vec![server.post("/users/batch", rows).await.expect(201).commit()];
    commits.push(server.write("PATCH", "/users/1", json!({"age": 5})).await.expect(200).commit());
    let txn = server.scene.vsg.begin("ben").await.unwrap();
    for sql in ["DELETE FROM users WHERE id = 2", "INSERT INTO users (id, name, email) VALUES (3, 'c', 'c')"] {
        txn.execute_unprepared(sql).await.unwrap();
    }
    commits.push(txn.commit().await.unwrap().unwrap().to_string());
    (server, commits)
}

async fn all_tables_are_listed(engine: Engine) {
    let server = shop(engine).await;
    server.post("/users", json!({"name": "a", "email": "a"})).await.expect(201);
    server.write("PATCH", "/users/1", json!({"age": 5})).await.expect(200);
    let list = server.get("/vsg/tables").await.expect(200);
    assert_eq!(list.total(), 5);
    let list = list.json();
    assert_eq!(Json::from(each(&list, "table")), json!(["keyless", "orders", "pay", "prices", "users"]));
    let users = json!({
        "table": "users", "component": "users", "tracked": true, "history_table": "users_history", "rows": 1, "versions": 2,
        "reason": null,
    });
    assert_eq!(list[4], users);
    assert_eq!(
        list[4].as_object().unwrap().keys().collect::<Vec<_>>(),
        users.as_object().unwrap().keys().collect::<Vec<_>>()
    );
    assert_eq!((&list[1]["rows"], &list[1]["versions"]), (&json!(0), &json!(0)));
    let pay = json!({
        "table": "pay", "component": null, "tracked": false, "history_table": null, "rows": null, "versions": null, "reason": null,
    });
    assert_eq!(list[2], pay);
    assert!(list[0]["reason"].as_str().unwrap().contains("primary key"));
    let page = server.get("/vsg/tables?limit=2&offset=3").await.expect(200);
    assert_eq!((page.total(), Json::from(each(&page.json(), "table"))), (5, json!(["prices", "users"])));
    assert_eq!(server.json("/vsg/tables?offset=99999999999").await, json!([]));
    for query in ["limit=0", "offset=x", "x=1"] {
        server.get(&format!("/vsg/tables?{query}")).await.problem(400, "query");
    }
    server.end().await;
}

async fn a_table_tells_what_happened_to_it(engine: Engine) {
    let server = shop(engine).await;
    server.scene.sql("INSERT INTO pay VALUES (1, 10), (2, 20)").await;
    server.order("POST", "/vsg/tables/pay/enable").await.expect(200);
    let pay = server.json("/vsg/tables/pay").await;
    let fields = [
        "table",
        "tracked",
        "history_table",
        "enabled_at",
        "rows",
        "versions",
        "inserts",
        "updates",
        "deletes",
        "first_change",
        "last_change",
        "history_bytes",
    ];
    assert_eq!(pay.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    assert_eq!((&pay["rows"], &pay["versions"], &pay["inserts"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!((&pay["first_change"], &pay["last_change"]), (&Json::Null, &Json::Null), "a baseline is no change");

    let first = server.scene.commit("UPDATE pay SET amount = 11").await.to_string();
    server.scene.commit("DELETE FROM pay WHERE id = 1").await;
    let last = server.scene.commit("INSERT INTO pay VALUES (3, 30)").await.to_string();
    let pay = server.json("/vsg/tables/pay/").await;
    let counts: Vec<&Json> =
        ["rows", "versions", "inserts", "updates", "deletes"].iter().map(|name| &pay[name]).collect();
    assert_eq!(json!(counts), json!([2, 6, 3, 2, 1]));
    let moment = async |commit: &str| server.json(&format!("/vsg/commits/{commit}")).await["created_at"].clone();
    assert_eq!((&pay["first_change"], &pay["last_change"]), (&moment(&first).await, &moment(&last).await));
    assert!(pay["enabled_at"].as_str().unwrap() < pay["first_change"].as_str().unwrap());
    assert!(pay["history_bytes"].as_i64().unwrap() > 0);

    server.post("/users", json!({"name": "a", "email": "a"})).await.expect(201);
    server.order("DELETE", "/users/1").await.expect(200);
    server.order("POST", "/users/1/restore").await.expect(200);
    let users = server.json("/vsg/tables/users").await;
    assert_eq!((&users["rows"], &users["updates"], &users["versions"]), (&json!(1), &json!(2), &json!(3)));

    let keyless = server.json("/vsg/tables/keyless").await;
    assert_eq!(
        (&keyless["tracked"], &keyless["rows"], &keyless["history_bytes"]),
        (&json!(false), &Json::Null, &Json::Null)
    );
    for name in ["nothing", "pay_history", "dbvsg_commit"] {
        server.get(&format!("/vsg/tables/{name}")).await.problem(404, "unknown-table");
    }
    server.get("/vsg/tables/pay?x=1").await.problem(400, "query");
    server.end().await;
}

async fn a_table_is_enabled_while_the_server_runs(engine: Engine) {
    let server = shop(engine).await;
    server.scene.sql("INSERT INTO pay VALUES (1, 10)").await;
    let call = server.call("POST", "/vsg/tables/pay/enable").header("X-User", "Zoë").header("X-Reason", "auditors");
    let enabled = call.json(&json!({"suffix": "_log"})).send().await.expect(200);
    assert_eq!((&enabled.json()["tracked"], &enabled.json()["history_table"]), (&json!(true), &json!("pay_log")));
    let commit = server.json(&format!("/vsg/commits/{}", enabled.commit())).await;
    assert_eq!((&commit["operation"], &commit["user_id"]), (&json!("BASELINE"), &json!("Zoë")));
    assert_eq!((&commit["message"], &commit["tables"][0]["inserted"]), (&json!("auditors"), &json!(1)));
    assert_eq!(commit["query"], "POST /vsg/tables/pay/enable");

    let then = server.scene.commit("UPDATE pay SET amount = 11").await;
    assert_eq!(server.json("/audit/pay").await[0]["after"]["amount"], 11);
    assert_eq!(server.json("/vsg/tables/pay/at?ref=HEAD~1").await[0]["amount"], 10);
    assert_eq!(server.json(&format!("/vsg/tables/pay/at?ref={then}")).await[0]["amount"], 11);
    assert_eq!(server.json("/db/health").await["tracked"], 4);

    server.scene.sql("CREATE TABLE bare (id INTEGER PRIMARY KEY)").await;
    let enabled = server.order("POST", "/vsg/tables/bare/enable/").await.expect(200);
    assert_eq!((enabled.header("x-commit"), &enabled.json()["rows"]), (None, &json!(0)), "there was no row");
    server.scene.commit("INSERT INTO bare VALUES (1)").await;
    assert_eq!(server.json("/vsg/tables/bare/at?ref=HEAD").await, json!([{"id": 1}]));

    // Another program's server on the same database.
    let other = dbvsg::Vsg::connect(&server.scene.url()).await.unwrap();
    let built = Bootstrap::new(other.clone()).build().await.unwrap();
    server.scene.sql("CREATE TABLE late (id INTEGER PRIMARY KEY)").await;
    server.post("/vsg/tables/late/enable", json!({"suffix": null})).await.expect(200);
    let seen =
        poem::Endpoint::get_response(&built, poem::Request::builder().uri_str("/vsg/tables/late").finish()).await;
    assert_eq!(seen.into_body().into_json::<Json>().await.unwrap()["tracked"], true);
    other.close().await.unwrap();
    server.end().await;
}

async fn what_cannot_be_enabled_is_refused(engine: Engine) {
    let server = shop(engine).await;
    server.scene.sql("CREATE TABLE pay_taken (id INTEGER PRIMARY KEY)").await;
    server.scene.sql("INSERT INTO pay VALUES (1, 10)").await;
    server.post("/users", json!({"name": "a", "email": "a"})).await.expect(201);
    let enable = |table: &str| format!("/vsg/tables/{table}/enable");
    server.order("POST", &enable("users")).await.problem(409, "already-tracked");
    server.order("POST", &enable("nothing")).await.problem(404, "unknown-table");
    server.order("POST", &enable("users_history")).await.problem(404, "unknown-table");
    let refused = server.order("POST", &enable("keyless")).await.problem(422, "untrackable");
    assert_eq!(refused["table"], "keyless");
    server.post(&enable("pay"), json!({"suffix": "_taken"})).await.problem(422, "untrackable");
    for (body, field) in [
        (json!({"suffix": ""}), "suffix"),
        (json!({"suffix": "a\"b"}), "suffix"),
        (json!({"suffix": 1}), "suffix"),
        (json!({"suffix": "x".repeat(51)}), "suffix"),
        (json!({"prefix": "x"}), "prefix"),
    ] {
        assert_eq!(server.post(&enable("pay"), body).await.problem(422, "invalid")["field"], field);
    }
    server.post(&enable("pay"), json!([])).await.problem(422, "invalid");
    let call = || server.call("POST", "/vsg/tables/pay/enable");
    call().send().await.problem(400, "header");
    call().header("X-User", "ann").body("{").send().await.problem(400, "unreadable-body");
    call().header("X-User", "ann").header("Content-Type", "text/csv").body("x").send().await.problem(400, "header");
    let stale = |parent: &'static str| call().header("X-User", "ann").header("X-Parent", parent).send();
    server.post("/users", json!({"name": "b", "email": "b"})).await.expect(201);
    stale("HEAD~1").await.problem(409, "stale-parent");
    stale("HEAD~").await.problem(400, "malformed-reference");
    assert_eq!(server.json("/vsg/tables/pay").await["tracked"], false, "nothing is left half-done");
    stale("HEAD").await.expect(200);
    server.order("POST", &enable("pay")).await.problem(409, "already-tracked");
    server.end().await;
}

async fn a_table_is_read_as_it_was(engine: Engine) {
    let (server, commits) = told(engine).await;
    let at = |query: String| format!("/vsg/tables/users/at?ref={query}");
    let whole = server.get(&at(commits[0].clone())).await.expect(200);
    assert_eq!(Json::from(each(&whole.json(), "name")), json!(["a", "b"]));
    assert_eq!((whole.header("x-total-count"), &whole.json()[0]["age"]), (None, &Json::Null));
    assert_eq!(server.json(&at("HEAD".into())).await[0]["age"], 5);
    assert_eq!(server.json(&at("HEAD~2".into())).await, whole.json());
    let page = server.get(&at("HEAD&limit=1&offset=1".into())).await.expect(200);
    assert_eq!((page.total(), Json::from(each(&page.json(), "name"))), (2, json!(["c"])));
    let page = server.get(&at(format!("{}&limit=1000", commits[1]))).await.expect(200);
    assert_eq!((page.total(), page.json().as_array().unwrap().len()), (2, 2));
    for query in ["", "?ref=HEAD&limit=0", "?ref=HEAD&offset=1", "?ref=HEAD&limit=x", "?ref=HEAD&x=1"] {
        server.get(&format!("/vsg/tables/users/at{query}")).await.problem(400, "query");
    }
    for (reference, status) in
        [("HEAD~", 400), ("2024-01-15", 400), ("HEAD~3", 404), ("nothing", 404), ("2001-01-01T00:00:00Z", 404)]
    {
        server.get(&at(reference.into())).await.expect(status);
    }
    server.end().await;
}

async fn changes_are_listed_by_time_and_kind(engine: Engine) {
    let (server, commits) = told(engine).await;
    let changes = server.get("/vsg/tables/users/changes").await.expect(200);
    assert_eq!(changes.total(), 5);
    assert_eq!(changes.json(), server.json("/audit/users").await);
    let second = server.json(&format!("/vsg/commits/{}", commits[1])).await["created_at"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("operation=update", 1),
        ("operation=create", 3),
        ("operation=delete&limit=1", 1),
        (&format!("start={second}"), 3),
        (&format!("end={second}"), 2),
        (&format!("start={second}&end={second}"), 0),
        ("limit=2&offset=4", 5),
    ] {
        let answer = server.get(&format!("/vsg/tables/users/changes?{query}")).await.expect(200);
        assert_eq!(answer.total(), expected, "{query}");
    }
    assert_eq!(server.get("/vsg/tables/prices/changes").await.expect(200).total(), 0);
    for query in
        ["start=yesterday", "end=2024-01-15", "operation=insert", "operation=baseline", "limit=1001", "since=x"]
    {
        server.get(&format!("/vsg/tables/users/changes?{query}")).await.problem(400, "query");
    }
    server.end().await;
}

async fn a_row_tells_its_versions(engine: Engine) {
    let (server, _) = told(engine).await;
    let versions = server.get("/vsg/tables/users/rows/1").await.expect(200);
    assert_eq!((versions.total(), Json::from(each(&versions.json(), "version"))), (2, json!([2, 1])));
    assert_eq!(versions.json(), server.json("/users/1/history").await);
    assert_eq!(server.json("/vsg/tables/users/rows/2?limit=1").await[0]["operation"], "delete");
    server.write("PUT", "/prices/tea,DE", json!({"amount": 1})).await.expect(201);
    assert_eq!(server.json("/vsg/tables/prices/rows/tea,DE").await[0]["operation"], "create");
    server.get("/vsg/tables/users/rows/99").await.problem(404, "unknown-row");
    server.get("/vsg/tables/users/rows/x").await.problem(400, "key");
    server.get("/vsg/tables/prices/rows/tea").await.problem(400, "key");
    server.get("/vsg/tables/users/rows/1?limit=0").await.problem(400, "query");
    server.end().await;
}

async fn two_states_are_compared(engine: Engine) {
    let (server, commits) = told(engine).await;
    let path = format!("/vsg/tables/users/compare?from={}&to=HEAD", commits[0]);
    let compared = server.json(&path).await;
    assert_eq!(Json::from(each(&compared["added_rows"], "name")), json!(["c"]));
    assert_eq!(Json::from(each(&compared["deleted_rows"], "name")), json!(["b"]));
    let diff = server.json(&format!("/vsg/diff?table=users&from={}&to=HEAD", commits[0])).await;
    assert_eq!(compared["modified_rows"], diff["changed"]);
    assert_eq!(compared["modified_rows"][0]["fields"], json!({"age": {"from": null, "to": 5}}));
    let none = server.json("/vsg/tables/users/compare?from=HEAD&to=HEAD").await;
    assert_eq!(none, json!({"added_rows": [], "deleted_rows": [], "modified_rows": []}));
    for (query, status) in [
        ("from=HEAD", 400),
        ("to=HEAD", 400),
        ("from=HEAD~&to=HEAD", 400),
        ("from=HEAD&to=HEAD&stat=true", 400),
        ("from=HEAD~9&to=HEAD", 404),
        ("from=HEAD&to=nothing", 404),
    ] {
        server.get(&format!("/vsg/tables/users/compare?{query}")).await.expect(status);
    }
    server.end().await;
}

async fn what_is_not_tracked_has_no_past(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE pay (id INTEGER PRIMARY KEY)"]).await;
    let bootstrap = Bootstrap::new(scene.vsg.clone());
    let server = Server::with(scene, bootstrap).await;
    for call in ["at?ref=HEAD", "changes", "rows/1", "compare?from=HEAD&to=HEAD"] {
        server.get(&format!("/vsg/tables/pay/{call}")).await.problem(404, "not-tracked");
        server.get(&format!("/vsg/tables/nothing/{call}")).await.problem(404, "unknown-table");
    }
    server.scene.sql("INSERT INTO pay VALUES (1)").await;
    server.order("POST", "/vsg/tables/pay/enable").await.expect(200);
    assert_eq!(server.json("/vsg/tables/pay/at?ref=HEAD").await, json!([{"id": 1}]));
    server.end().await;
}
