//! The SQL that capture installs, word for word, as it is read back from the database that runs it. After a wanted
//! change, `UPDATE_GOLDEN=1 cargo test -p dbvsg-tests --test golden` writes the file anew.

use dbvsg::Policy;
use dbvsg_tests::Scene;

async fn compare(name: &str, ddl: &str, table: &str, policy: &Policy) {
    let scene = Scene::with(&[ddl]).await;
    scene.vsg.enable_with(table, policy).await.unwrap();
    let installed = scene.rows("SELECT sql FROM sqlite_master WHERE sql LIKE '%history%' AND tbl_name NOT LIKE 'dbvsg%' ORDER BY type, name").await;
    let text = installed.join(";\n\n").replace("; ", ";\n  ") + ";\n";
    let path = format!("{}/golden/sqlite/{name}.sql", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{path} is not what is installed; what is installed:\n{text}");
    scene.end().await;
}

#[tokio::test]
async fn a_table_with_policies() {
    let ddl = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, email TEXT UNIQUE, password TEXT, \
               last_seen TEXT, deleted_at TEXT)";
    let policy = Policy::default().soft_delete("deleted_at").skip("password").ignore("last_seen");
    compare("users", ddl, "users", &policy).await;
}

#[tokio::test]
async fn a_composite_key_with_hostile_names() {
    let ddl = "CREATE TABLE \"order\" (\"a\"\"b\" TEXT NOT NULL, \"select\" INTEGER NOT NULL, data, PRIMARY KEY (\"select\", \"a\"\"b\")) WITHOUT ROWID";
    compare("hostile", ddl, "order", &Policy::default()).await;
}
