//! The SQL that capture installs, word for word, as it is read back from the database that runs it. After a wanted
//! change, `UPDATE_GOLDEN=1 scripts/test --test golden` writes the files anew.

use dbvsg::Policy;
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(a_table_with_policies, a_composite_key_with_hostile_names);

/// What is installed for a tracked table: its history, and what fills that.
async fn installed(scene: &Scene) -> String {
    let queries: &[&str] = match scene.engine() {
        Engine::Sqlite => &["SELECT sql FROM sqlite_master \
             WHERE sql LIKE '%history%' AND tbl_name NOT LIKE 'dbvsg%' ORDER BY type, name"],
        Engine::Postgres => &[
            "SELECT 'CREATE TABLE ' || quote_ident(table_name) || ' (' || string_agg( \
                 quote_ident(column_name) || ' ' || data_type, ', ' ORDER BY ordinal_position) || ')' \
             FROM information_schema.columns WHERE table_name LIKE '%\\_history' GROUP BY table_name",
            "SELECT indexdef FROM pg_indexes WHERE tablename LIKE '%\\_history' ORDER BY indexname",
            "SELECT pg_get_functiondef(tgfoid) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid \
             WHERE NOT tgisinternal AND relname NOT LIKE 'dbvsg%' GROUP BY tgfoid ORDER BY 1",
            "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid \
             WHERE NOT tgisinternal AND relname NOT LIKE 'dbvsg%' ORDER BY tgname",
        ],
        Engine::MariaDb => &[
            "SELECT concat('CREATE TABLE `', table_name, '` (', group_concat( \
                 concat('`', column_name, '` ', column_type) ORDER BY ordinal_position SEPARATOR ', '), ')') \
             FROM information_schema.columns \
             WHERE table_schema = database() AND table_name LIKE '%\\_history' GROUP BY table_name",
            "SELECT concat('CREATE INDEX `', index_name, '` ON `', table_name, '` (', group_concat( \
                 concat('`', column_name, '`') ORDER BY seq_in_index SEPARATOR ', '), ')') \
             FROM information_schema.statistics \
             WHERE table_schema = database() AND table_name LIKE '%\\_history' GROUP BY table_name, index_name",
            "SELECT concat('CREATE TRIGGER `', trigger_name, '` ', action_timing, ' ', event_manipulation, ' ON `', \
                 event_object_table, '` FOR EACH ROW ', action_statement) FROM information_schema.triggers \
             WHERE trigger_schema = database() AND event_object_table NOT LIKE 'dbvsg%' ORDER BY trigger_name",
        ],
    };
    let mut statements = Vec::new();
    for query in queries {
        statements.extend(scene.rows(query).await.iter().map(|sql| sql.trim_end().to_owned()));
    }
    statements.join(";\n\n").replace("; ", ";\n  ") + ";\n"
}

async fn compare(engine: Engine, name: &str, ddl: &str, table: &str, policy: &Policy) {
    let scene = Scene::with(engine, &[ddl]).await;
    scene.vsg.enable_with(table, policy).await.unwrap();
    let text = installed(&scene).await;
    let path = format!("{}/golden/{}/{name}.sql", env!("CARGO_MANIFEST_DIR"), engine.name());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{path} is not what is installed; what is installed:\n{text}");
    scene.end().await;
}

async fn a_table_with_policies(engine: Engine) {
    let name = engine.pick("TEXT COLLATE NOCASE", "TEXT", "TEXT");
    let ddl = format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name {name}, email VARCHAR(99) UNIQUE, password TEXT, \
         last_seen TEXT, deleted_at TEXT)"
    );
    let policy = Policy::default().soft_delete("deleted_at").skip("password").ignore("last_seen");
    compare(engine, "users", &ddl, "users", &policy).await;
}

async fn a_composite_key_with_hostile_names(engine: Engine) {
    let (order, ab, select) = (engine.quote("order"), engine.quote("a\"b`c"), engine.quote("select"));
    let (data, options) = engine.pick(("", " WITHOUT ROWID"), ("BYTEA", ""), ("BLOB", ""));
    let ddl = format!(
        "CREATE TABLE {order} ({ab} VARCHAR(99) NOT NULL, {select} INTEGER NOT NULL, data {data}, \
         PRIMARY KEY ({select}, {ab})){options}"
    );
    compare(engine, "hostile", &ddl, "order", &Policy::default()).await;
}
