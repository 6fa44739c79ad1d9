//! The server keeps to its own document: schemathesis makes up calls from it, good and bad, and looks at the answers.
//! `scripts/test` installs it and says where it is.

use std::{net::TcpListener, process::Command};

use dbvsg::Versioned;
use dbvsg_tests::{
    Engine, Scene,
    models::{order, price, user},
    scenarios,
};
use dbvsg_web::Bootstrap;

scenarios!(every_answer_is_one_that_the_document_allows, components_without_a_model_keep_to_it_too);

async fn every_answer_is_one_that_the_document_allows(engine: Engine) {
    let scene = Scene::new(engine).await;
    let server = Bootstrap::new(scene.vsg.clone())
        .mount(user::Entity::accessor(&scene.vsg))
        .mount(order::Entity::accessor(&scene.vsg))
        .mount(price::Entity::accessor(&scene.vsg))
        .create_tables(true);
    keeps_to_its_document(scene, server).await;
}

async fn components_without_a_model_keep_to_it_too(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    scene.vsg.create_table::<price::Entity>().await.unwrap();
    let odd = engine.pick(
        "a BLOB, b BOOLEAN, d DATE, t TIME, x, j JSON, n DECIMAL(9,2)",
        "a bytea, b boolean, d date, t time, x int4range, j json, n numeric(9,2), e text[], i interval, f real",
        "a BLOB, b BOOLEAN, d DATE, t TIME, x SET('a','b'), j JSON, n DECIMAL(9,2), y YEAR, u BIGINT UNSIGNED, f FLOAT",
    );
    let name = engine.quote("odd things");
    scene.sql(&format!("CREATE TABLE {name} (id {}, {odd})", engine.auto_key())).await;
    for table in ["users", "prices", "odd things"] {
        scene.vsg.enable(table).await.unwrap();
    }
    let server = Bootstrap::new(scene.vsg.clone()).mount_tracked();
    keeps_to_its_document(scene, server).await;
}

async fn keeps_to_its_document(scene: Scene, server: Bootstrap) {
    let program =
        std::env::var_os("DBVSG_SCHEMATHESIS").expect("run scripts/test, which installs schemathesis and sets this");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/openapi.json", listener.local_addr().unwrap());
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.serve_on(listener, async {
        _ = ended.await;
    }));
    let mut command = Command::new(program);
    command.current_dir(scene.path("")).args(["run", &url, "-H", "X-User: contract", "--max-examples", "12"]);
    command.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    command.args(["--generation-deterministic", "--no-color"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let counts = text.lines().filter_map(|line| line.trim().split_once(" generated,")?.0.parse::<u32>().ok());
    let generated = counts.max().unwrap_or_default();
    assert!(generated > 1000, "{text}");
    _ = end.send(());
    running.await.unwrap().unwrap();
    scene.end().await;
}
