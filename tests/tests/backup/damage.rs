//! Files that must not take the place of a database.

use dbvsg::{Error, RestoreOptions};

use super::{ACCOUNTS, backup, bank, plain, refused, restore, sum};

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let scene = bank().await;
    for n in 0..30 {
        scene.commit(&format!("UPDATE account SET amount = amount + 1, note = 'note {n}' WHERE id < 10")).await;
    }
    let good = std::fs::read(backup(&scene, "good.db").await).unwrap();
    scene.commit("UPDATE account SET amount = 1").await;
    let path = scene.path("bad.db");
    let mut cases: Vec<(String, Vec<u8>)> = vec![
        ("empty".into(), Vec::new()),
        ("text".into(), b"id,amount\n1,1000\n".repeat(1000)),
        ("header alone".into(), good[..100].to_vec()),
        ("magic alone".into(), good[..16].to_vec()),
        ("zeroes after the header".into(), [&good[..100], &vec![0; good.len() - 100]].concat()),
    ];
    for part in [1, 3, 5, 7, 8, 9] {
        cases.push((format!("the first {part} tenths"), good[..good.len() * part / 10].to_vec()));
    }
    cases.push(("without its last page".into(), good[..good.len() - 4096].to_vec()));
    cases.push(("without its last byte".into(), good[..good.len() - 1].to_vec()));
    for (what, content) in cases {
        for whole in [true, false] {
            std::fs::write(&path, &content).unwrap();
            let options = RestoreOptions::default().integrity_check(whole);
            let outcome = scene.vsg.restore(&path, &options).await;
            assert!(matches!(outcome, Err(Error::DamagedBackup { .. })), "{what}: {outcome:?}");
            assert_eq!(sum(&scene.db()).await.unwrap(), ACCOUNTS, "{what}");
            for name in ["bad.db", "bad.db-wal", "bad.db-shm", "bad.db-journal"] {
                _ = std::fs::remove_file(scene.path(name));
            }
        }
    }
    assert!(matches!(restore(&scene, &scene.path("nothing.db")).await, Err(Error::File { .. })));
    scene.end().await;
}

#[tokio::test]
async fn a_flipped_byte_is_found_or_does_not_matter() {
    let scene = bank().await;
    for n in 0..20 {
        scene.commit(&format!("UPDATE account SET amount = amount + 1, note = 'note {n}' WHERE id < 5")).await;
    }
    let good = std::fs::read(backup(&scene, "good.db").await).unwrap();
    let content = "SELECT * FROM account ORDER BY id";
    let expected = scene.rows(content).await;
    scene.commit("UPDATE account SET amount = 1").await;
    let (mut found, mut harmless) = (0, 0);
    let path = scene.path("flipped.db");
    for place in (0..good.len()).step_by(good.len() / 180) {
        let place = (place + place / 7 % 61).min(good.len() - 1);
        let mut bytes = good.clone();
        bytes[place] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        match restore(&scene, &path).await {
            Err(Error::DamagedBackup { .. }) => found += 1,
            Ok(_) => {
                harmless += 1;
                assert_eq!(scene.rows(content).await, expected, "byte {place}");
                scene.verify().await;
            }
            other => panic!("byte {place}: {other:?}"),
        }
        for name in ["flipped.db", "flipped.db-wal", "flipped.db-shm"] {
            _ = std::fs::remove_file(scene.path(name));
        }
    }
    assert!(found > 10, "{found} found, {harmless} harmless");
    scene.end().await;
}

#[tokio::test]
async fn lost_triggers_are_put_back_and_lost_changes_are_refused() {
    let scene = bank().await;
    let alter = |name: &str, sql: &str| {
        std::fs::copy(scene.path("copy.db"), scene.path(name)).unwrap();
        plain(&scene, name, sql)
    };
    backup(&scene, "copy.db").await;
    let triggers = "DROP TRIGGER dbvsg_account_update; DROP TRIGGER dbvsg_account_insert;
        CREATE TRIGGER dbvsg_account_insert AFTER INSERT ON account BEGIN SELECT 1; END;
        CREATE TRIGGER dbvsg_account_old AFTER INSERT ON account BEGIN SELECT 1; END;";
    restore(&scene, &alter("triggers.db", triggers)).await.unwrap();
    scene.commit("UPDATE account SET amount = 3; INSERT INTO account VALUES (50, 3, NULL)").await;
    assert_eq!(scene.rows("SELECT name FROM sqlite_master WHERE name = 'dbvsg_account_old'").await, [""; 0]);
    scene.verify().await;
    let drift = "DROP TRIGGER dbvsg_account_update; UPDATE account SET amount = 5000 WHERE id = 7";
    let reason = refused(restore(&scene, &alter("drift.db", drift)).await);
    assert!(reason.contains("table `account`") && reason.contains("row 7"), "{reason}");
    scene.end().await;
}

#[tokio::test]
async fn a_file_that_lacks_what_is_needed_is_refused() {
    let scene = bank().await;
    let other = plain(&scene, "other.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let needs = RestoreOptions::default().require("account");
    let reason = refused(scene.vsg.restore(&other, &needs).await);
    assert_eq!(reason, "it holds no table `account`");
    // No key: what is tracked here cannot be tracked there.
    let keyless = plain(&scene, "keyless.db", "CREATE TABLE account (id INTEGER, amount INTEGER)");
    assert!(refused(scene.vsg.restore(&keyless, &needs).await).contains("primary key"));
    let orphans = plain(
        &scene,
        "orphans.db",
        "CREATE TABLE account (id INTEGER PRIMARY KEY); CREATE TABLE x (a REFERENCES account); INSERT INTO x VALUES (1);",
    );
    assert!(refused(restore(&scene, &orphans).await).contains("`x`"));
    let wide = plain(&scene, "wide.db", "PRAGMA encoding = 'UTF-16'; CREATE TABLE account (id INTEGER PRIMARY KEY)");
    assert!(refused(restore(&scene, &wide).await).contains("UTF-16"));
    assert!(refused(restore(&scene, &scene.file()).await).contains("itself"));
    assert_eq!(sum(&scene.db()).await.unwrap(), 20_000);
    // Nothing here needs it: it is taken.
    restore(&scene, &other).await.unwrap();
    assert_eq!(scene.rows("SELECT count(*) FROM orders").await, ["0"]);
    assert!(scene.vsg.all_tracked().is_empty());
    scene.end().await;
}
