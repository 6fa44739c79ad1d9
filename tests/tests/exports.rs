//! All tables as CSV files, in a folder or a zip.

#![allow(clippy::unwrap_used)]

use std::{fs, io::ErrorKind, path::Path};

use dbvsg::{Error, transfer::export};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(every_table_is_a_file_of_a_folder, what_is_there_is_not_overwritten, a_zip_is_a_new_file);

async fn tables(engine: Engine) -> Scene {
    let odd = engine.quote("../a b");
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE pay (id INTEGER PRIMARY KEY, name VARCHAR(20))",
            &format!("CREATE TABLE {odd} (x INTEGER)"),
            "INSERT INTO pay VALUES (2, 'Zoë, \"Z\"'), (1, NULL)",
        ],
    )
    .await;
    scene.vsg.enable("pay").await.unwrap();
    scene
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn every_table_is_a_file_of_a_folder(engine: Engine) {
    let scene = tables(engine).await;
    let folder = scene.path("out");
    let files = export::folder(&scene.vsg, &folder).await.unwrap();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| file.exists() && file.parent() == Some(&folder)));
    assert_eq!(names(&folder), ["_a b.csv", "pay.csv"]);
    assert_eq!(fs::read_to_string(folder.join("pay.csv")).unwrap(), "id,name\n1,\n2,\"Zoë, \"\"Z\"\"\"\n");
    assert_eq!(fs::read_to_string(folder.join("_a b.csv")).unwrap(), "x\n");
    // An empty folder is as good as none.
    let empty = scene.path("empty");
    fs::create_dir(&empty).unwrap();
    export::folder(&scene.vsg, &empty).await.unwrap();
    assert_eq!(names(&empty).len(), 2);
    scene.end().await;
}

async fn what_is_there_is_not_overwritten(engine: Engine) {
    let scene = tables(engine).await;
    let folder = scene.path("used");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine"), "x").unwrap();
    let before = names(&scene.path(""));
    let refused = export::folder(&scene.vsg, &folder).await;
    assert!(matches!(refused, Err(Error::File { source, .. }) if source.kind() == ErrorKind::DirectoryNotEmpty));
    let refused = export::file(&scene.vsg, &folder.join("mine")).await;
    assert!(matches!(refused, Err(Error::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists));
    let refused = export::file(&scene.vsg, &scene.path("no/such/folder.zip")).await;
    assert!(matches!(refused, Err(Error::File { .. })));
    assert_eq!(names(&folder), ["mine"]);
    assert_eq!(fs::read_to_string(folder.join("mine")).unwrap(), "x");
    let after: Vec<String> = names(&scene.path("")).into_iter().filter(|name| !name.starts_with("test.db")).collect();
    assert_eq!(after, before.into_iter().filter(|name| !name.starts_with("test.db")).collect::<Vec<_>>());
    scene.end().await;
}

async fn a_zip_is_a_new_file(engine: Engine) {
    let scene = tables(engine).await;
    let path = scene.path("all.zip");
    export::file(&scene.vsg, &path).await.unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"PK\x03\x04"));
    let holds = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    assert!(holds("pay.csv") && holds("_a b.csv"));
    scene.end().await;
}
