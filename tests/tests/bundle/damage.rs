//! What is not what was written is found, and changes nothing.

use dbvsg::{Error, RestoreOptions};
use dbvsg_tests::{Engine, Scene, scenarios};

use super::{
    bundle, refused, restore,
    world::{later, state, world},
    zips::{Files, forge, pack, unpack},
};

scenarios!(
    a_byte_in_any_file_is_found,
    a_torn_zip_is_found,
    a_flipped_byte_is_found_or_does_no_harm,
    forged_digests_are_found_by_the_chain,
    a_bundle_that_is_not_for_this_database_is_refused,
    a_table_of_another_shape_is_refused,
);

async fn files(scene: &Scene) -> Files {
    let path = bundle(scene, "good.zip").await;
    unpack(std::fs::read(path).unwrap())
}

async fn try_files(scene: &Scene, files: &Files) -> String {
    try_bytes(scene, pack(files)).await
}

async fn try_bytes(scene: &Scene, bytes: Vec<u8>) -> String {
    let path = scene.path("bad.zip");
    std::fs::write(&path, bytes).unwrap();
    refused(restore(scene, &path).await)
}

async fn a_byte_in_any_file_is_found(engine: Engine) {
    let scene = world(engine).await;
    let good = files(&scene).await;
    later(&scene, 0).await;
    let before = state(&scene).await;
    for name in good.keys().filter(|name| !good[*name].is_empty()) {
        let mut bad = good.clone();
        let text = &good[name];
        let at = text.len() / 2;
        let at = (at..text.len()).find(|at| text.as_bytes()[*at].is_ascii_alphanumeric()).unwrap_or(0);
        let other = if text.as_bytes()[at] == b'7' { "8" } else { "7" };
        bad.insert(name.clone(), format!("{}{other}{}", &text[..at], &text[at + 1..]));
        try_files(&scene, &bad).await;
        let mut missing = good.clone();
        missing.remove(name);
        let reason = try_files(&scene, &missing).await;
        assert!(reason.contains(name.as_str()), "{name}: {reason}");
    }
    let mut more = good.clone();
    more.insert("../escape".into(), "x".into());
    assert!(try_files(&scene, &more).await.contains("escape"));
    assert_eq!(state(&scene).await, before);
    scene.end().await;
}

async fn a_torn_zip_is_found(engine: Engine) {
    let scene = world(engine).await;
    let good = std::fs::read(bundle(&scene, "good.zip").await).unwrap();
    let before = state(&scene).await;
    for part in [4, 100, good.len() / 2, good.len() - 30, good.len() - 1] {
        try_bytes(&scene, good[..part].to_vec()).await;
    }
    assert_eq!(state(&scene).await, before);
    scene.end().await;
}

async fn a_flipped_byte_is_found_or_does_no_harm(engine: Engine) {
    let scene = world(engine).await;
    let good = std::fs::read(bundle(&scene, "good.zip").await).unwrap();
    let before = state(&scene).await;
    let (mut found, path) = (0, scene.path("flipped.zip"));
    for place in (0..good.len()).step_by(good.len() / 40) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        match restore(&scene, &path).await {
            Err(Error::DamagedBackup { .. }) => found += 1,
            Ok(_) => {}
            other => panic!("byte {place}: {other:?}"),
        }
    }
    assert_eq!(state(&scene).await, before);
    assert!(found > 20, "{found}");
    scene.end().await;
}

async fn forged_digests_are_found_by_the_chain(engine: Engine) {
    let scene = world(engine).await;
    let good = files(&scene).await;
    let manifest: serde_json::Value = serde_json::from_str(&good["manifest.json"]).unwrap();
    let file = |kind: &str, table: &str| {
        let contents = manifest[kind].as_array().unwrap();
        let content = contents.iter().find(|content| content["table"]["name"] == table).unwrap();
        content["file"].as_str().unwrap().to_owned()
    };
    later(&scene, 0).await;
    let before = state(&scene).await;
    for (name, from, to) in [
        (file("history", "team_history"), "\"red\"", "\"bad\""),
        (file("tables", "team"), "\"red\"", "\"bad\""),
        (file("catalog", "dbvsg_commit"), "\"ann\"", "\"eve\""),
        (file("catalog", "dbvsg_commit_table"), "1", "2"),
    ] {
        let mut forged = good.clone();
        assert!(forged[&name].contains(from), "{name} holds no {from}");
        forged.insert(name.clone(), good[&name].replacen(from, to, 1));
        forge(&mut forged);
        let reason = try_files(&scene, &forged).await;
        assert!(reason.contains("is not sound"), "{name}: {reason}");
        assert_eq!(state(&scene).await, before, "{name}");
        // Nor is it taken into an empty database, of which nothing is left then.
        let empty = Scene::new(engine).await;
        try_files(&empty, &forged).await;
        assert!(empty.vsg.tables().await.unwrap().is_empty());
        empty.end().await;
    }
    scene.verify().await;
    scene.commit("UPDATE team SET name = 'goes on' WHERE id = 1").await;
    scene.end().await;
}

async fn a_bundle_that_is_not_for_this_database_is_refused(engine: Engine) {
    let scene = world(engine).await;
    let good = files(&scene).await;
    let before = state(&scene).await;
    let with = |pointer: &str, value: serde_json::Value| {
        let mut files = good.clone();
        let mut manifest: serde_json::Value = serde_json::from_str(&good["manifest.json"]).unwrap();
        *manifest.pointer_mut(pointer).unwrap() = value;
        files.insert("manifest.json".into(), manifest.to_string());
        forge(&mut files);
        files
    };
    let reason = try_files(&scene, &with("/engine", "oracle".into())).await;
    assert!(reason.contains("oracle") && reason.contains(engine.name()), "{reason}");
    assert!(try_files(&scene, &with("/version", 2.into())).await.contains("version 2"));
    assert!(try_files(&scene, &with("/migrations", serde_json::json!(["one"]))).await.contains("another version"));
    assert!(try_files(&scene, &with("/format", "else".into())).await.contains("no bundle"));
    let needs = RestoreOptions::default().require("orders");
    let reason = refused(scene.vsg.restore(scene.path("good.zip"), &needs).await);
    assert_eq!(reason, "it holds no table `orders`");
    assert!(try_bytes(&scene, pack(&Files::new())).await.contains("cannot be found"));
    assert_eq!(state(&scene).await, before);
    scene.end().await;
}

async fn a_table_of_another_shape_is_refused(engine: Engine) {
    let scene = world(engine).await;
    let path = bundle(&scene, "good.zip").await;
    scene.sql("ALTER TABLE note ADD COLUMN more VARCHAR(5)").await;
    let before = state(&scene).await;
    let reason = refused(restore(&scene, &path).await);
    assert!(reason.contains("`note`") && reason.contains("`more`") && reason.contains("empty database"), "{reason}");
    assert_eq!(state(&scene).await, before);
    scene.end().await;
}
