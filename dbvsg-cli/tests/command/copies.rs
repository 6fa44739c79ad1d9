use dbvsg_tests::{Engine, outside, scenarios};
use serde_json::json;

use crate::shell::Shell;

scenarios!(
    a_file_is_imported,
    tables_are_exported,
    a_backup_brings_everything_back,
    a_server_shows_every_tracked_table,
);

async fn a_file_is_imported(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let file = shell.scene.path("people.csv");
    std::fs::write(&file, "id,name,city\n3,Cy,\n4,\"Dee, Dr\",Bern\n").unwrap();
    let file = file.to_str().unwrap();
    let done = shell.run(&["import", "people", file, "-m", "the new ones"]).expect(0).out;
    assert!(done.starts_with("people: 2 rows read, commit "), "{done}");
    assert_eq!(outside(&shell.scene, "SELECT name FROM people WHERE city = 'Bern'"), "Dee, Dr");
    let log = shell.json(&["log", "-n", "1"]);
    assert_eq!((&log[0]["operation"], &log[0]["message"]), (&json!("IMPORT"), &json!("the new ones")));
    shell.run(&["import", "people", file]).refused(1, "line 2");
    let again = shell.json(&["import", "people", file, "--upsert"]);
    assert_eq!(again, json!({"imported": 2, "commit": null}));
    shell.run_with(&["import", "people", "-"], "id,name\n5,Eve\n").expect(0);
    shell.run_with(&["import", "people", "-"], "id,name\n6,Flo\nx,Gus\n").refused(1, "line 3, column `id`");
    shell.run_with(&["import", "people", "-"], "id,nmae\n6,Flo\n").refused(1, "nmae");
    shell.run(&["import", "people", "/no/such/file.csv"]).refused(1, "/no/such/file.csv");
    assert_eq!(outside(&shell.scene, "SELECT count(*) FROM people"), "5");
    shell.end().await;
}

async fn tables_are_exported(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let (folder, zip) = (shell.scene.path("tables"), shell.scene.path("tables.zip"));
    for to in [&folder, &zip] {
        shell.run(&["export", to.to_str().unwrap()]).expect(0);
        shell.run(&["export", to.to_str().unwrap()]).expect(1);
    }
    assert_eq!(std::fs::read_to_string(folder.join("people.csv")).unwrap(), "id,name,city\n1,Ann,Oslo\n2,Ben,\n");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 2);
    assert_eq!(&std::fs::read(zip).unwrap()[..2], b"PK");
    shell.end().await;
}

async fn a_backup_brings_everything_back(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    shell.run(&["sql", "UPDATE people SET city = 'Rome'"]).expect(0);
    let (log, people) = (shell.json(&["log"]), shell.json(&["at", "HEAD", "people"]));
    let mut files = vec![shell.scene.path("backup.zip")];
    files.extend(engine.pick(Some(shell.scene.path("backup.sqlite")), None, None));
    for file in &files {
        let file = file.to_str().unwrap();
        shell.run(&["backup", file]).expect(0);
        shell.run(&["backup", file]).expect(1);
        shell.client("DELETE FROM orders; UPDATE people SET name = 'Eve'");
        shell.run(&["restore-backup", file, "--dry-run"]).expect(0);
        shell.run(&["restore-backup", file]).expect(1);
        assert_eq!(outside(&shell.scene, "SELECT count(*) FROM orders"), "0");
        assert_eq!(shell.run(&["restore-backup", file, "--yes"]).expect(0).out, "It is restored.\n");
        assert_eq!((shell.json(&["log"]), shell.json(&["at", "HEAD", "people"])), (log.clone(), people.clone()));
        assert_eq!(outside(&shell.scene, "SELECT count(*) FROM orders"), "2");
        shell.run(&["verify"]).expect(0);
    }
    let torn = shell.scene.path("torn.zip");
    let bytes = std::fs::read(&files[0]).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    shell.run(&["restore-backup", torn.to_str().unwrap(), "--yes"]).refused(1, "cannot be restored");
    shell.end().await;
}

async fn a_server_shows_every_tracked_table(engine: Engine) {
    let shell = Shell::tracked(engine).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut server = crate::shell::begin(&["serve", "--listen", &address], Some(&shell.scene.url()));
    let get = |path: &str| {
        let url = format!("http://{address}{path}");
        let patience = ["-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1"];
        let got = std::process::Command::new("curl").args(patience).arg(&url).output().unwrap();
        String::from_utf8(got.stdout).unwrap()
    };
    let row: serde_json::Value = serde_json::from_str(&get("/people/1")).unwrap();
    assert_eq!(row, json!({"id": 1, "name": "Ann", "city": "Oslo"}));
    assert!(get("/openapi.json").contains("/orders/{id}"));
    std::process::Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    shell.end().await;
}
