use dbvsg_tests::{Engine, scenarios};
use serde_json::{Value as Json, json};

use crate::client::{Server, each};

scenarios!(
    a_tag_is_given_listed_and_deleted,
    a_tag_is_a_reference,
    what_is_no_tag_is_refused,
    a_commit_is_commented,
    a_version_is_commented,
    what_is_no_comment_is_refused,
    who_speaks_of_another_state_is_told,
);

/// Ann is created, and becomes Anna in a second commit.
async fn two(engine: Engine) -> (Server, [String; 2]) {
    let server = Server::start(engine).await;
    let rows = json!([{"name": "Ann", "email": "a"}, {"name": "Ben", "email": "b"}]);
    let first = server.post("/users/batch", rows).await.expect(201).commit();
    let second = server.write("PATCH", "/users/1", json!({"name": "Anna"})).await.expect(200).commit();
    (server, [first, second])
}

async fn a_tag_is_given_listed_and_deleted(engine: Engine) {
    let (server, commits) = two(engine).await;
    let body = json!({"name": "release/1.0", "ref": &commits[0][..8], "comment": "as shipped"});
    let given = server.post("/vsg/tags", body).await.expect(201).json();
    let fields = ["name", "ref", "comment", "actor", "created_at", "deleted_at", "deleted_by"];
    assert_eq!(given.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    assert_eq!((&given["ref"], &given["actor"]), (&json!(commits[0]), &json!("ann")));
    server.post("/vsg/tags", json!({"name": "v3", "ref": "HEAD"})).await.expect(201);
    server.post("/vsg/tags", json!({"name": "a", "ref": "HEAD", "comment": null})).await.expect(201);

    let list = server.get("/vsg/tags").await.expect(200);
    assert_eq!((list.total(), Json::from(each(&list.json(), "name"))), (3, json!(["a", "release/1.0", "v3"])));
    assert_eq!(list.json()[1], given);
    let page = server.get("/vsg/tags/?limit=1&offset=2").await.expect(200);
    assert_eq!((page.total(), &page.json()[0]["name"]), (3, &json!("v3")));

    let gone = server.call("DELETE", "/vsg/tags/release%2F1.0").header("X-User", "ben").send().await.expect(200);
    assert_eq!(gone.json(), json!({"status": "deleted"}));
    server.order("DELETE", "/vsg/tags/release%2F1.0").await.problem(404, "unknown-tag");
    server.order("DELETE", "/vsg/tags/a").await.expect(200);
    server.post("/vsg/tags", json!({"name": "a", "ref": "HEAD"})).await.expect(201);
    assert_eq!(server.get("/vsg/tags").await.expect(200).total(), 2);
    let all = server.json("/vsg/tags?all=true").await;
    assert_eq!(Json::from(each(&all, "name")), json!(["a", "a", "release/1.0", "v3"]));
    assert_eq!((&all[2]["deleted_by"], &all[3]["deleted_by"]), (&json!("ben"), &Json::Null));
    assert!(all[2]["deleted_at"].as_str().unwrap().ends_with('Z'));
    for query in ["all=maybe", "limit=0", "offset=-1", "x=1"] {
        server.get(&format!("/vsg/tags?{query}")).await.problem(400, "query");
    }
    server.end().await;
}

async fn a_tag_is_a_reference(engine: Engine) {
    let (server, commits) = two(engine).await;
    for (name, commit) in [("release/1.0", 0), ("v3", 1), ("before", 0)] {
        server.post("/vsg/tags", json!({"name": name, "ref": commits[commit]})).await.expect(201);
    }
    let first = server.json("/vsg/commits/release%2F1.0").await;
    assert_eq!((&first["uuid"], &first["tags"]), (&json!(commits[0]), &json!(["before", "release/1.0"])));
    assert_eq!(Json::from(each(&server.json("/vsg/logs").await, "tags")), json!([["v3"], ["before", "release/1.0"]]));
    assert_eq!(server.json("/users/1?as_of=before").await["name"], "Ann");
    let diff = server.json("/vsg/diff?table=users&from=release/1.0&to=v3&stat=true").await;
    assert_eq!(diff, json!({"added": 0, "removed": 0, "changed": 1}));
    let history = server.json("/users/1/history").await;
    assert_eq!(Json::from(each(&history, "tags")), json!([["v3"], ["before", "release/1.0"]]));
    // In a row's diff, `v2` is a version before it is a tag.
    server.post("/vsg/tags", json!({"name": "v2", "ref": commits[0]})).await.expect(201);
    assert_eq!(server.json("/users/1/diff?from=before&to=v2").await["fields"]["name"]["to"], "Anna");
    assert_eq!(server.json("/users/1?as_of=v2").await["name"], "Ann");
    server.order("DELETE", "/vsg/tags/before").await.expect(200);
    server.get("/users/1?as_of=before").await.problem(404, "unknown-reference");
    server.end().await;
}

async fn what_is_no_tag_is_refused(engine: Engine) {
    let (server, _) = two(engine).await;
    server.post("/vsg/tags", json!({"name": "v1", "ref": "HEAD"})).await.expect(201);
    server.post("/vsg/tags", json!({"name": "v1", "ref": "HEAD~1"})).await.problem(409, "tag-exists");
    let long = "x".repeat(101);
    for name in ["", "HEAD", "abcdef0", "2024-01-15", "2024-01-15T10:30:00Z", "main", "a b", &long] {
        let problem = server.post("/vsg/tags", json!({"name": name, "ref": "HEAD"})).await.problem(422, "invalid-name");
        assert_eq!(problem["field"], "name", "{name}");
    }
    for reference in ["HEAD~9", "nothing", "abcdef0"] {
        let body = json!({"name": "x", "ref": reference});
        server.post("/vsg/tags", body).await.problem(404, "unknown-reference");
    }
    for (body, field) in [
        (json!({"name": "x", "ref": "HEAD", "note": "?"}), "note"),
        (json!({"name": "x"}), "ref"),
        (json!({"ref": "HEAD"}), "name"),
        (json!({"name": 7, "ref": "HEAD"}), "name"),
        (json!({"name": "x", "ref": "HEAD", "comment": 1}), "comment"),
        (json!({"name": "x", "ref": "HEAD", "comment": "x".repeat(10_001)}), "comment"),
    ] {
        assert_eq!(server.post("/vsg/tags", body).await.expect(422).json()["field"], field);
    }
    let malformed = server.post("/vsg/tags", json!({"name": "x", "ref": "HEAD~"})).await;
    assert_eq!(malformed.problem(400, "malformed-reference")["field"], "ref");
    server.post("/vsg/tags", json!(["x"])).await.problem(422, "invalid");
    let call = || server.call("POST", "/vsg/tags");
    call().header("X-User", "ann").body("{").send().await.problem(400, "unreadable-body");
    call().json(&json!({"name": "x", "ref": "HEAD"})).send().await.problem(400, "header");
    server.call("DELETE", "/vsg/tags/v1").send().await.problem(400, "header");
    server.order("DELETE", "/vsg/tags/nothing").await.problem(404, "unknown-tag");
    server.order("DELETE", "/vsg/tags/%FF").await.problem(400, "path");
    assert_eq!(server.get("/vsg/tags?all=true").await.expect(200).total(), 1);
    server.end().await;
}

async fn a_commit_is_commented(engine: Engine) {
    let (server, commits) = two(engine).await;
    let said = server.post("/vsg/commits/HEAD/comments", json!({"comment": "looks right"})).await.expect(201).json();
    let fields = ["comment", "actor", "created_at", "table", "key", "version"];
    assert_eq!(said.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    assert_eq!(
        (&said["comment"], &said["actor"], &said["version"]),
        (&json!("looks right"), &json!("ann"), &Json::Null)
    );
    let path = format!("/vsg/commits/{}/comments", commits[1]);
    let more = server.call("POST", &path).header("X-User", "Zoë").json(&json!({"comment": "it does"}));
    more.send().await.expect(201);
    let list = server.get(&path).await.expect(200);
    assert_eq!((list.total(), Json::from(each(&list.json(), "actor"))), (2, json!(["ann", "Zoë"])));
    assert_eq!(list.json()[0], said);
    let page = server.json(&format!("{path}?limit=1&offset=1")).await;
    assert_eq!(Json::from(each(&page, "comment")), json!(["it does"]));
    assert_eq!(server.json("/vsg/commits/HEAD~1/comments").await, json!([]));
    assert_eq!(server.json("/users/1/history").await[0]["comments"], json!([]));
    server.end().await;
}

async fn a_version_is_commented(engine: Engine) {
    let (server, commits) = two(engine).await;
    let body = json!({"comment": "why?", "table": "users", "key": 1, "version": 2});
    let said = server.post("/vsg/commits/HEAD/comments", body).await.expect(201).json();
    assert_eq!((&said["table"], &said["key"], &said["version"]), (&json!("users"), &json!("1"), &json!(2)));
    server.post("/vsg/commits/HEAD/comments", json!({"comment": "of all"})).await.expect(201);
    assert_eq!(server.json("/vsg/commits/HEAD/comments").await[0], said);
    let history = server.json("/users/1/history").await;
    assert_eq!(Json::from(each(&history, "comments")), json!([[said], []]));

    // With a table, HEAD is the newest commit that touched it; a composite key is an array, or its text form.
    server.write("PUT", "/prices/a,DE", json!({"amount": 1})).await.expect(201);
    server.post("/users", json!({"name": "Cy", "email": "c"})).await.expect(201);
    for key in [json!(["a", "DE"]), json!("a,DE")] {
        let body = json!({"comment": "cheap", "table": "prices", "key": key, "version": "1"});
        server.post("/vsg/commits/HEAD/comments", body).await.expect(201);
    }
    let said = server.json("/vsg/commits/HEAD/comments?table=prices").await;
    assert_eq!(Json::from(each(&said, "key")), json!(["a,DE", "a,DE"]));
    assert_eq!(server.json("/vsg/commits/HEAD/comments").await, json!([]));
    assert_eq!(server.json(&format!("/vsg/commits/{}/comments", commits[0])).await, json!([]));
    server.end().await;
}

async fn what_is_no_comment_is_refused(engine: Engine) {
    let (server, _) = two(engine).await;
    let on = |version: Json| json!({"comment": "x", "table": "users", "key": 1, "version": version});
    for (body, field) in [
        (json!({}), "comment"),
        (json!({"comment": ""}), "comment"),
        (json!({"comment": "x".repeat(10_001)}), "comment"),
        (json!({"comment": 5}), "comment"),
        (json!({"comment": "x", "text": "y"}), "text"),
        (json!({"comment": "x", "version": 1}), "table"),
        (json!({"comment": "x", "version": 1, "table": "users"}), "key"),
        (json!({"comment": "x", "table": "users", "key": 1}), "version"),
        (json!({"comment": "x", "version": 1, "table": "users", "key": "one"}), "key"),
        (json!({"comment": "x", "version": 1, "table": "users", "key": [1, 2]}), "key"),
        (json!({"comment": "x", "version": 1, "table": "users", "key": {}}), "key"),
        (on(json!("two")), "version"),
        (on(json!(-1)), "version"),
        (on(json!(1)), "version"),
    ] {
        let refused = server.post("/vsg/commits/HEAD/comments", body.clone()).await.expect(422);
        assert_eq!(refused.json()["field"], field, "{body}");
    }
    for version in [0, 3] {
        let refused = server.post("/vsg/commits/HEAD/comments", on(json!(version))).await;
        refused.problem(404, "unknown-reference");
    }
    let body = json!({"comment": "x", "table": "users", "key": 9, "version": 1});
    server.post("/vsg/commits/HEAD/comments", body).await.problem(404, "unknown-row");
    let body = json!({"comment": "x", "table": "nothing", "key": 9, "version": 1});
    server.post("/vsg/commits/HEAD/comments", body).await.problem(404, "unknown-table");
    for (reference, status) in [("HEAD~9", 404), ("nothing", 404), ("HEAD~", 400), ("2024-01-15", 400)] {
        let path = format!("/vsg/commits/{reference}/comments");
        server.post(&path, json!({"comment": "x"})).await.expect(status);
        server.get(&path).await.expect(status);
    }
    let unsigned = server.call("POST", "/vsg/commits/HEAD/comments").json(&json!({"comment": "x"})).send().await;
    unsigned.problem(400, "header");
    server.get("/vsg/commits/HEAD/comments?limit=0").await.problem(400, "query");
    assert_eq!(server.json("/vsg/commits/HEAD/comments").await, json!([]));
    server.end().await;
}

async fn who_speaks_of_another_state_is_told(engine: Engine) {
    let (server, commits) = two(engine).await;
    server.post("/vsg/tags", json!({"name": "v1", "ref": "HEAD"})).await.expect(201);
    let tag = json!({"name": "v2", "ref": "HEAD"});
    for (method, path, body) in [
        ("POST", "/vsg/tags", tag),
        ("POST", "/vsg/commits/HEAD/comments", json!({"comment": "seen"})),
        ("DELETE", "/vsg/tags/v1", json!({})),
    ] {
        let expecting = |parent: &str| {
            let call = server.call(method, path).header("X-User", "ann").header("X-Parent", parent);
            if method == "POST" { call.json(&body) } else { call }.send()
        };
        expecting(&commits[0]).await.problem(409, "stale-parent");
        expecting("HEAD~").await.problem(400, "malformed-reference");
        expecting("nothing").await.problem(404, "unknown-reference");
        let done = expecting(&commits[1]).await;
        done.expect(if method == "POST" { 201 } else { 200 });
    }
    server.end().await;
}
