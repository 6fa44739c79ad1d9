//! A database with everything that a bundle has to bring along.

use std::collections::BTreeMap;

use dbvsg::{ApplyOptions, Policy, Retention};
use dbvsg_tests::{Engine, Scene};
use futures_util::TryStreamExt;

use super::zips::unpack;

/// Tracked tables whose past is compared.
pub(crate) const PAST: [&str; 4] = ["team", "person", "seat", "dated"];

/// A name that has to be quoted everywhere.
const ODD: &str = "we\"ird `name'; --";

pub(crate) async fn world(engine: Engine) -> Scene {
    let odd = engine.quote(ODD);
    let column = engine.quote("sel\"ect `x");
    let scene = Scene::with(
        engine,
        &[
            &format!("CREATE TABLE team (id {}, name VARCHAR(40) NOT NULL)", engine.auto_key().replace("PRIMARY KEY", engine.pick("PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY", "PRIMARY KEY"))),
            "CREATE TABLE person (id INTEGER PRIMARY KEY, name VARCHAR(40), boss INTEGER, team INTEGER, deleted_at VARCHAR(40), \
             FOREIGN KEY (boss) REFERENCES person (id) ON DELETE RESTRICT, FOREIGN KEY (team) REFERENCES team (id) ON DELETE CASCADE)",
            "CREATE TABLE seat (room VARCHAR(10), number INTEGER, person INTEGER, PRIMARY KEY (room, number), \
             FOREIGN KEY (person) REFERENCES person (id) ON DELETE SET NULL)",
            "CREATE TABLE dated (id INTEGER PRIMARY KEY, day VARCHAR(10), amount DECIMAL(20, 4))",
            &format!("CREATE TABLE {odd} ({column} INTEGER PRIMARY KEY, data {})", engine.blob()),
            "CREATE TABLE note (text VARCHAR(100), n INTEGER)",
            "CREATE TABLE void (id INTEGER PRIMARY KEY)",
            "CREATE INDEX note_n ON note (n)",
            "CREATE VIEW crowd AS SELECT p.name FROM person p JOIN team t ON t.id = p.team",
        ],
    )
    .await;
    triggers(&scene).await;
    scene.vsg.enable("team").await.unwrap();
    scene.vsg.enable_with("person", &Policy::default().soft_delete("deleted_at")).await.unwrap();
    for table in ["seat", "dated", ODD] {
        scene.vsg.enable(table).await.unwrap();
    }
    fill(&scene, &odd).await;
    scene.verify().await;
    scene
}

/// The application's own triggers: they add a note for each team, and count notes up.
async fn triggers(scene: &Scene) {
    let (greet, count): (&[&str], &[&str]) = scene.pick(
        (
            &["CREATE TRIGGER greet AFTER INSERT ON team BEGIN INSERT INTO note VALUES ('team ' || NEW.name, 1); END"],
            &["CREATE TRIGGER counts AFTER INSERT ON note BEGIN UPDATE note SET n = n + 100 WHERE rowid = NEW.rowid; END"],
        ),
        (
            &[
                "CREATE FUNCTION greet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES ('team ' || NEW.name, 1); RETURN NEW; END $$",
                "CREATE TRIGGER greet AFTER INSERT ON team FOR EACH ROW EXECUTE FUNCTION greet()",
            ],
            &[
                "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n + 100; RETURN NEW; END $$",
                "CREATE TRIGGER counts BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION counts()",
            ],
        ),
        (
            &["CREATE TRIGGER greet AFTER INSERT ON team FOR EACH ROW INSERT INTO note VALUES (CONCAT('team ', NEW.name), 1)"],
            &["CREATE TRIGGER counts BEFORE INSERT ON note FOR EACH ROW SET NEW.n = NEW.n + 100"],
        ),
    );
    for sql in greet.iter().chain(count) {
        scene.sql(sql).await;
    }
}

async fn fill(scene: &Scene, odd: &str) {
    let data = scene.bytes("00ff0a");
    let first = scene.commit("INSERT INTO team (name) VALUES ('red'), ('blue'), ('gone')").await;
    scene.commit("INSERT INTO person VALUES (1, 'Zoë \"Z\" \\ 😀', NULL, 1, NULL), (2, '', 1, 1, NULL), (3, 'x', 3, 2, NULL)").await;
    let seats = scene.commit("INSERT INTO seat VALUES ('a', 1, 1), ('a', 2, 3), ('b', 1, NULL)").await;
    scene.commit(&format!("INSERT INTO {odd} VALUES (-5, {data}), (7, NULL)")).await;
    scene.commit("INSERT INTO dated VALUES (1, '2024-02-29', '1234567.8900'), (2, NULL, NULL)").await;
    scene.commit("UPDATE person SET deleted_at = 'now' WHERE id = 2").await;
    scene.commit("UPDATE seat SET person = NULL WHERE room = 'a'").await;
    scene.commit("DELETE FROM team WHERE id = 3").await;
    // A column that history remembers.
    scene.sql("ALTER TABLE team ADD COLUMN motto VARCHAR(40)").await;
    scene.vsg.refresh("team").await.unwrap();
    scene.commit("UPDATE team SET motto = 'per aspera' WHERE id = 1").await;
    if scene.engine() == Engine::Sqlite {
        for name in scene.triggers("team").await.iter().filter(|name| name.starts_with("dbvsg_")) {
            scene.sql(&format!("DROP TRIGGER {name}")).await;
        }
    }
    scene.sql("ALTER TABLE team DROP COLUMN motto").await;
    scene.vsg.refresh("team").await.unwrap();
    // A table that was put back, one that was pruned.
    scene.vsg.restore_to("ann", seats, &ApplyOptions::table("seat")).await.unwrap();
    scene.commit("UPDATE dated SET amount = 5 WHERE id = 1").await;
    scene.vsg.prune("ann", &Retention::keep_versions(1).table("dated")).await.unwrap();
    scene.vsg.tag("ann", "v1", first, Some("the first")).await.unwrap();
    scene.vsg.tag("ann", "off", seats, None).await.unwrap();
    scene.vsg.untag("bea", "off").await.unwrap();
    scene.vsg.comment("bea", first, "so it began").await.unwrap();
    scene.vsg.disable("ann", ODD, false).await.unwrap();
    scene.sql("INSERT INTO note VALUES ('plain', 0), (NULL, NULL)").await;
}

/// What happens after a bundle was taken.
pub(crate) async fn later(scene: &Scene, round: usize) {
    scene.commit(&format!("INSERT INTO team (name) VALUES ('later {round}')")).await;
    scene.commit("UPDATE seat SET person = NULL").await;
    scene.commit("UPDATE person SET boss = NULL").await;
    scene.commit("DELETE FROM person WHERE id <> 1").await;
    scene.sql("DELETE FROM note WHERE n IS NULL").await;
    scene.vsg.tag("eve", "v2", "HEAD", None).await.unwrap();
}

/// All that a bundle says but for what depends on the database that it is in: the files, by table.
pub(crate) async fn state(scene: &Scene) -> BTreeMap<String, String> {
    let parts: Vec<Vec<u8>> = scene.vsg.bundle().await.unwrap().try_collect().await.unwrap();
    let files = unpack(parts.concat());
    let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    let mut state = BTreeMap::new();
    for kind in ["tables", "history", "catalog"] {
        for content in manifest[kind].as_array().unwrap() {
            let name = &content["table"];
            // How the engine numbers columns, and how often a shape was followed.
            if name["name"] != "dbvsg_column" && name["name"] != "dbvsg_table" {
                state.insert(name.to_string(), files[content["file"].as_str().unwrap()].clone());
            }
        }
    }
    state
}
