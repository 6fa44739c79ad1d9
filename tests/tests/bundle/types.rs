//! Whatever a database holds comes back to the bit.

use dbvsg_tests::{Engine, Scene, outside, scenarios};

use super::{bundle, restore, world::state};

scenarios!(nulls_can_stand_in_some_rows_only);
scenarios!(Sqlite: every_storage_class_comes_back);
scenarios!(Postgres: every_type_of_postgres_comes_back, what_belongs_to_tables_of_postgres_comes_back);
scenarios!(MariaDb: every_type_of_mariadb_comes_back, dates_that_are_none_come_back);

/// Restores into the database itself and into an empty one, and compares what a query says.
async fn there_and_back(scene: Scene, queries: &[&str], spoil: &[&str]) {
    let (path, before) = (bundle(&scene, "types.zip").await, state(&scene).await);
    let mut expected = Vec::new();
    for query in queries {
        expected.push(scene.rows(query).await);
    }
    for sql in spoil {
        scene.sql(sql).await;
    }
    restore(&scene, &path).await.unwrap();
    let fresh = Scene::new(scene.engine()).await;
    restore(&fresh, &path).await.unwrap();
    for scene in [scene, fresh] {
        assert_eq!(state(&scene).await, before);
        for (query, expected) in queries.iter().zip(&expected) {
            assert_eq!(scene.rows(query).await, *expected, "{query}");
        }
        scene.end().await;
    }
}

/// In so many rows that they are put back by several statements, which are alike but for the values.
async fn nulls_can_stand_in_some_rows_only(engine: Engine) {
    let bytes = engine.pick("blob", "bytea", "blob");
    let columns =
        format!("i bigint, d double precision, w varchar(9), b {bytes}, yes boolean, n decimal(9, 2), at date");
    let scene = Scene::with(engine, &[&format!("CREATE TABLE t (id integer PRIMARY KEY, {columns})")]).await;
    scene.vsg.enable("t").await.unwrap();
    let full = engine.pick("x'00'", "'\\x00'", "x'00'");
    for hundred in 0..15 {
        let rows = (0..100).map(|one| match hundred {
            ..7 => format!("({}, NULL, NULL, NULL, NULL, NULL, NULL, NULL)", hundred * 100 + one),
            _ => format!("({}, 1, 1.5, 'w', {full}, true, 1.25, '2024-02-29')", hundred * 100 + one),
        });
        scene.sql(&format!("INSERT INTO t VALUES {}", rows.collect::<Vec<_>>().join(", "))).await;
    }
    scene.sql("UPDATE t SET i = 2 WHERE id < 600").await;
    there_and_back(scene, &["SELECT id, i, w FROM t ORDER BY id"], &["DELETE FROM t WHERE id > 5"]).await;
}

async fn every_storage_class_comes_back(engine: Engine) {
    let values = "(1, NULL), (2, 9223372036854775807), (3, 1.5), (4, -0.0), (5, 9e999), (6, -9e999), (7, 'text'), (8, ''), (9, x''), \
                  (10, x'00ff'), (11, CAST(x'61ff' AS TEXT)), (12, 'a' || char(0) || 'b'), (13, 5e-324), (14, '7'), (15, 1e300)";
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE any_of (id INTEGER PRIMARY KEY, v)",
            "CREATE TABLE words (id INTEGER PRIMARY KEY, v TEXT, n NUMERIC, r REAL, twice INTEGER AS (id * 2) STORED)",
            "CREATE TABLE loose (a, b)",
            "CREATE TABLE tight (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
            "CREATE VIRTUAL TABLE search USING fts5(body)",
            "INSERT INTO search VALUES ('a fat cat')",
        ],
    )
    .await;
    scene.vsg.enable("any_of").await.unwrap();
    scene.vsg.enable("words").await.unwrap();
    scene.sql(&format!("INSERT INTO any_of VALUES {values}")).await;
    scene.sql(&format!("INSERT INTO loose VALUES {values}")).await;
    scene.sql("INSERT INTO tight SELECT 'k' || a, b FROM loose").await;
    scene.sql("INSERT INTO words (id, v, n, r) VALUES (1, 5, '1.50', 2), (2, x'61', 'x', 'y'), (3, CAST(x'ff' AS TEXT), x'00', x'01')").await;
    let each = |table: &str, column: &str| {
        format!("SELECT typeof({column}), hex({column}), quote({column}) FROM {table} ORDER BY 1, 2, 3")
    };
    let queries = [
        each("any_of", "v"),
        each("loose", "b"),
        each("tight", "v"),
        each("words", "v"),
        each("words", "n"),
        each("words", "r"),
        each("any_of_history", "v"),
        "SELECT twice FROM words ORDER BY id".into(),
        "SELECT body FROM search WHERE search MATCH 'cat'".into(),
    ];
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    there_and_back(
        scene,
        &queries,
        &["DELETE FROM any_of", "DELETE FROM loose", "INSERT INTO search VALUES ('a cat')"],
    )
    .await;
}

async fn every_type_of_postgres_comes_back(engine: Engine) {
    let scene = Scene::new(engine).await;
    for sql in [
        "CREATE SCHEMA app",
        "CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy')",
        "CREATE TYPE app.pair AS (a int, b text)",
        "CREATE DOMAIN app.percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100)",
        "CREATE TYPE app.span AS RANGE (subtype = float8)",
    ] {
        scene.sql(sql).await;
    }
    let columns = [
        ("i2", "smallint", "-32768"),
        ("i8", "bigint", "9223372036854775807"),
        ("n", "numeric", "12345678901234567890123456789.123450"),
        ("nan", "numeric", "'NaN'"),
        ("f4", "real", "0.1"),
        ("f8", "double precision", "'-Infinity'"),
        ("z8", "double precision", "'-0'"),
        ("n8", "double precision", "'NaN'"),
        ("fs", "double precision[]", "'{0.1,NaN,-0,5e-324}'"),
        ("money", "money", "'12.34'"),
        ("t", "text COLLATE \"C\"", "E'é\\n\\\\''😀'"),
        ("c", "char(5)", "'ab'"),
        ("ch", "\"char\"", "'x'"),
        ("vc", "varchar(20)", "''"),
        ("b", "bytea", "'\\x00ff'"),
        ("bits", "bit varying(9)", "B'1010'"),
        ("yes", "boolean", "true"),
        ("d", "date", "'infinity'"),
        ("tm", "time(3)", "'10:30:00.123'"),
        ("tz", "timestamptz", "'2024-01-15 12:30:00.123456+02'"),
        ("ts", "timestamp", "'0044-03-15 12:00:00 BC'"),
        ("span", "interval", "'1 year 2 mons -3 days 04:05:06.789'"),
        ("u", "uuid", "'0f8fad5b-d9cb-469f-a165-70867728950e'"),
        ("j", "json", "'{\"b\": 1, \"a\": [1, null],  \"b\": 2}'"),
        ("jb", "jsonb", "'{\"b\": 1.50, \"a\": [1, null]}'"),
        ("tags", "text[]", "'{x,\"y z\",NULL}'"),
        ("grid", "integer[][]", "'{{1,2},{3,4}}'"),
        ("ip", "inet", "'10.1.2.3/8'"),
        ("mac", "macaddr", "'08:00:2b:01:02:03'"),
        ("r", "int4range", "'[1,5)'"),
        ("mr", "datemultirange", "'{[2024-01-01,2024-02-01),[2024-03-01,)}'"),
        ("sp", "app.span", "'[0.1,0.2)'"),
        ("words", "tsvector", "to_tsvector('simple', 'a fat cat')"),
        ("p", "point", "'(1.5,-2)'"),
        ("x", "xml", "'<a>1</a>'"),
        ("m", "app.mood", "'it''s ok'"),
        ("ms", "app.mood[]", "'{sad,happy}'"),
        ("pr", "app.pair", "ROW(1, 'x,y')"),
        ("pc", "app.percent", "99.5"),
    ];
    let definitions: String = columns.iter().map(|(name, kind, _)| format!(", {name} {kind}")).collect();
    let twice = "twice bigint GENERATED ALWAYS AS (i2 * 2) STORED";
    let names = columns.map(|(name, ..)| name).join(", ");
    let values = columns.map(|(.., value)| value).join(", ");
    for table in ["app.things", "loose"] {
        scene
            .sql(&format!(
                "CREATE TABLE {table} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY{definitions}, {twice})"
            ))
            .await;
    }
    scene.vsg.enable("app.things").await.unwrap();
    for table in ["app.things", "loose"] {
        scene.sql(&format!("INSERT INTO {table} ({names}) VALUES ({values})")).await;
        scene.sql(&format!("INSERT INTO {table} (i2) VALUES (NULL)")).await;
    }
    let queries = [
        "SELECT t::text FROM app.things t ORDER BY id",
        "SELECT t::text FROM loose t ORDER BY id",
        "SELECT t::text FROM app.things_history t ORDER BY vsg_id",
        "SELECT column_name, data_type, is_nullable, is_identity, generation_expression, collation_name FROM information_schema.columns \
         WHERE table_name IN ('things', 'loose') ORDER BY table_name, ordinal_position",
    ];
    there_and_back(scene, &queries, &["DELETE FROM app.things", "UPDATE loose SET i8 = 1, m = 'sad'"]).await;
}

async fn what_belongs_to_tables_of_postgres_comes_back(engine: Engine) {
    let scene = Scene::new(engine).await;
    for sql in [
        "CREATE SCHEMA \"Sales App\"",
        "CREATE SEQUENCE \"Sales App\".\"my Seq\" INCREMENT 5",
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'",
        "CREATE TABLE parent (id serial PRIMARY KEY, name text DEFAULT 'a''b' UNIQUE, n int CHECK (n > 0), d int GENERATED ALWAYS AS (twice(n)) STORED)",
        "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE RESTRICT, more int DEFAULT nextval('\"Sales App\".\"my Seq\"'))",
        "ALTER TABLE parent ADD COLUMN favourite int REFERENCES child DEFERRABLE INITIALLY DEFERRED",
        "CREATE TABLE events (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE events_23 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
        "CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE INDEX ON events (at)",
        "CREATE TABLE base (x int)",
        "CREATE TABLE heir (y int) INHERITS (base)",
        "CREATE UNIQUE INDEX odd_names ON parent (lower(name)) WHERE n > 5",
        "CREATE VIEW names AS SELECT name FROM parent",
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM events",
        "CREATE TABLE nothing ()",
    ] {
        scene.sql(sql).await;
    }
    for table in ["parent", "child", "events"] {
        scene.vsg.enable(table).await.unwrap();
    }
    for sql in [
        "INSERT INTO parent (name, n) VALUES ('x', 1), ('y', 2)",
        "INSERT INTO child (id, parent) VALUES (1, 1), (2, 2)",
        "UPDATE parent SET favourite = 2 WHERE id = 1",
        "INSERT INTO events VALUES (1, '2023-05-05'), (2, '2024-05-05')",
        "INSERT INTO base VALUES (1)",
        "INSERT INTO heir VALUES (2, 3)",
        "INSERT INTO nothing DEFAULT VALUES",
        "REFRESH MATERIALIZED VIEW counted",
    ] {
        scene.sql(sql).await;
    }
    let queries = [
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), condeferrable FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'dbvsg%' ORDER BY 1",
        "SELECT id, name, d FROM parent ORDER BY 1",
        "SELECT id, more FROM child ORDER BY 1",
        "SELECT tableoid::regclass::text, id FROM events ORDER BY 2",
        "SELECT tableoid::regclass::text, x FROM base ORDER BY 2",
        "SELECT name FROM names ORDER BY 1",
        "SELECT n FROM counted",
        "SELECT last_value, is_called FROM parent_id_seq WHERE NOT is_called UNION SELECT 3, false WHERE (SELECT is_called FROM parent_id_seq)",
    ];
    there_and_back(
        scene,
        &queries,
        &[
            "UPDATE parent SET favourite = NULL",
            "DELETE FROM child",
            "DELETE FROM base",
            "DELETE FROM events WHERE id = 1",
        ],
    )
    .await;
}

async fn every_type_of_mariadb_comes_back(engine: Engine) {
    let scene = Scene::new(engine).await;
    let columns = [
        ("i1", "tinyint", "-128"),
        ("yes", "boolean", "true"),
        ("i8", "bigint", "-9223372036854775808"),
        ("u8", "bigint unsigned", "18446744073709551615"),
        ("n", "decimal(65,30)", "-12345678901234567890123456789012345.123456789012345678901234567890"),
        ("w", "decimal(65,0)", "12345678901234567890123456789012345678901234567890123456789012345"),
        ("f4", "float", "0.1"),
        ("f8", "double", "1.7976931348623157e308"),
        ("bits", "bit(64)", "b'1111111111111111111111111111111111111111111111111111111111111101'"),
        ("b3", "bit(3)", "b'101'"),
        ("y", "year", "2155"),
        ("d", "date", "'9999-12-31'"),
        ("dt", "datetime(6)", "'1000-01-01 00:00:00.000001'"),
        ("ts", "timestamp(6) NULL", "'2024-01-15 12:30:00.123456'"),
        ("tm", "time(6)", "'-838:59:58.999999'"),
        ("c", "char(5)", "'ab'"),
        ("vc", "varchar(20)", "''"),
        ("l", "varchar(20) CHARACTER SET latin1", "'é'"),
        ("t", "text", "'é\\n\\\\''😀 '"),
        ("vb", "varbinary(9)", "x'00ff00'"),
        ("b16", "binary(16)", "x'0f8fad5bd9cb469fa16570867728950e'"),
        ("b", "longblob", "x'fffe00'"),
        ("u", "uuid", "'0f8fad5b-d9cb-469f-a165-70867728950e'"),
        ("ip4", "inet4", "'10.1.2.3'"),
        ("ip", "inet6", "'2001:db8::ff00:42:8329'"),
        ("j", "json", "'{\"b\": 1.50, \"a\": [1, null],  \"b\": 2}'"),
        ("e", "enum('sad', 'it''s ok', 'happy')", "'it''s ok'"),
        ("s", "set('a', 'b', 'c')", "'a,c'"),
        ("p", "point", "ST_GeomFromText('POINT(1.5 -2)')"),
        ("hidden", "int INVISIBLE", "7"),
    ];
    let definitions: String = columns.iter().map(|(name, kind, _)| format!(", {name} {kind}")).collect();
    let made = "twice int AS (i1 * 2) VIRTUAL, thrice int AS (i1 * 3) STORED";
    let names = columns.map(|(name, ..)| name).join(", ");
    let values = columns.map(|(.., value)| value).join(", ");
    for table in ["things", "loose"] {
        scene.sql(&format!("CREATE TABLE {table} (id int AUTO_INCREMENT PRIMARY KEY{definitions}, {made})")).await;
    }
    scene.sql("CREATE SEQUENCE own START WITH 7 INCREMENT BY 3").await;
    scene.sql("CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC RETURN n * 2").await;
    scene.vsg.enable("things").await.unwrap();
    for table in ["things", "loose"] {
        scene.sql(&format!("INSERT INTO {table} ({names}) VALUES ({values})")).await;
        scene.sql(&format!("INSERT INTO {table} (i1) VALUES (NULL)")).await;
    }
    let each: Vec<String> = columns.iter().map(|(name, ..)| format!("HEX(CAST({name} AS BINARY))")).collect();
    let queries = [
        format!("SELECT {}, twice, thrice FROM things ORDER BY id", each.join(", ")),
        format!("SELECT {} FROM loose ORDER BY id", each.join(", ")),
        format!("SELECT {} FROM things_history ORDER BY vsg_id", each.join(", ")),
        "SELECT column_name, column_type, is_nullable, extra, collation_name FROM information_schema.columns \
         WHERE table_schema = database() AND table_name IN ('things', 'loose') ORDER BY table_name, ordinal_position"
            .into(),
        "SELECT doubled(4)".into(),
    ];
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    there_and_back(scene, &queries, &["DELETE FROM things", "UPDATE loose SET i8 = 1, p = NULL"]).await;
}

async fn dates_that_are_none_come_back(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE z (id int PRIMARY KEY, n int, d date, dt datetime(3), ts timestamp NULL, e enum('a'))"],
    )
    .await;
    scene.vsg.enable("z").await.unwrap();
    let values = "(0, 1, '0000-00-00', '2024-02-31 10:00', '0000-00-00 00:00:00', 'wrong'), (2, 1, '2024-00-00', '0000-00-00', 0, 'a')";
    outside(
        &scene,
        &format!("SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'; INSERT INTO z VALUES {values}"),
    );
    let query = "SELECT id, CAST(d AS CHAR), CAST(dt AS CHAR), CAST(ts AS CHAR), CAST(e AS CHAR) FROM z ORDER BY id";
    there_and_back(scene, &[query], &["DELETE FROM z"]).await;
}
