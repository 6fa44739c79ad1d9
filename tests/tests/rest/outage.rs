//! The database's server goes away and comes back.

use std::time::{Duration, Instant};

use dbvsg::{Versioned, Vsg};
use dbvsg_tests::{Engine, Proxy, Scene, models::user, scenarios};
use dbvsg_web::Bootstrap;
use serde_json::json;

use crate::client::Server;

scenarios!(Postgres: an_outage_is_survived);
scenarios!(MariaDb: an_outage_is_survived);

async fn an_outage_is_survived(engine: Engine) {
    let scene = Scene::new(engine).await;
    let proxy = Proxy::to(&scene).await;
    let mut options = dbvsg::ConnectOptions::default();
    options.busy_timeout = Duration::from_secs(1);
    let vsg = Vsg::connect_with(proxy.url(), &options).await.unwrap();
    let bootstrap = Bootstrap::new(vsg.clone()).mount(user::Entity::accessor(&vsg)).create_tables(true);
    let server = Server::with(scene, bootstrap).await;
    let person = |name: &str| json!({"name": name, "email": name});
    server.post("/users", person("before")).await.expect(201);
    let cut_off = vsg.begin("ann").await.unwrap();

    proxy.cut().await;
    for path in ["/users", "/users/1", "/vsg/logs", "/db/health"] {
        let answer = server.get(path).await.expect(503);
        assert!(answer.header("retry-after").is_some() || path == "/db/health", "{path}");
    }
    server.post("/users", person("meanwhile")).await.expect(503);
    assert!(cut_off.commit().await.unwrap_err().is_busy());

    proxy.mend();
    let mended = Instant::now();
    while server.get("/db/health").await.status != 200 {
        assert!(mended.elapsed() < Duration::from_secs(10), "it does not come back");
    }
    server.post("/users", person("after")).await.expect(201);
    let names: Vec<String> =
        server.json("/users").await.as_array().unwrap().iter().map(|user| user["name"].to_string()).collect();
    assert_eq!(names, ["\"before\"", "\"after\""]);
    assert_eq!(server.get("/vsg/logs").await.expect(200).total(), 2);
    server.end().await;
}
