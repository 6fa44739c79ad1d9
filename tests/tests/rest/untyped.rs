//! Components without a model: every tracked table.

use dbvsg::Versioned;
use dbvsg_tests::{
    Engine, Scene,
    models::{order, user},
    scenarios,
};
use dbvsg_web::Bootstrap;
use serde_json::{Value as Json, json};

use crate::client::{Answer, Server, each};

scenarios!(
    every_call_of_a_component_works,
    a_body_that_does_not_fit_names_its_field,
    lists_are_filtered_sorted_and_paged,
    composite_keys_and_odd_names_have_paths,
    names_that_the_interface_uses_get_a_sign,
    values_of_many_types_pass,
    files_go_in_and_out,
    mounted_components_stay_what_they_are,
);
scenarios!(Postgres: a_table_of_another_schema_has_its_name);

/// Pets and their owners, tracked.
async fn pets(engine: Engine) -> Server {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE owner (id INTEGER PRIMARY KEY, name VARCHAR(50) UNIQUE)",
            &format!(
                "CREATE TABLE pet (id {}, name VARCHAR(50) NOT NULL, kind VARCHAR(20) NOT NULL DEFAULT 'cat', age INTEGER, owner \
                 INTEGER, twice INTEGER GENERATED ALWAYS AS (age * 2) STORED, FOREIGN KEY (owner) REFERENCES owner (id))",
                engine.auto_key()
            ),
            "CREATE TABLE outside (id INTEGER PRIMARY KEY)",
        ],
    )
    .await;
    scene.vsg.enable("owner").await.unwrap();
    scene.vsg.enable("pet").await.unwrap();
    start(scene).await
}

async fn start(scene: Scene) -> Server {
    let bootstrap = Bootstrap::new(scene.vsg.clone()).mount_tracked();
    Server::with(scene, bootstrap).await
}

async fn every_call_of_a_component_works(engine: Engine) {
    let server = pets(engine).await;
    let created = server.post("/pet", json!({"name": "Tom", "age": 3})).await.expect(201);
    assert_eq!(created.header("location"), Some("/pet/1"));
    let tom = json!({"id": 1, "name": "Tom", "kind": "cat", "age": 3, "owner": null, "twice": 6});
    assert_eq!(created.json(), tom);
    let first = created.commit();
    assert_eq!(server.json("/pet/1").await, tom);
    let patched = server.write("PATCH", "/pet/1", json!({"age": "4"})).await.expect(200).json();
    assert_eq!((&patched["age"], &patched["twice"]), (&json!(4), &json!(8)));
    let put = server.write("PUT", "/pet/1", json!({"id": 9, "name": "Tim", "kind": "dog"})).await.expect(200).json();
    assert_eq!(put, json!({"id": 1, "name": "Tim", "kind": "dog", "age": null, "owner": null, "twice": null}));
    let put = server.write("PUT", "/pet/1", json!({"name": "Tim"})).await.expect(200).json();
    assert_eq!(put["kind"], "cat");
    let put = server.write("PUT", "/pet/5", json!({"name": "Ida"})).await.expect(201);
    assert_eq!((put.header("location"), &put.json()["kind"]), (Some("/pet/5"), &json!("cat")));
    let rows = server.post("/pet/batch", json!([{"name": "a"}, {"name": "b", "age": 1}])).await.expect(201).json();
    assert_eq!(Json::from(each(&rows, "id")), json!([6, 7]));
    assert_eq!(server.json(&format!("/pet?as_of={first}")).await, json!([tom]));
    assert_eq!(server.json(&format!("/pet/1?as_of={first}")).await, tom);
    let history = server.json("/pet/1/history").await;
    assert_eq!(Json::from(each(&history, "operation")), json!(["update", "update", "update", "create"]));
    let diff = server.json("/pet/1/diff?from=v1&to=v2").await;
    assert_eq!(diff["fields"]["age"], json!({"from": 3, "to": 4}));
    assert_eq!(server.json("/pet/1/blame").await.as_array().unwrap().len(), 6);
    assert_eq!(server.json("/pet/1/lineage").await.as_array().unwrap().len(), 4);
    let back = server.post("/pet/1/rollback", json!({"to": first})).await.expect(200);
    assert_eq!(back.json(), tom);
    server.order("POST", "/pet/1/restore").await.problem(409, "no-soft-delete");
    let deleted = server.post("/pet/batch/delete", json!({"ids": [6, "7", 99]})).await.expect(200);
    assert_eq!(deleted.json(), json!({"deleted": 2}));
    assert_eq!(server.order("DELETE", "/pet/1").await.expect(200).json(), json!({"status": "deleted"}));
    for (method, path) in [("GET", "/pet/1"), ("DELETE", "/pet/1"), ("GET", "/pet/77/history")] {
        let problem = server.order(method, path).await.problem(404, "unknown-row");
        assert!(problem["key"] == "1" || problem["key"] == "77", "{problem}");
    }
    server.write("PATCH", "/pet/1", json!({"age": 1})).await.problem(404, "unknown-row");
    server.get("/outside").await.problem(404, "unknown-path");
    let audit = server.json("/db/audit?component=pet").await;
    assert!(each(&audit, "component").iter().all(|name| name == "pet"), "{audit}");
    let tables = server.json("/vsg/tables").await;
    let named: Vec<(Json, Json)> = each(&tables, "table").into_iter().zip(each(&tables, "component")).collect();
    assert!(
        named.contains(&(json!("pet"), json!("pet"))) && named.contains(&(json!("outside"), Json::Null)),
        "{tables}"
    );
    let document = server.json("/openapi.json").await;
    assert_eq!(document["components"]["schemas"]["pet.create"]["required"], json!(["name"]));
    assert!(document["components"]["schemas"]["pet.create"]["properties"]["twice"].is_null());
    server.end().await;
}

async fn a_body_that_does_not_fit_names_its_field(engine: Engine) {
    let server = pets(engine).await;
    for (body, field) in [
        (json!({"name": "a", "age": "x"}), "age"),
        (json!({"name": "a", "age": 99_999_999_999_i64}), ""),
        (json!({"name": null}), "name"),
        (json!({"age": 1}), "name"),
        (json!({"name": "a", "nope": 1}), "nope"),
        (json!({"name": "a", "twice": 1}), "twice"),
        (json!({"name": "a", "owner": 9}), ""),
    ] {
        if engine == Engine::Sqlite && body["age"].is_i64() && body["age"] != 1 {
            continue;
        }
        let problem = server.post("/pet", body.clone()).await.expect(422).json();
        assert!(field.is_empty() || problem["field"] == field, "{body}: {problem}");
        let problem = server.post("/pet/batch", json!([{"name": "fine"}, body])).await.expect(422).json();
        assert!(field.is_empty() || problem["field"] == field, "{body}: {problem}");
    }
    let row = server.post("/pet/batch", json!([{"name": "fine"}, {"name": 1}])).await.expect(422).json();
    assert!(row["detail"].as_str().unwrap().starts_with("row 2"), "{row}");
    server.post("/owner", json!({"id": 1, "name": "x"})).await.expect(201);
    let problem = server.post("/owner", json!({"id": 2, "name": "x"})).await.problem(422, "violation");
    assert_eq!((&problem["table"], &problem["field"]), (&json!("owner"), &json!("name")));
    server.post("/pet", json!({"name": "a", "owner": 1})).await.expect(201);
    server.order("DELETE", "/owner/1").await.problem(422, "violation");
    server.write("PATCH", "/owner/1", json!({"id": 3})).await.expect(422);
    server.get("/pet/x").await.problem(400, "key");
    server.call("POST", "/pet").json(&json!({"name": "a"})).send().await.problem(400, "header");
    let stale = server.call("POST", "/pet").header("X-User", "ann").header("X-Parent", "HEAD~1");
    stale.json(&json!({"name": "b"})).send().await.expect(404);
    assert_eq!(server.get("/pet").await.expect(200).total(), 1);
    server.end().await;
}

async fn lists_are_filtered_sorted_and_paged(engine: Engine) {
    let server = pets(engine).await;
    let rows = json!([{"name": "Änne", "age": 3}, {"name": "bob"}, {"name": "Carl", "age": 1}]);
    let commit = server.post("/pet/batch", rows).await.expect(201).commit();
    server.order("DELETE", "/pet/3").await.expect(200);
    for (query, ids) in [
        ("age__gt=1", json!([1])),
        ("age__ne=3", json!([2])),
        ("age__null=true", json!([2])),
        ("id__in=2,1,7", json!([1, 2])),
        ("name__contains=%C3%A4N", json!([1])),
        ("kind=cat&age__lte=3", json!([1])),
        ("order_by=age", json!([2, 1])),
        ("order=desc", json!([2, 1])),
        ("order_by=age&order=desc&limit=1", json!([1])),
        (&format!("order_by=age&as_of={commit}"), json!([2, 3, 1])),
        (&format!("age__lt=3&as_of={commit}"), json!([3])),
        ("twice=6", json!([1])),
    ] {
        let list = server.get(&format!("/pet?{query}")).await.expect(200);
        assert_eq!(Json::from(each(&list.json(), "id")), ids, "{query}");
    }
    let page = server.get("/pet?limit=1&offset=1").await.expect(200);
    assert_eq!((page.total(), &page.json()[0]["id"]), (2, &json!(2)));
    for query in ["nope=1", "age=x", "age__contains=1", "order_by=nope", "limit=0", "age__null=1"] {
        let problem = server.get(&format!("/pet?{query}")).await.problem(400, "query");
        assert_eq!(problem["field"], query.split('=').next().unwrap());
    }
    server.end().await;
}

async fn composite_keys_and_odd_names_have_paths(engine: Engine) {
    let scene = Scene::new(engine).await;
    for (table, path) in [
        ("order items", "/order%20items"),
        ("a/b?c#d%e", "/a%2Fb%3Fc%23d%25e"),
        ("{id}", "/%7Bid%7D"),
        ("Commit", "/Commit"),
        ("ünï'\"`;--", "/%C3%BCn%C3%AF%27%22%60%3B--"),
    ] {
        let [quoted, limit, odd] = [table, "limit", "a b\"`"].map(|name| engine.quote(name));
        let text = engine.pick("TEXT", "text", "VARCHAR(40)");
        scene
            .sql(&format!("CREATE TABLE {quoted} ({limit} {text}, {odd} INTEGER, PRIMARY KEY ({odd}, {limit}))"))
            .await;
        scene.vsg.enable(table).await.unwrap();
        assert!(path.len() > 2);
    }
    let server = start(scene).await;
    for (table, path) in [
        ("order items", "/order%20items"),
        ("a/b?c#d%e", "/a%2Fb%3Fc%23d%25e"),
        ("{id}", "/%7Bid%7D"),
        ("Commit", "/Commit"),
        ("ünï'\"`;--", "/%C3%BCn%C3%AF%27%22%60%3B--"),
    ] {
        let created = server.post(path, json!({"limit": "x,/y", "a b\"`": 1})).await.expect(201);
        let location = format!("{path}/1,x%2C%2Fy");
        assert_eq!(created.header("location"), Some(location.as_str()));
        assert_eq!(server.json(&location).await["limit"], "x,/y");
        assert_eq!(server.json(&format!("{path}?limit__in=x&a%20b%22%60__gt=0")).await, json!([]));
        assert_eq!(server.json(&format!("{location}/history")).await.as_array().unwrap().len(), 1);
        let audit = server.json("/db/audit?limit=1").await;
        assert_eq!(audit[0]["component"], table);
        let export = server.get(&format!("{path}/export.csv")).await.expect(200);
        assert!(export.header("content-disposition").unwrap().is_ascii());
        assert_eq!(export.text().lines().count(), 2);
        server.order("DELETE", &location).await.expect(200);
    }
    // More letters may be encoded than have to be.
    server.get("/%6Frder%20it%65ms/").await.expect(200);
    server.get("/order+items").await.problem(404, "unknown-path");
    let document = server.json("/openapi.json").await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let is_fit = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    assert!(schemas.keys().all(is_fit), "{:?}", schemas.keys());
    assert!(schemas["Commit"]["properties"]["uuid"].is_object());
    assert_eq!(schemas["table.order_20items"]["required"], json!(["limit", "a b\"`"]));
    server.end().await;
}

async fn names_that_the_interface_uses_get_a_sign(engine: Engine) {
    let scene = Scene::new(engine).await;
    // The last is a table whose component is another's.
    for table in ["audit", "db", "docs", "~audit", ".", "orders"] {
        scene.sql(&format!("CREATE TABLE {} (id INTEGER PRIMARY KEY)", engine.quote(table))).await;
        scene.vsg.enable(table).await.unwrap();
    }
    let server = start(scene).await;
    for (table, path) in [
        ("audit", "/~audit"),
        ("db", "/~db"),
        ("docs", "/~docs"),
        ("~audit", "/~~audit"),
        (".", "/~."),
        ("orders", "/orders"),
    ] {
        server.post(path, json!({"id": 1})).await.expect(201);
        assert_eq!(server.json(&format!("{path}/1")).await, json!({"id": 1}));
        assert_eq!(server.json("/db/audit?limit=1").await[0]["component"], path.strip_prefix('/').unwrap());
        assert_eq!(server.json(&format!("/audit/{table}")).await.as_array().unwrap().len(), 1);
    }
    server.end().await;
}

async fn values_of_many_types_pass(engine: Engine) {
    let (columns, row) = engine.pick(
        ("b BOOLEAN, d DECIMAL(9,2), j JSON, x BLOB, a", json!({"b": true, "d": "1.25", "j": [1], "x": "AAE=", "a": 1.5})),
        (
            "b boolean, d numeric(9,2), j jsonb, x bytea, a integer[], i inet, bits bit(3)",
            json!({"b": true, "d": "1.25", "j": [1], "x": "AAE=", "a": [1, 2], "i": "10.0.0.1/24", "bits": "101"}),
        ),
        (
            "b BOOLEAN, d DECIMAL(9,2), j JSON, x BLOB, s SET('a','b'), y YEAR, u BIGINT UNSIGNED, t TIME",
            json!({"b": true, "d": "1.25", "j": [1], "x": "AAE=", "s": "a,b", "y": 2024, "u": u64::MAX, "t": "25:00:00"}),
        ),
    );
    let scene = Scene::with(engine, &[&format!("CREATE TABLE things (id {}, {columns})", engine.auto_key())]).await;
    scene.vsg.enable("things").await.unwrap();
    let server = start(scene).await;
    let mut expected = server.post("/things", row.clone()).await.expect(201).json();
    for (name, value) in row.as_object().unwrap() {
        assert_eq!(expected[name], *value);
        server.get(&format!("/things?order_by={name}&{name}__null=false")).await.expect(200);
        let bad = engine.pick(json!({}), json!({}), json!({}));
        let answer = server.write("PATCH", "/things/1", json!({name: bad})).await;
        assert!(
            answer.status == 422 || name == "j" || name == "a" && engine == Engine::Sqlite,
            "{name}: {}",
            answer.text()
        );
    }
    expected["j"] = json!({});
    if engine == Engine::Sqlite {
        expected["a"] = json!("{}");
    }
    assert_eq!(server.json("/things/1").await, expected);
    if engine == Engine::Postgres {
        server.write("PATCH", "/things/1", json!({"bits": "1011"})).await.problem(422, "violation");
        server.get("/things?i=nonsense").await.problem(400, "query");
        assert_eq!(server.get("/things?i=10.0.0.1/24").await.expect(200).total(), 1);
    }
    server.end().await;
}

async fn import(server: &Server, path: &str, text: &str) -> Answer {
    let call = server.call("POST", path).header("X-User", "ann").header("Content-Type", "text/csv");
    call.body(text.to_owned()).send().await
}

async fn files_go_in_and_out(engine: Engine) {
    let server = pets(engine).await;
    let imported = import(&server, "/pet/import.csv", "name,age\nTom,3\n\"I, da\",\n").await.expect(201);
    assert_eq!(imported.json(), json!({"imported": 2}));
    let export = server.get("/pet/export.csv").await.expect(200).text();
    assert_eq!(export, "id,name,kind,age,owner,twice\n1,Tom,cat,3,,6\n2,\"I, da\",cat,,,\n");
    let problem = import(&server, "/pet/import.csv", "name,age\na,1\nb,x\n").await.expect(422).json();
    assert!(problem["detail"].as_str().unwrap().starts_with("line 3, column `age`"), "{problem}");
    let problem = import(&server, "/pet/import.csv", &export).await.expect(422).json();
    assert!(problem["detail"].as_str().unwrap().starts_with("line 2, column `id`"), "{problem}");
    let changed = export.replace("cat", "dog");
    import(&server, "/pet/import.csv?mode=upsert", &changed).await.expect(201);
    assert_eq!(server.get("/pet/export.csv").await.expect(200).text(), changed);
    let then = server.get(&format!("/pet/export.csv?as_of={}", imported.commit())).await.expect(200);
    assert_eq!(then.text(), export);
    server.end().await;
}

async fn mounted_components_stay_what_they_are(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    scene.vsg.create_table::<order::Entity>().await.unwrap();
    scene.vsg.track::<order::Entity>().await.unwrap();
    let bootstrap =
        Bootstrap::new(scene.vsg.clone()).mount(user::Entity::accessor(&scene.vsg)).mount_tracked().create_tables(true);
    let server = Server::with(scene, bootstrap).await;
    server.post("/users", json!({"name": "a", "email": "a"})).await.expect(201);
    server.order("DELETE", "/users/1").await.expect(200);
    assert_eq!(server.order("POST", "/users/1/restore").await.expect(200).json()["restored"], true);
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let order = json!({"id": id, "user_id": 1, "total": "12.34", "notes": {"b": [1, null]}});
    assert_eq!(server.post("/orders", order.clone()).await.expect(201).json(), order);
    assert_eq!(server.json(&format!("/orders/{id}")).await, order);
    assert_eq!(server.json("/orders?total__gt=12.3").await, json!([order]));
    server.end().await;
}

async fn a_table_of_another_schema_has_its_name(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.sql("CREATE SCHEMA sales").await;
    scene.sql("CREATE TABLE sales.orders (id SERIAL PRIMARY KEY, name TEXT UNIQUE)").await;
    scene.sql("CREATE TABLE orders (id SERIAL PRIMARY KEY)").await;
    scene.vsg.enable("sales.orders").await.unwrap();
    scene.vsg.enable("orders").await.unwrap();
    let server = start(scene).await;
    let created = server.post("/sales.orders", json!({"id": 4, "name": "x"})).await.expect(201);
    assert_eq!(created.header("location"), Some("/sales.orders/4"));
    assert_eq!(server.post("/sales.orders", json!({})).await.expect(201).json()["id"], 5);
    server.post("/sales.orders", json!({"name": "x"})).await.problem(422, "violation");
    assert_eq!(server.json("/sales.orders?as_of=HEAD~1").await, json!([{"id": 4, "name": "x"}]));
    assert_eq!(server.json("/orders").await, json!([]));
    assert_eq!(server.json("/db/audit?component=sales.orders").await.as_array().unwrap().len(), 2);
    server.end().await;
}
