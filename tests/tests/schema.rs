//! History follows its table, whatever happens to the table's shape, and the past reads in the shape of today.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dbvsg::{
    Error, LogFilter, Refresh, ShapeChange, Vsg, async_trait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
    sea_orm_migration::prelude::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager},
};
use dbvsg_tests::{Engine, Scene, outside, scenarios};

scenarios!(
    an_added_column_was_not_there_before,
    a_dropped_column_stays_in_history,
    a_renamed_column_keeps_its_past,
    names_that_change_places_keep_their_pasts,
    a_new_column_under_an_old_name_is_another,
    a_column_that_comes_back_is_the_same,
    a_wider_type_reads_the_same,
    a_number_becomes_text,
    text_becomes_a_number,
    types_change_back_and_forth,
    policies_follow_renames,
    a_lost_soft_delete_is_refused_with_the_way_out,
    another_primary_key_is_refused,
    a_renamed_table_is_found,
    a_dropped_table_leaves_its_history,
    a_dropped_table_that_returns_goes_on,
    a_rebuilt_table_is_the_same_table,
    a_rebuilt_table_keeps_the_rows_that_refer_to_it,
    migrations_change_data_in_one_commit,
    nothing_pending_is_nothing_done,
    what_changed_while_nobody_looked_is_found_at_start,
    what_cannot_be_followed_at_start_is_told,
    another_program_reads_on,
    cached_statements_survive,
    no_write_slips_by_while_columns_come,
    no_write_slips_by_while_a_migration_runs,
    a_hint_is_for_the_table_that_it_fits,
    what_was_never_stored_is_not_when_it_comes_back,
    a_table_that_takes_the_name_of_another_is_itself,
);
scenarios!(Sqlite: migrations_that_fail_leave_nothing);
scenarios!(
    Postgres: migrations_that_fail_leave_nothing,
    a_table_in_another_schema_is_found,
    types_of_all_kinds_are_converted_or_null,
);
scenarios!(
    MariaDb: migrations_that_fail_are_followed_as_far_as_they_came,
    types_of_mariadb_are_converted_or_null,
    what_a_killed_program_left_is_finished,
    a_parent_may_be_called_guard,
    another_collation_of_the_key_is_refused,
    writers_are_refused_while_a_migration_runs,
);

/// A migrator with one migration: its statements on SQLite, on PostgreSQL and on MariaDB.
macro_rules! migrator {
    ($name:ident: $sqlite:expr, $postgres:expr, $mariadb:expr) => {
        struct $name;

        impl MigrationName for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }
        }

        #[async_trait]
        impl MigrationTrait for $name {
            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                let db = manager.get_connection();
                let statements: &[&str] = match db.get_database_backend() {
                    DbBackend::Sqlite => &$sqlite,
                    DbBackend::Postgres => &$postgres,
                    _ => &$mariadb,
                };
                for sql in statements {
                    db.execute_unprepared(sql).await?;
                }
                Ok(())
            }
        }

        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![Box::new($name)]
            }
        }
    };
    ($name:ident: $all:expr) => {
        migrator!($name: $all, $all, $all);
    };
}

const PEOPLE: [&str; 2] = [
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), age INTEGER)",
    "INSERT INTO people VALUES (1, 'Zoe', 30), (2, 'Max', NULL)",
];

async fn people(engine: Engine) -> Scene {
    let scene = Scene::with(engine, &PEOPLE).await;
    scene.vsg.enable("people").await.unwrap();
    scene
}

fn added(column: &str) -> ShapeChange {
    ShapeChange::Added { column: column.into() }
}

fn dropped(column: &str) -> ShapeChange {
    ShapeChange::Dropped { column: column.into() }
}

fn renamed(from: &str, to: &str) -> ShapeChange {
    ShapeChange::Renamed { from: from.into(), to: to.into() }
}

/// What changed in the one table that a migrator changes.
async fn migrate<M: MigratorTrait>(scene: &Scene) -> Vec<ShapeChange> {
    let migrated = scene.vsg.migrate::<M>().await.unwrap();
    assert_eq!(migrated.applied.len(), 1);
    let mut refreshed = migrated.refreshed;
    assert!(refreshed.len() <= 1, "{refreshed:?}");
    refreshed.pop().map(|refreshed| refreshed.changes).unwrap_or_default()
}

const ALL: &str = "SELECT * FROM people ORDER BY id";

async fn an_added_column_was_not_there_before(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    scene.sql("ALTER TABLE people ADD COLUMN mail TEXT").await;
    let refreshed = scene.vsg.refresh("people").await.unwrap();
    assert_eq!(refreshed.changes, [added("mail")]);
    assert_eq!(refreshed.commit, None);
    scene.verify().await;
    let between = scene.commit("UPDATE people SET mail = 'z@x' WHERE id = 1").await;

    scene.sql("ALTER TABLE people ADD COLUMN lang VARCHAR(2) DEFAULT 'en'").await;
    let refreshed = scene.vsg.refresh("people").await.unwrap();
    assert_eq!(refreshed.changes, [added("lang")]);
    assert!(refreshed.commit.is_some());
    assert_eq!(scene.operations().await[0], "MIGRATE");

    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31|-|-", "2|Max|-|-|-"]);
    assert_eq!(scene.rows_at(between, ALL).await, ["1|Zoe|31|z@x|-", "2|Max|-|-|-"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zoe|31|z@x|en", "2|Max|-|-|en"]);
    assert_eq!(scene.rows(ALL).await, ["1|Zoe|31|z@x|en", "2|Max|-|-|en"]);
    // Nothing is left to follow.
    assert_eq!(scene.vsg.refresh_all().await.unwrap(), []);
    assert_eq!(scene.vsg.refresh("people").await.unwrap().changes, []);
    scene.end().await;
}

migrator!(DropAge: ["ALTER TABLE people DROP COLUMN age"]);

async fn a_dropped_column_stays_in_history(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    assert_eq!(migrate::<DropAge>(&scene).await, [dropped("age")]);
    assert_eq!(scene.operations().await, ["UPDATE", "BASELINE"]);
    scene.verify().await;
    scene.commit("UPDATE people SET name = 'Zed' WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe", "2|Max"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zed", "2|Max"]);
    let ages = scene.rows("SELECT age FROM people_history ORDER BY vsg_id").await;
    assert_eq!(ages, ["30", "-", "31", "-"]);
    scene.end().await;
}

migrator!(NameToTitle: ["ALTER TABLE people RENAME COLUMN name TO title"]);

async fn a_renamed_column_keeps_its_past(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET name = 'Zed' WHERE id = 1").await;
    assert_eq!(migrate::<NameToTitle>(&scene).await, [renamed("name", "title")]);
    scene.commit("UPDATE people SET title = 'Zoe' WHERE id = 1").await;
    assert_eq!(scene.operations().await, ["UPDATE", "UPDATE", "BASELINE"]);
    let titles = "SELECT title FROM people ORDER BY id";
    assert_eq!(scene.rows_at(before, titles).await, ["Zed", "Max"]);
    assert_eq!(scene.rows_at("HEAD", titles).await, ["Zoe", "Max"]);
    assert!(scene.columns("people_history").await.contains(&"title".to_owned()));
    scene.end().await;
}

migrator!(Swap: [
    "ALTER TABLE people RENAME COLUMN name TO x",
    "ALTER TABLE people RENAME COLUMN nick TO name",
    "ALTER TABLE people RENAME COLUMN x TO nick"
]);

/// Nothing tells this apart on an engine that does not number columns, so it has to be said.
async fn names_that_change_places_keep_their_pasts(engine: Engine) {
    let scene = people(engine).await;
    scene.sql("ALTER TABLE people ADD COLUMN nick VARCHAR(20)").await;
    scene.vsg.refresh("people").await.unwrap();
    let before = scene.commit("UPDATE people SET nick = 'Z' WHERE id = 1").await;
    let hints = match engine {
        Engine::Postgres => Refresh::default(),
        _ => Refresh::default().renamed("name", "nick").renamed("nick", "name"),
    };
    let migrated = scene.vsg.migrate_with::<Swap>(&hints).await.unwrap();
    assert_eq!(migrated.refreshed[0].changes, [renamed("name", "nick"), renamed("nick", "name")]);
    assert_eq!(migrated.refreshed[0].commit, None);
    scene.commit("UPDATE people SET name = 'Y' WHERE id = 1").await;
    let names = "SELECT name, nick FROM people ORDER BY id";
    assert_eq!(scene.rows_at(before, names).await, ["Z|Zoe", "-|Max"]);
    assert_eq!(scene.rows_at("HEAD", names).await, ["Y|Zoe", "-|Max"]);
    scene.end().await;
}

migrator!(RenameAndTake: [
    "ALTER TABLE people RENAME COLUMN age TO years",
    "ALTER TABLE people ADD COLUMN age VARCHAR(10)",
    "UPDATE people SET age = 'adult' WHERE years >= 18"
]);

async fn a_new_column_under_an_old_name_is_another(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let hints = Refresh::default().renamed("age", "years");
    let migrated = scene.vsg.migrate_with::<RenameAndTake>(&hints).await.unwrap();
    assert_eq!(migrated.refreshed[0].changes, [renamed("age", "years"), added("age")]);
    let ages = "SELECT years, age FROM people ORDER BY id";
    assert_eq!(scene.rows_at(before, ages).await, ["31|-", "-|-"]);
    assert_eq!(scene.rows_at("HEAD", ages).await, ["31|adult", "-|-"]);
    scene.end().await;
}

migrator!(AddAge: ["ALTER TABLE people ADD COLUMN age INTEGER"]);

async fn a_column_that_comes_back_is_the_same(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    migrate::<DropAge>(&scene).await;
    let without = scene.commit("UPDATE people SET name = 'Zed' WHERE id = 1").await;
    scene.verify().await;
    let migrated = Both::<DropAge, AddAge>::migrate(&scene).await;
    assert_eq!(migrated, [added("age")]);
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31", "2|Max|-"]);
    assert_eq!(scene.rows_at(without, ALL).await, ["1|Zed|-", "2|Max|-"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zed|-", "2|Max|-"]);
    scene.end().await;
}

/// Two migrators, one after the other.
struct Both<A, B>(std::marker::PhantomData<(A, B)>);

impl<A: MigratorTrait + Sync, B: MigratorTrait + Sync> MigratorTrait for Both<A, B> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        A::migrations().into_iter().chain(B::migrations()).collect()
    }
}

impl<A: MigratorTrait + Sync, B: MigratorTrait + Sync> Both<A, B> {
    async fn migrate(scene: &Scene) -> Vec<ShapeChange> {
        migrate::<Self>(scene).await
    }
}

migrator!(Wider:
    [
        "CREATE TABLE wider (id INTEGER PRIMARY KEY, name TEXT, age BIGINT)",
        "INSERT INTO wider SELECT * FROM people",
        "DROP TABLE people",
        "ALTER TABLE wider RENAME TO people"
    ],
    ["ALTER TABLE people ALTER COLUMN name TYPE TEXT, ALTER COLUMN age TYPE BIGINT, ALTER COLUMN id TYPE BIGINT"],
    ["ALTER TABLE people MODIFY name TEXT, MODIFY age BIGINT, MODIFY id BIGINT"]
);

async fn a_wider_type_reads_the_same(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let changes = migrate::<Wider>(&scene).await;
    assert!(changes.iter().all(|change| matches!(change, ShapeChange::Retyped { .. })), "{changes:?}");
    // No row reads otherwise, so there is nothing to record.
    assert_eq!(scene.operations().await, ["UPDATE", "BASELINE"]);
    scene.commit("UPDATE people SET age = 5000000000 WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31", "2|Max|-"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zoe|5000000000", "2|Max|-"]);
    assert_eq!(scene.columns("people_history").await.iter().filter(|name| name.starts_with("vsg_old")).count(), 0);
    scene.end().await;
}

migrator!(AgeToText:
    [
        "CREATE TABLE x (id INTEGER PRIMARY KEY, name VARCHAR(20), age TEXT)",
        "INSERT INTO x SELECT * FROM people",
        "DROP TABLE people",
        "ALTER TABLE x RENAME TO people"
    ],
    ["ALTER TABLE people ALTER COLUMN age TYPE TEXT"],
    ["ALTER TABLE people MODIFY age TEXT"]
);
migrator!(AgeToNumber:
    [
        "CREATE TABLE x (id INTEGER PRIMARY KEY, name VARCHAR(20), age INTEGER)",
        "INSERT INTO x SELECT id, name, CAST(age AS INTEGER) FROM people",
        "DROP TABLE people",
        "ALTER TABLE x RENAME TO people"
    ],
    ["ALTER TABLE people ALTER COLUMN age TYPE INTEGER USING nullif(regexp_replace(age, '\\D', '', 'g'), '')::integer"],
    [
        "UPDATE people SET age = nullif(regexp_replace(age, '[^0-9]', ''), '')",
        "ALTER TABLE people MODIFY age INTEGER"
    ]
);

async fn a_number_becomes_text(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let changes = migrate::<AgeToText>(&scene).await;
    assert!(matches!(&changes[..], [ShapeChange::Retyped { column, .. }] if column == "age"), "{changes:?}");
    // The number is text now, which is a change of what is stored.
    assert_eq!(scene.operations().await, ["MIGRATE", "UPDATE", "BASELINE"]);
    scene.commit("UPDATE people SET age = 'thirty' WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31", "2|Max|-"]);
    let then = "SELECT name FROM people WHERE age = '31'";
    assert_eq!(scene.rows_at(before, then).await, ["Zoe"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zoe|thirty", "2|Max|-"]);
    let history = scene.vsg.history("people", &dbvsg::Key(vec![dbvsg::Value::Integer(1)]), 10, 0).await.unwrap();
    assert_eq!(history.total, 4);
    scene.commit("DELETE FROM people WHERE id = 1").await;
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["2|Max|-"]);
    scene.end().await;
}

async fn text_becomes_a_number(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), age TEXT)",
            "INSERT INTO people VALUES (1, 'Zoe', '30'), (2, 'Max', 'old')",
        ],
    )
    .await;
    scene.vsg.enable("people").await.unwrap();
    let before = scene.commit("UPDATE people SET age = '31' WHERE id = 1").await;
    scene.commit("UPDATE people SET age = NULL WHERE id = 2").await;
    migrate::<AgeToNumber>(&scene).await;
    scene.commit("UPDATE people SET age = age + 1 WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31", "2|Max|-"]);
    assert_eq!(scene.rows_at(before, "SELECT sum(age) + 1 AS n FROM people").await, ["32"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zoe|32", "2|Max|-"]);
    let old = scene.rows("SELECT vsg_old_3_age FROM people_history WHERE id = 2 ORDER BY vsg_id").await;
    assert_eq!(old[0], "old");
    scene.end().await;
}

async fn types_change_back_and_forth(engine: Engine) {
    let scene = people(engine).await;
    let first = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    migrate::<AgeToText>(&scene).await;
    let second = scene.commit("UPDATE people SET age = '32' WHERE id = 1").await;
    scene.verify().await;
    Both::<AgeToText, AgeToNumber>::migrate(&scene).await;
    scene.commit("UPDATE people SET age = 33 WHERE id = 1").await;
    let ages = "SELECT age FROM people WHERE age > 0";
    assert_eq!(scene.rows_at(first, ages).await, ["31"]);
    assert_eq!(scene.rows_at(second, ages).await, ["32"]);
    assert_eq!(scene.rows_at("HEAD", ages).await, ["33"]);
    scene.end().await;
}

migrator!(RenameAll: [
    "ALTER TABLE people RENAME COLUMN secret TO hidden",
    "ALTER TABLE people RENAME COLUMN seen TO looked",
    "ALTER TABLE people RENAME COLUMN gone TO removed"
]);
migrator!(DropGone: ["ALTER TABLE people DROP COLUMN gone"]);

async fn with_policies(engine: Engine) -> Scene {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, secret TEXT, seen INTEGER, gone INTEGER)",
            "INSERT INTO people VALUES (1, 'Zoe', 'x', 1, NULL)",
        ],
    )
    .await;
    let policy = dbvsg::Policy::default().skip("secret").ignore("seen").soft_delete("gone");
    scene.vsg.enable_with("people", &policy).await.unwrap();
    scene
}

async fn policies_follow_renames(engine: Engine) {
    let scene = with_policies(engine).await;
    migrate::<RenameAll>(&scene).await;
    let tracked = scene.vsg.tracked("people").await.unwrap();
    assert_eq!(tracked.skip, ["hidden"]);
    assert_eq!(tracked.ignore, ["looked"]);
    assert_eq!(tracked.soft_delete.as_deref(), Some("removed"));
    scene.sql("UPDATE people SET hidden = 'y', looked = 2").await;
    scene.commit("UPDATE people SET removed = 1").await;
    assert_eq!(scene.operations().await, ["SOFT_DELETE", "BASELINE"]);
    assert_eq!(scene.audit().await.len(), 1);
    let columns = scene.columns("people_history").await;
    assert!(!columns.contains(&"hidden".into()) && columns.contains(&"looked".into()), "{columns:?}");
    scene.end().await;
}

/// Where a migration cannot be undone, a table that history cannot follow is not written any more, rather than unseen.
async fn is_guarded(scene: &Scene) {
    let error = scene.vsg.connection().execute_unprepared("UPDATE people SET name = 'Eve'").await.unwrap_err();
    assert!(error.to_string().contains("DBVSG"), "{error}");
    assert!(!scene.vsg.verify().await.unwrap().ok);
}

async fn a_lost_soft_delete_is_refused_with_the_way_out(engine: Engine) {
    let scene = with_policies(engine).await;
    let before = scene.commit("UPDATE people SET gone = 1").await;
    let error = scene.vsg.migrate::<DropGone>().await.unwrap_err();
    assert!(matches!(&error, Error::Unfollowable { reason, .. } if reason.contains("`gone`")), "{error}");
    let hints = Refresh::default().without_soft_delete();
    let changes = if engine == Engine::MariaDb {
        is_guarded(&scene).await;
        scene.vsg.refresh_with("people", &hints).await.unwrap().changes
    } else {
        assert!(scene.columns("people").await.contains(&"gone".into()));
        scene.verify().await;
        scene.vsg.migrate_with::<DropGone>(&hints).await.unwrap().refreshed.remove(0).changes
    };
    assert_eq!(changes, [dropped("gone")]);
    scene.commit("UPDATE people SET name = 'Zed'").await;
    assert_eq!(scene.rows_at(before, "SELECT name FROM people").await, ["Zoe"]);
    scene.end().await;
}

migrator!(OtherKey:
    [
        "CREATE TABLE x (id INTEGER, name VARCHAR(20) PRIMARY KEY, age INTEGER)",
        "INSERT INTO x SELECT * FROM people",
        "DROP TABLE people",
        "ALTER TABLE x RENAME TO people"
    ],
    ["ALTER TABLE people DROP CONSTRAINT people_pkey", "ALTER TABLE people ADD PRIMARY KEY (name)"],
    ["ALTER TABLE people DROP PRIMARY KEY, ADD PRIMARY KEY (name)"]
);
migrator!(KeyToText:
    [
        "CREATE TABLE x (id TEXT PRIMARY KEY, name VARCHAR(20), age INTEGER)",
        "INSERT INTO x SELECT * FROM people",
        "DROP TABLE people",
        "ALTER TABLE x RENAME TO people"
    ],
    ["ALTER TABLE people ALTER COLUMN id TYPE TEXT"],
    ["ALTER TABLE people MODIFY id VARCHAR(20)"]
);

async fn another_primary_key_is_refused(engine: Engine) {
    let scene = people(engine).await;
    let is_about_the_key = |error: Error| {
        assert!(matches!(&error, Error::Unfollowable { reason, .. } if reason.contains("key")), "{error}");
    };
    is_about_the_key(scene.vsg.migrate::<OtherKey>().await.unwrap_err());
    if engine == Engine::MariaDb {
        is_guarded(&scene).await;
        scene.sql("ALTER TABLE people DROP PRIMARY KEY, ADD PRIMARY KEY (id)").await;
        is_about_the_key(scene.vsg.migrate::<Both<OtherKey, KeyToText>>().await.unwrap_err());
        is_guarded(&scene).await;
        scene.sql("ALTER TABLE people MODIFY id INTEGER").await;
        assert_eq!(scene.vsg.refresh("people").await.unwrap().changes, [ShapeChange::CaptureRestored]);
    } else {
        is_about_the_key(scene.vsg.migrate::<KeyToText>().await.unwrap_err());
    }
    scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    assert_eq!(scene.rows(ALL).await, ["1|Zoe|31", "2|Max|-"]);
    scene.end().await;
}

migrator!(PeopleToUsers: ["ALTER TABLE people RENAME TO users", "ALTER TABLE users ADD COLUMN mail TEXT"]);

async fn a_renamed_table_is_found(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let changes = migrate::<PeopleToUsers>(&scene).await;
    assert_eq!(changes, [ShapeChange::TableRenamed { from: "people".into() }, added("mail")]);
    scene.commit("UPDATE users SET mail = 'z@x' WHERE id = 1").await;
    assert_eq!(scene.vsg.tracked("users").await.unwrap().history.to_string(), "users_history");
    assert!(matches!(scene.vsg.tracked("people").await, Err(Error::UnknownTable { .. })));
    let all = "SELECT * FROM users ORDER BY id";
    assert_eq!(scene.rows_at(before, all).await, ["1|Zoe|31|-", "2|Max|-|-"]);
    // Without a migration too, and by the new name. The old one is free for another table.
    scene.sql("ALTER TABLE users RENAME TO persons").await;
    let refreshed = scene.vsg.refresh("persons").await.unwrap();
    assert_eq!(refreshed.changes, [ShapeChange::TableRenamed { from: "users".into() }]);
    for name in ["people", "users"] {
        scene.sql(&format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY)")).await;
        scene.vsg.enable(name).await.unwrap();
        scene.commit(&format!("INSERT INTO {name} VALUES (1)")).await;
    }
    scene.commit("DELETE FROM persons").await;
    assert_eq!(scene.rows_at(before, "SELECT count(*) AS n FROM persons").await, ["2"]);
    scene.end().await;
}

async fn a_table_in_another_schema_is_found(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    scene.sql("CREATE SCHEMA other").await;
    scene.sql("ALTER TABLE people SET SCHEMA other").await;
    let refreshed = scene.vsg.refresh("people").await.unwrap();
    assert_eq!(refreshed.table, "other.people");
    assert_eq!(scene.vsg.tracked("other.people").await.unwrap().history.to_string(), "other.people_history");
    scene.commit("UPDATE other.people SET age = 32 WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, "SELECT age FROM other.people ORDER BY id").await, ["31", "-"]);
    scene.end().await;
}

async fn a_dropped_table_leaves_its_history(engine: Engine) {
    let scene = people(engine).await;
    scene.sql("CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT)").await;
    scene.vsg.enable("pet").await.unwrap();
    let before = scene.commit("INSERT INTO pet VALUES (1, 'Rex')").await;
    scene.sql("UPDATE people SET age = 32 WHERE id = 1").await;
    scene.sql("DROP TABLE people").await;
    assert!(!scene.vsg.verify().await.unwrap().ok);
    let refreshed = scene.vsg.refresh_all().await.unwrap();
    assert_eq!(refreshed.len(), 1);
    assert_eq!((refreshed[0].table.as_str(), &refreshed[0].changes[..]), ("people", &[ShapeChange::TableDropped][..]));
    scene.verify().await;
    scene.commit("UPDATE pet SET name = 'Rax'").await;
    assert_eq!(scene.rows_at(before, "SELECT name FROM pet").await, ["Rex"]);
    assert_eq!(scene.rows("SELECT count(*) AS n FROM people_history").await, ["3"]);
    assert!(matches!(scene.vsg.enable("people").await, Err(Error::UnknownTable { .. })));
    // Its changes are still in the audit.
    assert!(scene.audit().await.iter().any(|change| change.table == "people"));
    scene.end().await;
}

async fn a_dropped_table_that_returns_goes_on(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    scene.sql("DROP TABLE people").await;
    scene.vsg.refresh("people").await.unwrap();
    scene.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), mail TEXT)").await;
    scene.sql("INSERT INTO people VALUES (1, 'Zoe', 'z@x'), (3, 'Ida', NULL)").await;
    scene.vsg.enable("people").await.unwrap();
    assert_eq!(scene.operations().await, ["MIGRATE", "UPDATE", "BASELINE"]);
    scene.commit("DELETE FROM people WHERE id = 3").await;
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|-", "2|Max|-"]);
    assert_eq!(scene.rows_at("HEAD~1", ALL).await, ["1|Zoe|z@x", "3|Ida|-"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|Zoe|z@x"]);
    scene.end().await;
}

migrator!(Rebuild: [
    "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, age INTEGER CHECK (age > 0))",
    "INSERT INTO people_new SELECT id, name, age FROM people",
    "DROP TABLE people",
    "ALTER TABLE people_new RENAME TO people"
]);
migrator!(RebuildTheOtherWay: [
    "ALTER TABLE people RENAME TO people_old",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), age INTEGER, mail TEXT)",
    "INSERT INTO people (id, name, age) SELECT id, name, age FROM people_old",
    "DROP TABLE people_old"
]);

async fn a_rebuilt_table_is_the_same_table(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    assert_eq!(migrate::<Rebuild>(&scene).await, []);
    assert_eq!(scene.operations().await, ["UPDATE", "BASELINE"]);
    scene.commit("UPDATE people SET age = 32 WHERE id = 1").await;
    scene.verify().await;
    assert_eq!(Both::<Rebuild, RebuildTheOtherWay>::migrate(&scene).await, [added("mail")]);
    scene.commit("UPDATE people SET age = 33 WHERE id = 1").await;
    assert_eq!(scene.operations().await, ["UPDATE", "UPDATE", "UPDATE", "BASELINE"]);
    assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31|-", "2|Max|-|-"]);
    assert_eq!(scene.rows_at("HEAD~1", ALL).await, ["1|Zoe|32|-", "2|Max|-|-"]);
    scene.end().await;
}

migrator!(RebuildParent:
    [
        "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)",
        "INSERT INTO people_new SELECT * FROM people",
        "DROP TABLE people",
        "ALTER TABLE people_new RENAME TO people"
    ],
    ["ALTER TABLE people ALTER COLUMN name TYPE TEXT"],
    ["ALTER TABLE people MODIFY name TEXT"]
);
migrator!(Orphan: ["DELETE FROM people WHERE id = 1"]);

async fn a_rebuilt_table_keeps_the_rows_that_refer_to_it(engine: Engine) {
    let scene = people(engine).await;
    scene
        .sql("CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people (id) ON DELETE CASCADE)")
        .await;
    scene.vsg.enable("pet").await.unwrap();
    let before = scene.commit("INSERT INTO pet VALUES (1, 1), (2, 2)").await;
    scene.vsg.migrate::<RebuildParent>().await.unwrap();
    assert_eq!(scene.rows("SELECT * FROM pet ORDER BY id").await, ["1|1", "2|2"]);
    assert_eq!(scene.operations().await, ["INSERT", "BASELINE"]);
    // Foreign keys hold again, and a migration cannot break them.
    if engine == Engine::Sqlite {
        let error = scene.vsg.migrate::<Both<RebuildParent, Orphan>>().await.unwrap_err();
        assert!(matches!(&error, Error::Violation { .. }), "{error}");
    }
    scene.commit("DELETE FROM people WHERE id = 1").await;
    assert_eq!(scene.rows("SELECT * FROM pet").await, ["2|2"]);
    assert_eq!(scene.rows_at(before, "SELECT * FROM pet ORDER BY id").await, ["1|1", "2|2"]);
    scene.end().await;
}

migrator!(Failing: [
    "ALTER TABLE people RENAME COLUMN name TO title",
    "UPDATE people SET title = 'nobody'",
    "ALTER TABLE people DROP COLUMN age",
    "INSERT INTO nowhere VALUES (1)"
]);

async fn migrations_that_fail_are_followed_as_far_as_they_came(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let error = scene.vsg.migrate::<Failing>().await.unwrap_err();
    assert!(format!("{error:?}").contains("nowhere"), "{error:?}");
    assert_eq!(scene.columns("people").await, ["id", "title"]);
    scene.verify().await;
    scene.commit("UPDATE people SET title = 'Max' WHERE id = 2").await;
    assert_eq!(scene.operations().await, ["UPDATE", "MIGRATE", "UPDATE", "BASELINE"]);
    assert_eq!(scene.rows_at("HEAD", ALL).await, ["1|nobody", "2|Max"]);
    assert_eq!(scene.rows_at(before, "SELECT id FROM people ORDER BY id").await, ["1", "2"]);
    assert_eq!(scene.rows("SELECT age FROM people_history WHERE id = 1 ORDER BY vsg_id").await, ["30", "31", "-"]);
    scene.end().await;
}

async fn migrations_that_fail_leave_nothing(engine: Engine) {
    let scene = people(engine).await;
    let triggers = scene.triggers("people").await;
    assert!(scene.vsg.migrate::<Failing>().await.is_err());
    assert_eq!(scene.columns("people").await, ["id", "name", "age"]);
    assert_eq!(scene.triggers("people").await, triggers);
    scene.verify().await;
    let after = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    assert_eq!(scene.rows_at(after, ALL).await, ["1|Zoe|31", "2|Max|-"]);
    assert_eq!(scene.operations().await, ["UPDATE", "BASELINE"]);
    scene.end().await;
}

migrator!(Data: [
    "ALTER TABLE people ADD COLUMN old BOOLEAN",
    "UPDATE people SET age = 50 WHERE age IS NULL",
    "UPDATE people SET age = age + 1",
    "DELETE FROM people WHERE id = 1",
    "INSERT INTO people (id, name) VALUES (9, 'Eve')"
]);

async fn migrations_change_data_in_one_commit(engine: Engine) {
    let scene = people(engine).await;
    let migrated = scene.vsg.migrate::<Data>().await.unwrap();
    let commit = migrated.refreshed[0].commit.unwrap();
    let log = scene.log().await;
    assert_eq!((log[0].operation.as_str(), log[0].actor.as_str(), log[0].uuid), ("MIGRATE", "dbvsg", commit));
    assert!(log[0].message.as_ref().unwrap().contains("Data"));
    let ops: Vec<String> = scene.audit().await.iter().map(|change| format!("{:?}", change.op)).collect();
    assert_eq!(ops.len(), 3, "{ops:?}");
    let rows = "SELECT id, name, age FROM people ORDER BY id";
    assert_eq!(scene.rows_at("HEAD", rows).await, ["2|Max|51", "9|Eve|-"]);
    assert_eq!(scene.rows_at("HEAD~1", rows).await, ["1|Zoe|30", "2|Max|-"]);
    scene.end().await;
}

async fn nothing_pending_is_nothing_done(engine: Engine) {
    let scene = people(engine).await;
    assert_eq!(scene.vsg.migrate::<DropAge>().await.unwrap().applied, ["DropAge"]);
    assert_eq!(scene.vsg.migrate::<DropAge>().await.unwrap(), dbvsg::Migrated::default());
    scene.end().await;
}

async fn what_changed_while_nobody_looked_is_found_at_start(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let url = scene.url();
    scene.vsg.close().await.unwrap();
    outside(
        &scene,
        engine.pick(
            "CREATE TABLE x (id INTEGER PRIMARY KEY, name VARCHAR(20), mail TEXT DEFAULT 'none'); \
             INSERT INTO x (id, name) SELECT id, name FROM people; DROP TABLE people; ALTER TABLE x RENAME TO people; \
             INSERT INTO people VALUES (3, 'Ida', 'i@x')",
            "DROP TRIGGER dbvsg_insert ON people; ALTER TABLE people DROP COLUMN age; \
             ALTER TABLE people ADD COLUMN mail TEXT DEFAULT 'none'; INSERT INTO people VALUES (3, 'Ida', 'i@x')",
            "DROP TRIGGER dbvsg_1_insert; ALTER TABLE people DROP COLUMN age; \
             ALTER TABLE people ADD COLUMN mail TEXT DEFAULT 'none'; INSERT INTO people VALUES (3, 'Ida', 'i@x')",
        ),
    );
    let vsg = Vsg::connect(&url).await.unwrap();
    let found = vsg.found_at_start().clone();
    assert_eq!(found.problems, []);
    assert_eq!(found.refreshed.len(), 1);
    assert_eq!(found.refreshed[0].changes, [dropped("age"), added("mail")]);
    assert!(vsg.verify().await.unwrap().ok);
    let then = vsg.as_of(before).await.unwrap();
    let rows = then.query_all_raw(scene.query(ALL)).await.unwrap();
    assert_eq!(rows.len(), 2);
    let now = vsg.as_of("HEAD").await.unwrap().query_all_raw(scene.query(ALL)).await.unwrap();
    assert_eq!(now.len(), 3);
    assert_eq!(vsg.commit("HEAD").await.unwrap().operation, "MIGRATE");
    // Who comes next finds nothing.
    vsg.close().await.unwrap();
    let vsg = Vsg::connect(&url).await.unwrap();
    assert_eq!(*vsg.found_at_start(), dbvsg::FoundAtStart::default());
    vsg.close().await.unwrap();
}

async fn what_cannot_be_followed_at_start_is_told(engine: Engine) {
    let scene = people(engine).await;
    scene.sql("CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT)").await;
    scene.vsg.enable("pet").await.unwrap();
    let url = scene.url();
    scene.vsg.close().await.unwrap();
    outside(
        &scene,
        engine.pick(
            "CREATE TABLE x (id INTEGER, name TEXT PRIMARY KEY); INSERT INTO x SELECT id, name FROM people; \
             DROP TABLE people; ALTER TABLE x RENAME TO people; ALTER TABLE pet ADD COLUMN age INTEGER",
            "ALTER TABLE people DROP CONSTRAINT people_pkey; ALTER TABLE people ADD PRIMARY KEY (name); \
             ALTER TABLE pet ADD COLUMN age INTEGER",
            "ALTER TABLE people DROP PRIMARY KEY, ADD PRIMARY KEY (name); ALTER TABLE pet ADD COLUMN age INTEGER",
        ),
    );
    let vsg = Vsg::connect(&url).await.unwrap();
    let found = vsg.found_at_start();
    assert_eq!(found.problems.len(), 1, "{found:?}");
    assert_eq!(found.problems[0].table.as_deref(), Some("people"));
    assert!(found.problems[0].problem.contains("primary key"));
    assert_eq!(found.refreshed[0].changes, [added("age")]);
    assert!(!vsg.verify().await.unwrap().ok);
    vsg.close().await.unwrap();
}

async fn another_program_reads_on(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    let other = Vsg::connect(&scene.url()).await.unwrap();
    let read = async |sql: &str| {
        let then = other.as_of(before).await.unwrap();
        then.query_all_raw(scene.query(sql)).await.unwrap().len()
    };
    assert_eq!(read(ALL).await, 2);
    migrate::<NameToTitle>(&scene).await;
    assert_eq!(read("SELECT title FROM people WHERE title = 'Zoe'").await, 1);
    other
        .transaction("bob", async |txn| {
            txn.execute_unprepared("UPDATE people SET title = 'Bob' WHERE id = 2").await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert!(other.verify().await.unwrap().ok);
    other.close().await.unwrap();
    assert_eq!(scene.rows_at("HEAD", "SELECT title FROM people ORDER BY id").await, ["Zoe", "Bob"]);
    scene.end().await;
}

async fn cached_statements_survive(engine: Engine) {
    let scene = people(engine).await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    for _ in 0..3 {
        assert_eq!(scene.rows(ALL).await.len(), 2);
        assert_eq!(scene.rows_at(before, ALL).await.len(), 2);
    }
    scene.sql("ALTER TABLE people ADD COLUMN mail TEXT DEFAULT 'x'").await;
    scene.vsg.refresh("people").await.unwrap();
    for _ in 0..3 {
        assert_eq!(scene.rows(ALL).await, ["1|Zoe|31|x", "2|Max|-|x"]);
        assert_eq!(scene.rows_at(before, ALL).await, ["1|Zoe|31|-", "2|Max|-|-"]);
    }
    scene.end().await;
}

async fn types_of_all_kinds_are_converted_or_null(engine: Engine) {
    // The type before, a value, the type after, and how the value reads then.
    let cases = [
        ("bigint", "5000000000", "integer", "-"),
        ("bigint", "5", "integer", "5"),
        ("text", "2024-02-30", "date", "-"),
        ("text", "2024-02-29", "date", "2024-02-29"),
        ("text", "x", "uuid", "-"),
        ("timestamp", "2024-01-01 10:00:00", "timestamptz", "2024-01-01 10:00:00+00"),
        ("boolean", "true", "integer", "1"),
        ("integer", "1", "boolean", "true"),
        ("text", "a long text", "varchar(6)", "a long text"),
        ("numeric(10,2)", "12345.67", "numeric(4,1)", "-"),
        ("double precision", "1.5", "text", "1.5"),
        ("json", "{\"a\": 1}", "jsonb", "{\"a\": 1}"),
        ("integer", "1", "integer[]", "-"),
        ("character(5)", "abc", "text", "abc"),
        ("text", "abc", "character(5)", "abc"),
        ("varchar(10)[]", "{a,b}", "varchar(20)[]", "{a,b}"),
    ];
    converted(engine, &cases, |to| format!("ALTER COLUMN v TYPE {to} USING NULL::{to}"), "v::text").await;
}

/// Each value is stored, the column emptied and given the other type; then the past is read as text.
async fn converted(engine: Engine, cases: &[(&str, &str, &str, &str)], retype: impl Fn(&str) -> String, as_text: &str) {
    for (from, value, to, expected) in cases {
        let scene = Scene::with(engine, &[&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v {from})")]).await;
        scene.vsg.enable("t").await.unwrap();
        let before = scene.commit(&format!("INSERT INTO t VALUES (1, '{value}')")).await;
        scene.commit("UPDATE t SET v = NULL").await;
        scene.sql(&format!("ALTER TABLE t {}", retype(to))).await;
        scene.vsg.refresh("t").await.unwrap();
        let read = format!("SELECT {as_text} AS v FROM t");
        assert_eq!(scene.rows_at(before, &read).await, [*expected], "{from} to {to}");
        assert_eq!(scene.rows_at("HEAD", &read).await, ["-"]);
        scene.end().await;
    }
}

async fn types_of_mariadb_are_converted_or_null(engine: Engine) {
    let cases = [
        ("bigint", "5000000000", "int", "-"),
        ("bigint", "-5", "int unsigned", "-"),
        ("bigint", "5", "tinyint", "5"),
        ("varchar(20)", "2024-02-30", "date", "-"),
        ("varchar(20)", "2024-02-29", "date", "2024-02-29"),
        ("varchar(20)", "7 days", "int", "-"),
        ("varchar(20)", "-7", "int", "-7"),
        ("varchar(20)", "1.25", "decimal(6,2)", "1.25"),
        ("decimal(10,2)", "12345.67", "decimal(4,1)", "-"),
        ("datetime", "2024-01-01 10:00:00", "date", "2024-01-01"),
        ("varchar(20)", "a long text", "varchar(6)", "a long text"),
        ("double", "1.5", "varchar(9)", "1.5"),
        ("varchar(20)", "{\"a\": 1}", "json", "{\"a\": 1}"),
        ("varchar(20)", "{a: 1}", "json", "-"),
        ("varchar(20)", "abc  ", "char(20)", "abc  "),
    ];
    converted(engine, &cases, |to| format!("MODIFY v {to}"), "CAST(v AS CHAR)").await;
}

/// Killed after it had noted what becomes of a history: before that was done, and after.
async fn what_a_killed_program_left_is_finished(engine: Engine) {
    for is_altered in [false, true] {
        let scene = people(engine).await;
        let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
        let url = scene.url();
        scene.vsg.close().await.unwrap();
        let alter = "ALTER TABLE people_history RENAME COLUMN name TO title, ADD COLUMN mail TEXT";
        outside(
            &scene,
            &format!(
                "ALTER TABLE people RENAME COLUMN name TO title, ADD COLUMN mail TEXT; \
                 UPDATE dbvsg_column SET live_name = 'title', history_name = 'title' WHERE live_name = 'name'; \
                 INSERT INTO dbvsg_column SELECT table_id, 4, 'mail', 'mail', 'mail', 'text', collation_name, 3, NULL, NULL, NULL, NULL \
                 FROM dbvsg_column WHERE live_name = 'title'; \
                 UPDATE dbvsg_table SET shape = 1, pending_ddl = '[\"{alter}\"]';"
            ),
        );
        if is_altered {
            outside(&scene, alter);
        }
        let vsg = Vsg::connect(&url).await.unwrap();
        assert_eq!(vsg.found_at_start().problems, []);
        assert!(vsg.verify().await.unwrap().ok);
        outside(&scene, "UPDATE people SET title = 'Zed', mail = 'z@x' WHERE id = 1");
        assert!(vsg.verify().await.unwrap().ok);
        let then = vsg.as_of(before).await.unwrap();
        let rows = then.query_all_raw(scene.query("SELECT title FROM people WHERE title = 'Zoe'")).await.unwrap();
        assert_eq!(rows.len(), 1);
        vsg.close().await.unwrap();
    }
}

migrator!(Slow: ["ALTER TABLE people ADD COLUMN mail TEXT", "DO SLEEP(1)", "UPDATE people SET mail = 'none'"]);

async fn writers_are_refused_while_a_migration_runs(engine: Engine) {
    let scene = people(engine).await;
    let (db, is_over) = (scene.vsg.connection(), Arc::new(AtomicBool::new(false)));
    let until = is_over.clone();
    let writing = tokio::spawn(async move {
        let (mut written, mut refused) = (0, 0);
        while !until.load(Ordering::Relaxed) {
            let sql = format!("UPDATE people SET age = {} WHERE id = 1", 40 + written);
            match db.execute_unprepared(&sql).await {
                Ok(_) => written += 1,
                Err(error) => {
                    assert!(error.to_string().contains("try again"), "{error}");
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        (written, refused)
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(migrate::<Slow>(&scene).await, [added("mail")]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    is_over.store(true, Ordering::Relaxed);
    let (written, refused) = writing.await.unwrap();
    assert!(written > 1 && refused > 10, "{written} {refused}");
    // Beside them there are the baseline and the migration.
    assert_eq!(scene.vsg.log(&LogFilter::default()).await.unwrap().total, written + 2);
    assert_eq!(scene.rows_at("HEAD", "SELECT mail FROM people").await, ["none", "none"]);
    scene.end().await;
}

async fn a_hint_is_for_the_table_that_it_fits(engine: Engine) {
    let scene = people(engine).await;
    scene.sql("CREATE TABLE pet (id INTEGER PRIMARY KEY, years INTEGER)").await;
    scene.vsg.enable("pet").await.unwrap();
    let hints = Refresh::default().renamed("age", "years");
    let migrated = scene.vsg.migrate_with::<RenameAndTake>(&hints).await.unwrap();
    assert_eq!(migrated.refreshed.len(), 1);
    assert_eq!(migrated.refreshed[0].changes, [renamed("age", "years"), added("age")]);
    let wrong = scene.vsg.refresh_with("people", &Refresh::default().renamed("mail", "email")).await.unwrap_err();
    assert!(matches!(&wrong, Error::UnknownColumn { table, .. } if table == "people"), "{wrong}");
    scene.commit("INSERT INTO pet VALUES (1, 2)").await;
    scene.end().await;
}

async fn what_was_never_stored_is_not_when_it_comes_back(engine: Engine) {
    let scene = with_policies(engine).await;
    scene.sql("ALTER TABLE people ADD COLUMN other INTEGER").await;
    scene.vsg.refresh("people").await.unwrap();
    scene.sql("ALTER TABLE people DROP COLUMN secret").await;
    scene.vsg.refresh("people").await.unwrap();
    scene.sql("ALTER TABLE people ADD COLUMN secret TEXT").await;
    scene.vsg.refresh("people").await.unwrap();
    scene.commit("UPDATE people SET secret = 'key', other = 1").await;
    assert!(!scene.columns("people_history").await.contains(&"secret".into()));
    scene.end().await;
}

async fn a_table_that_takes_the_name_of_another_is_itself(engine: Engine) {
    let scene = people(engine).await;
    scene.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, n INTEGER)").await;
    scene.vsg.enable("users").await.unwrap();
    scene.commit("INSERT INTO users VALUES (5, 5)").await;
    let before = scene.commit("UPDATE people SET age = 31 WHERE id = 1").await;
    // On one connection: another of SQLite's would not know yet that the name is free.
    scene.sql("DROP TABLE users; ALTER TABLE people RENAME TO users").await;
    let refreshed = scene.vsg.refresh_all().await.unwrap();
    assert_eq!(refreshed.len(), 2, "{refreshed:?}");
    scene.verify().await;
    scene.commit("UPDATE users SET age = 32 WHERE id = 1").await;
    assert_eq!(scene.rows_at(before, "SELECT * FROM users ORDER BY id").await, ["1|Zoe|31", "2|Max|-"]);
    scene.end().await;
}

async fn a_parent_may_be_called_guard(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE guard (id INTEGER PRIMARY KEY)",
            "CREATE TABLE shift (id INTEGER PRIMARY KEY, guard INTEGER REFERENCES guard (id) ON DELETE CASCADE)",
            "INSERT INTO guard VALUES (1), (2)",
            "INSERT INTO shift VALUES (1, 1), (2, 2)",
        ],
    )
    .await;
    scene.vsg.enable("shift").await.unwrap();
    scene.sql("ALTER TABLE shift ADD COLUMN hours INTEGER").await;
    scene.vsg.refresh("shift").await.unwrap();
    scene.commit("DELETE FROM guard WHERE id = 1").await;
    assert_eq!(scene.rows_at("HEAD", "SELECT id FROM shift").await, ["2"]);
    scene.end().await;
}

async fn another_collation_of_the_key_is_refused(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, n INTEGER)",
            "INSERT INTO t VALUES ('A', 1), ('a', 2)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    scene.commit("DELETE FROM t WHERE k = 'A'").await;
    scene.sql("ALTER TABLE t MODIFY k VARCHAR(9) COLLATE utf8mb4_general_ci").await;
    let error = scene.vsg.refresh("t").await.unwrap_err();
    assert!(matches!(&error, Error::Unfollowable { reason, .. } if reason.contains("collation")), "{error}");
    scene.sql("ALTER TABLE t MODIFY k VARCHAR(9) COLLATE utf8mb4_bin").await;
    scene.vsg.refresh("t").await.unwrap();
    scene.commit("UPDATE t SET n = 3").await;
    scene.end().await;
}

const WRITES: u64 = 200;

/// Bob writes, and tries again where somebody is in the way.
fn bob_writes(scene: &Scene) -> tokio::task::JoinHandle<()> {
    let vsg = scene.vsg.clone();
    tokio::spawn(async move {
        for number in 0..WRITES {
            let sql = format!("UPDATE people SET age = {} WHERE id = 1", 100 + number);
            let write = async || {
                vsg.transaction("bob", async |txn| txn.execute_unprepared(&sql).await.map_err(Error::from)).await
            };
            while let Err(error) = write().await {
                assert!(error.is_busy(), "{error:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    })
}

/// Each write is a commit of Bob's own, and none of them is seen only by comparing.
async fn all_are_bobs(scene: Scene) {
    let mut filter = LogFilter::default();
    filter.actor = Some("bob".into());
    assert_eq!(scene.vsg.log(&filter).await.unwrap().total, WRITES);
    let ages = "SELECT age FROM people_history h JOIN dbvsg_commit c ON c.id = h.vsg_begin WHERE c.actor = 'bob' ORDER BY h.vsg_id";
    let written: Vec<String> = (0..WRITES).map(|number| (100 + number).to_string()).collect();
    assert_eq!(scene.rows(ages).await, written);
    scene.end().await;
}

async fn no_write_slips_by_while_columns_come(engine: Engine) {
    let scene = people(engine).await;
    let writing = bob_writes(&scene);
    for number in 0..5 {
        scene.sql(&format!("ALTER TABLE people ADD COLUMN c{number} INTEGER DEFAULT {number}")).await;
        scene.vsg.refresh("people").await.unwrap();
    }
    writing.await.unwrap();
    all_are_bobs(scene).await;
}

migrator!(Widened: [
    "ALTER TABLE people ADD COLUMN mail VARCHAR(20) DEFAULT 'none'",
    "UPDATE people SET mail = 'm@x' WHERE id = 2",
    "ALTER TABLE people RENAME COLUMN name TO title",
    "ALTER TABLE people ADD COLUMN score INTEGER"
]);

async fn no_write_slips_by_while_a_migration_runs(engine: Engine) {
    let scene = people(engine).await;
    let writing = bob_writes(&scene);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let hints = Refresh::default().renamed("name", "title");
    let migrated = scene.vsg.migrate_with::<Widened>(&hints).await.unwrap();
    assert_eq!(migrated.applied, ["Widened"]);
    assert_eq!(migrated.refreshed[0].changes.len(), 3);
    writing.await.unwrap();
    assert_eq!(scene.rows_at("HEAD", "SELECT mail FROM people ORDER BY id").await, ["none", "m@x"]);
    all_are_bobs(scene).await;
}
