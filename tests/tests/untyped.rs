//! Tables without a model: rows in and out by the table's name.

#![allow(clippy::unwrap_used)]

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dbvsg::{
    Accessor, Author, Compare, Constraint, Error, Fields, Gateway, ImportMode, Key, LogFilter, Order, Reference,
    Versioned, sea_orm::Set, transfer::csv,
};
use dbvsg_tests::{Engine, Scene, models::user, scenarios};
use futures_util::TryStreamExt;
use serde_json::{Value as Json, json};

scenarios!(
    rows_go_in_and_out_by_the_name_of_their_table,
    every_type_returns,
    every_type_can_be_compared_and_sorted,
    composite_keys_and_hostile_names_are_names,
    what_does_not_fit_names_its_column,
    what_is_left_out_gets_its_default,
    what_the_database_refuses_changes_nothing,
    many_rows_are_one_commit_in_their_order,
    queries_filter_sort_and_page_now_and_then,
    a_row_goes_back,
    writes_join_a_transaction,
    a_table_that_changes_its_shape_is_followed,
    keys_given_by_hand_are_not_given_again,
    a_key_of_zero_is_a_key,
    a_moment_of_any_year_is_kept_or_refused,
    files_go_in_whole_or_not_at_all,
    what_is_exported_can_be_imported,
    a_huge_file_takes_little_memory,
);

fn fields(json: Json) -> Fields {
    json.as_object().unwrap().clone()
}

async fn key(gateway: &Gateway, text: &str) -> Key {
    Key::parse(&gateway.table().await.unwrap(), text).unwrap()
}

/// A table of payments, tracked.
async fn payments(engine: Engine) -> (Scene, Gateway) {
    let key = engine.auto_key();
    let scene = Scene::with(
        engine,
        &[&format!("CREATE TABLE pay (id {key}, name VARCHAR(50) NOT NULL, amount INTEGER, note VARCHAR(50))")],
    )
    .await;
    scene.vsg.enable("pay").await.unwrap();
    let pay = scene.vsg.gateway("pay").await.unwrap();
    (scene, pay)
}

async fn log_total(scene: &Scene) -> u64 {
    scene.vsg.log(&LogFilter::default()).await.unwrap().total
}

async fn rows_go_in_and_out_by_the_name_of_their_table(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let row = pay.insert("ann", fields(json!({"name": "a", "amount": 5}))).await.unwrap();
    assert_eq!(Json::from(row), json!({"id": 1, "name": "a", "amount": 5, "note": null}));
    let one = key(&pay, "1").await;
    let row = pay.update("ann", &one, fields(json!({"amount": "6"}))).await.unwrap();
    assert_eq!(row["amount"], 6);
    // The key may be said again, but not another one.
    pay.update("ann", &one, fields(json!({"id": 1, "note": "x"}))).await.unwrap();
    let refused = pay.update("ann", &one, fields(json!({"id": 2}))).await;
    assert!(matches!(refused, Err(Error::InvalidValue { column, .. }) if column == "id"));
    let saved = pay.save("ann", fields(json!({"id": 1, "name": "b"}))).await.unwrap();
    assert!(!saved.created);
    assert_eq!(Json::from(saved.row), json!({"id": 1, "name": "b", "amount": 6, "note": "x"}));
    assert!(pay.save("ann", fields(json!({"id": 9, "name": "c"}))).await.unwrap().created);
    assert!(pay.save("ann", fields(json!({"name": "d"}))).await.unwrap().created);
    let nine = key(&pay, "9").await;
    assert_eq!(pay.get(&nine).await.unwrap().unwrap()["name"], "c");
    assert_eq!(pay.delete("ann", &nine).await.unwrap()["name"], "c");
    assert_eq!(pay.get(&nine).await.unwrap(), None);
    for refused in [
        pay.delete("ann", &nine).await.map(drop),
        pay.update("ann", &nine, fields(json!({"amount": 1}))).await.map(drop),
        pay.update("ann", &nine, Fields::new()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::UnknownRow { table, key }) if table == "pay" && key == "9"));
    }
    assert_eq!(pay.delete_many("ann", &[one.clone(), nine, one]).await.unwrap(), 1);
    assert_eq!(pay.find().count().await.unwrap(), 1);
    let operations = scene.operations().await;
    assert_eq!(operations, ["DELETE", "DELETE", "INSERT", "INSERT", "UPDATE", "UPDATE", "UPDATE", "INSERT"]);
    assert!(matches!(scene.vsg.gateway("nope").await, Err(Error::UnknownTable { .. })));
    scene.end().await;
}

/// The columns of a table of every type: declaration and value, which is what comes out.
fn types(engine: Engine) -> Vec<(&'static str, Json)> {
    match engine {
        Engine::Sqlite => vec![
            ("BOOLEAN", json!(true)),
            ("INTEGER", json!(i64::MIN)),
            ("REAL", json!(0.1)),
            ("DOUBLE", json!(-1.5e300)),
            ("DECIMAL(12, 2)", json!("19.99")),
            ("VARCHAR(20)", json!("é'\"😀\n")),
            ("BLOB", json!("AAEC/w==")),
            ("DATE", json!("0295-02-28")),
            ("TIME", json!("10:30:00.123456")),
            ("DATETIME", json!("2024-01-15T10:30:00.120000")),
            ("timestamp_with_timezone_text", json!("2024-01-15T10:30:00.000001Z")),
            ("uuid_text", json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
            ("JSON", json!({"b": [1, null], "a": "x"})),
            ("JSON", json!("a text")),
            ("", json!(12)),
            ("", json!(1.5)),
            ("", json!("12")),
            ("", Json::Null),
        ],
        Engine::Postgres => vec![
            ("boolean", json!(false)),
            ("smallint", json!(-32768)),
            ("integer", json!(2_147_483_647)),
            ("bigint", json!(i64::MIN)),
            ("real", json!(0.25)),
            ("double precision", json!("NaN")),
            ("numeric(12,2)", json!("19.99")),
            ("numeric", json!("12345678901234567890123456789012345678901234567890.000000000012345678901")),
            ("numeric", json!("NaN")),
            ("text", json!("é'\"😀\\")),
            ("varchar(5)", json!("abcde")),
            ("char(3)", json!("a  ")),
            ("name", json!("a name")),
            ("bytea", json!("AAEC/w==")),
            ("date", json!("0295-02-28")),
            ("time", json!("10:30:00.123456")),
            ("timetz", json!("10:30:00+02")),
            ("timestamp", json!("2024-01-15T10:30:00.120000")),
            ("timestamptz", json!("2024-01-15T10:30:00.000001Z")),
            ("uuid", json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
            ("json", json!({"b": [1, null], "a": "x"})),
            ("jsonb", json!([1.5, "x", null])),
            ("jsonb", json!("a text")),
            ("interval", json!("1 year 2 mons 03:04:05.5")),
            ("inet", json!("192.168.0.1/24")),
            ("cidr", json!("10.0.0.0/8")),
            ("macaddr", json!("08:00:2b:01:02:03")),
            ("bit(3)", json!("101")),
            ("bit varying(5)", json!("10")),
            ("money", json!("$12.30")),
            ("integer[]", json!([1, null, 3])),
            ("text[]", json!(["a", "b \"c\\", null])),
            ("bit(2)[]", json!(["10", "01"])),
            ("int4range", json!("[1,5)")),
            ("tstzrange", json!("empty")),
            ("point", json!("(1.5,-2)")),
            ("xml", json!("<a>b</a>")),
            ("tsvector", json!("'a' 'b'")),
            ("oid", json!("4294967295")),
            ("\"char\"", json!("x")),
            ("mood", json!("so so")),
            ("integer[]", json!([[1, 2], [3, 4]])),
            ("integer[]", json!("[2:3]={1,2}")),
            ("bytea[]", json!(["AAEC/w=="])),
            ("jsonb[]", json!([{"a": [1]}, "x"])),
            ("timestamptz[]", json!(["2024-01-15T10:30:00.000001Z"])),
            ("mood[]", json!(["happy", "so so"])),
            ("positive", json!(7)),
            ("\"we?ird\"", json!("abc")),
            ("integer", Json::Null),
            ("inet", Json::Null),
        ],
        Engine::MariaDb => vec![
            ("BOOLEAN", json!(true)),
            ("TINYINT", json!(-128)),
            ("SMALLINT UNSIGNED", json!(65535)),
            ("MEDIUMINT", json!(-8_388_608)),
            ("INT UNSIGNED", json!(4_294_967_295_u32)),
            ("BIGINT", json!(i64::MIN)),
            ("BIGINT UNSIGNED", json!(u64::MAX)),
            ("BIGINT UNSIGNED", json!(7)),
            ("BIT(5)", json!(21)),
            ("BIT(64)", json!(u64::MAX)),
            ("YEAR", json!(2155)),
            ("FLOAT", json!(0.25)),
            ("DOUBLE", json!(-1.5e300)),
            ("DECIMAL(12,2)", json!("19.99")),
            ("DECIMAL(65,0)", json!("12345678901234567890123456789012345678901234567890123456789012345")),
            ("DECIMAL(65,30)", json!("-12345678901234567890123456789012345.123456789012345678901234567890")),
            ("VARCHAR(20)", json!("é'\"😀\\")),
            ("CHAR(3)", json!("abc")),
            ("TEXT", json!("long")),
            ("ENUM('a','b c')", json!("b c")),
            ("SET('a','b','c')", json!("a,c")),
            ("BLOB", json!("AAEC/w==")),
            ("BINARY(4)", json!("AAEC/w==")),
            ("BINARY(16)", json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
            ("UUID", json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
            ("DATE", json!("0295-02-28")),
            ("TIME", json!("-838:59:59")),
            ("TIME(6)", json!("10:30:00.123456")),
            ("DATETIME(6)", json!("0295-01-15T10:30:00.120000")),
            ("TIMESTAMP(6) NULL", json!("2024-01-15T10:30:00.000001Z")),
            ("JSON", json!({"b": [1, null], "a": "x"})),
            ("JSON", json!("a text")),
            ("INET6", json!("2001:db8::1")),
            ("POINT", json!("AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==")),
            ("INT", Json::Null),
            ("UUID", Json::Null),
        ],
    }
}

/// A table with a column of every type, tracked, and a row of it.
async fn things(engine: Engine) -> (Scene, Gateway, Fields) {
    let scene = Scene::new(engine).await;
    if engine == Engine::Postgres {
        scene.sql("CREATE TYPE mood AS ENUM ('happy', 'so so')").await;
        scene.sql("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)").await;
        scene.sql("CREATE DOMAIN \"we?ird\" AS varchar(3)").await;
    }
    let types = types(engine);
    let columns = types.iter().enumerate().map(|(position, (declared, _))| format!("c{position} {declared}"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    scene.sql(&format!("CREATE TABLE things (id {}, {columns})", engine.auto_key())).await;
    scene.vsg.enable("things").await.unwrap();
    let row = types.into_iter().enumerate().map(|(position, (_, value))| (format!("c{position}"), value));
    let things = scene.vsg.gateway("things").await.unwrap();
    (scene, things, row.collect())
}

async fn every_type_returns(engine: Engine) {
    let (scene, things, given) = things(engine).await;
    let mut expected = given.clone();
    let stored = things.insert("ann", given.clone()).await.unwrap();
    expected.insert("id".into(), json!(1));
    let same = |row: &Fields, expected: &Fields| {
        for (name, value) in expected {
            let declared = name.strip_prefix('c').map(|position| types(engine)[position.parse::<usize>().unwrap()].0);
            assert_eq!(row[name], *value, "{name} {declared:?}");
        }
        assert_eq!(row.len(), expected.len());
    };
    same(&stored, &expected);
    let one = key(&things, "1").await;
    same(&things.get(&one).await.unwrap().unwrap(), &expected);
    same(&things.at("HEAD").await.unwrap().get(&one).await.unwrap().unwrap(), &expected);
    // What comes out goes in again, and is no change.
    let commits = log_total(&scene).await;
    same(&things.save("ann", stored.clone()).await.unwrap().row, &expected);
    same(&things.update("ann", &one, stored.clone()).await.unwrap(), &expected);
    assert_eq!(log_total(&scene).await, commits);
    // So do many rows at once, with NULL among them.
    let second = things.insert_many("ann", &[given.clone(), given.clone()]).await.unwrap();
    expected.insert("id".into(), json!(3));
    same(&second[1], &expected);
    let nothing: Fields = given.keys().map(|name| (name.clone(), Json::Null)).collect();
    let all_null = things.update("ann", &one, nothing.clone()).await.unwrap();
    assert!(nothing.keys().all(|name| all_null[name].is_null()));
    // A row goes back to every value that it had.
    expected.insert("id".into(), json!(1));
    same(&things.rollback("ann", &one, "HEAD~1").await.unwrap().row, &expected);
    things.delete("ann", &one).await.unwrap();
    same(&things.rollback("ann", &one, "HEAD~1").await.unwrap().row, &expected);
    scene.end().await;
}

async fn every_type_can_be_compared_and_sorted(engine: Engine) {
    let (scene, things, given) = things(engine).await;
    things.insert_many("ann", &[given.clone(), Fields::new()]).await.unwrap();
    for (name, value) in &given {
        let declared = &things.table().await.unwrap().column(name).unwrap().declared.clone();
        for order in [Order::Ascending, Order::Descending] {
            let sorted = things.find().order_by(name, order).all().await;
            let sorted = sorted.unwrap_or_else(|error| panic!("{name} {declared}: {error:?}"));
            let first = if order == Order::Ascending && !value.is_null() { 2 } else { 1 };
            assert_eq!(sorted[0]["id"], first, "{name} {declared}");
        }
        let count = async |compare: Compare| {
            let counted = things.find().filter(name, compare).count().await;
            counted.unwrap_or_else(|error| panic!("{name} {declared}: {error:?}"))
        };
        assert_eq!(count(Compare::Null(true)).await, if value.is_null() { 2 } else { 1 }, "{name} {declared}");
        if !value.is_null() {
            assert_eq!(count(Compare::Equal(value.clone())).await, 1, "{name} {declared}");
            assert_eq!(count(Compare::OneOf(vec![value.clone()])).await, 1, "{name} {declared}");
            assert_eq!(count(Compare::NotEqual(value.clone())).await, 1, "{name} {declared}");
            let then =
                things.at("HEAD").await.unwrap().find().filter(name, Compare::Equal(value.clone())).count().await;
            assert_eq!(then.unwrap(), 1, "{name} {declared}");
        }
    }
    scene.end().await;
}

async fn composite_keys_and_hostile_names_are_names(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (table, a, b) = ("or'der \"items`; DROP", "key ?$1", "sel\"ect`'");
    let [quoted, qa, qb] = [table, a, b].map(|name| engine.quote(name));
    let text = engine.pick("TEXT", "text", "VARCHAR(40)");
    scene.sql(&format!("CREATE TABLE {quoted} ({qa} {text}, {qb} INTEGER, n INTEGER, PRIMARY KEY ({qb}, {qa}))")).await;
    scene.vsg.enable(table).await.unwrap();
    let items = scene.vsg.gateway(table).await.unwrap();
    let row = |text: &str, number: i32, n: i32| fields(json!({a: text, b: number, "n": n}));
    items.insert_many("ann", &[row("x,y", 1, 1), row("%", 1, 2), row("", 2, 3)]).await.unwrap();
    let odd = key(&items, "1,x%2Cy").await;
    assert_eq!(items.get(&odd).await.unwrap().unwrap(), row("x,y", 1, 1));
    items.update("ann", &odd, fields(json!({"n": 9}))).await.unwrap();
    assert_eq!(items.at("HEAD~1").await.unwrap().get(&odd).await.unwrap().unwrap()["n"], 1);
    let found =
        items.find().filter(a, Compare::Contains("%".into())).order_by(b, Order::Descending).all().await.unwrap();
    assert_eq!(found, [row("%", 1, 2)]);
    let found = items.at("HEAD").await.unwrap().find().filter(a, Compare::Contains("X".into())).all().await.unwrap();
    assert_eq!(found, [row("x,y", 1, 9)]);
    let part = Key(odd.0[..1].to_vec());
    assert!(matches!(items.get(&part).await, Err(Error::InvalidKey { .. })));
    assert!(matches!(items.delete_many("ann", &[odd.clone(), part]).await, Err(Error::InvalidKey { .. })));
    let keys = [odd.clone(), key(&items, "2,").await, key(&items, "3,nope").await];
    assert_eq!(items.delete_many("ann", &keys).await.unwrap(), 2);
    assert_eq!(items.rollback("ann", &odd, "HEAD~1").await.unwrap().row, row("x,y", 1, 9));
    // More keys than one statement should name.
    let many: Vec<Fields> = (0..1200).map(|number| row("m", number + 10, 0)).collect();
    items.insert_many("ann", &many).await.unwrap();
    let table = items.table().await.unwrap();
    let keys: Vec<Key> = (0..1200).map(|number| Key::parse(&table, &format!("{},m", number + 10)).unwrap()).collect();
    assert_eq!(items.delete_many("ann", &keys).await.unwrap(), 1200);
    scene.end().await;
}

async fn what_does_not_fit_names_its_column(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    for (row, named) in [
        (json!({"name": "a", "amount": "x"}), "amount"),
        (json!({"name": "a", "amount": 1.5}), "amount"),
        (json!({"name": null}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": "a", "amount": {}}), "amount"),
    ] {
        let refused = pay.insert("ann", fields(row.clone())).await;
        assert!(matches!(refused, Err(Error::InvalidValue { column, .. }) if column == named), "{row}");
    }
    let refused = pay.insert("ann", fields(json!({"name": "a", "nope": 1}))).await;
    assert!(matches!(refused, Err(Error::UnknownColumn { table, column }) if table == "pay" && column == "nope"));
    let refused = pay.insert("ann", fields(json!({"amount": 1}))).await.unwrap_err();
    assert!(matches!(refused, Error::Violation { constraint: Constraint::NotNull, .. }), "{refused}");
    assert_eq!(refused.column(), Some("name"));
    let refused =
        pay.insert_many("ann", &[fields(json!({"name": "a"})), fields(json!({"name": 1}))]).await.unwrap_err();
    assert_eq!(refused.row, Some(1));
    for query in [pay.find().filter("nope", Compare::Null(true)), pay.find().order_by("nope", Order::Ascending)] {
        assert!(matches!(query.all().await, Err(Error::UnknownColumn { column, .. }) if column == "nope"));
    }
    for compare in [Compare::Equal(json!("x")), Compare::Greater(Json::Null), Compare::Contains("1".into())] {
        let refused = pay.find().filter("amount", compare.clone()).all().await;
        assert!(matches!(refused, Err(Error::InvalidValue { column, .. }) if column == "amount"), "{compare:?}");
    }
    assert_eq!(log_total(&scene).await, 0);
    scene.end().await;
}

async fn what_is_left_out_gets_its_default(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[&format!(
            "CREATE TABLE made (id {}, word VARCHAR(20) NOT NULL DEFAULT 'none', n INTEGER DEFAULT 7, \
             twice INTEGER GENERATED ALWAYS AS (n * 2) STORED)",
            engine.auto_key()
        )],
    )
    .await;
    scene.vsg.enable("made").await.unwrap();
    let made = scene.vsg.gateway("made").await.unwrap();
    let rows = [Fields::new(), fields(json!({"n": null})), fields(json!({"n": 3})), Fields::new()];
    let rows = made.insert_many("ann", &rows).await.unwrap();
    assert_eq!(Json::from(rows[0].clone()), json!({"id": 1, "word": "none", "n": 7, "twice": 14}));
    assert_eq!(
        rows.iter().map(|row| row["twice"].clone()).collect::<Vec<_>>(),
        [json!(14), Json::Null, json!(6), json!(14)]
    );
    let refused = made.insert("ann", fields(json!({"twice": 1}))).await;
    assert!(matches!(refused, Err(Error::InvalidValue { column, .. }) if column == "twice"));
    let one = key(&made, "1").await;
    let row = made.update("ann", &one, fields(json!({"n": 5}))).await.unwrap();
    assert_eq!(row["twice"], 10);
    assert_eq!(made.rollback("ann", &one, "HEAD~1").await.unwrap().row["twice"], 14);
    made.update("ann", &one, fields(json!({"n": 5, "word": "x"}))).await.unwrap();
    let replaced = made.replace("ann", fields(json!({"id": 1, "n": 6}))).await.unwrap();
    assert_eq!(Json::from(replaced.row), json!({"id": 1, "word": "none", "n": 6, "twice": 12}));
    let replaced = made.replace("ann", fields(json!({"id": 1}))).await.unwrap();
    assert_eq!((replaced.created, &replaced.row["n"]), (false, &json!(7)));
    assert!(made.replace("ann", fields(json!({"id": 8}))).await.unwrap().created);
    scene.end().await;
}

async fn what_the_database_refuses_changes_nothing(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE owner (id INTEGER PRIMARY KEY, mail VARCHAR(50) UNIQUE, age INTEGER CHECK (age > 0))",
            "CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, FOREIGN KEY (owner) REFERENCES owner (id))",
        ],
    )
    .await;
    scene.vsg.enable("owner").await.unwrap();
    scene.vsg.enable("pet").await.unwrap();
    let (owners, pets) = (scene.vsg.gateway("owner").await.unwrap(), scene.vsg.gateway("pet").await.unwrap());
    owners.insert("ann", fields(json!({"id": 1, "mail": "a"}))).await.unwrap();
    pets.insert("ann", fields(json!({"id": 1, "owner": 1}))).await.unwrap();
    let commits = log_total(&scene).await;
    let violated = |outcome: Result<(), Error>| match outcome.unwrap_err() {
        Error::Violation { constraint, detail } => (constraint, detail),
        other => panic!("{other:?}"),
    };
    let (unique, detail) = violated(owners.insert("ann", fields(json!({"id": 2, "mail": "a"}))).await.map(drop));
    assert_eq!((unique, detail.as_str()), (Constraint::Unique, "owner.mail"));
    let twice = [fields(json!({"id": 3})), fields(json!({"id": 3}))];
    let (unique, detail) = violated(owners.insert_many("ann", &twice).await.map(drop).map_err(|refused| refused.error));
    assert_eq!((unique, detail.as_str()), (Constraint::Unique, "owner.id"));
    let one = key(&owners, "1").await;
    assert_eq!(violated(owners.delete("ann", &one).await.map(drop)).0, Constraint::ForeignKey);
    assert_eq!(
        violated(owners.delete_many("ann", std::slice::from_ref(&one)).await.map(drop)).0,
        Constraint::ForeignKey
    );
    assert_eq!(
        violated(pets.insert("ann", fields(json!({"id": 2, "owner": 9}))).await.map(drop)).0,
        Constraint::ForeignKey
    );
    assert_eq!(
        violated(pets.update("ann", &one, fields(json!({"owner": 9}))).await.map(drop)).0,
        Constraint::ForeignKey
    );
    assert_eq!(violated(owners.update("ann", &one, fields(json!({"age": -1}))).await.map(drop)).0, Constraint::Check);
    assert_eq!(violated(owners.save("ann", fields(json!({"id": 5, "age": 0}))).await.map(drop)).0, Constraint::Check);
    assert_eq!(log_total(&scene).await, commits);
    scene.end().await;
}

async fn many_rows_are_one_commit_in_their_order(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let rows: Vec<Fields> = (0..12_000)
        .map(|number| match number % 5000 {
            4999 => fields(json!({"name": format!("n{number}"), "note": "x"})),
            _ => fields(json!({"amount": number, "name": format!("n{number}")})),
        })
        .collect();
    let inserted = pay.insert_many("ann", &rows).await.unwrap();
    assert_eq!(log_total(&scene).await, 1);
    for (number, row) in inserted.iter().enumerate() {
        assert_eq!((&row["name"], &row["id"]), (&json!(format!("n{number}")), &json!(number + 1)));
    }
    assert!(pay.insert_many("ann", &[]).await.unwrap().is_empty());
    let stream = pay.find().stream().await.unwrap();
    let streamed: Vec<Fields> = stream.try_collect().await.unwrap();
    assert_eq!(streamed, inserted);
    scene.end().await;
}

async fn queries_filter_sort_and_page_now_and_then(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let rows = [("Änne", Some(3)), ("bob", None), ("Carl", Some(1)), ("dora", Some(3))];
    let rows: Vec<Fields> = rows.iter().map(|(name, amount)| fields(json!({"name": name, "amount": amount}))).collect();
    pay.insert_many("ann", &rows).await.unwrap();
    pay.delete("ann", &key(&pay, "3").await).await.unwrap();
    let now = || pay.find();
    let then = pay.at("HEAD~1").await.unwrap();
    let then = || then.find();
    let ids = async |query: dbvsg::Query| -> Vec<i64> {
        let count = query.count().await.unwrap();
        let rows = query.all().await.unwrap();
        assert!(rows.len() as u64 <= count);
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(now()).await, [1, 2, 4]);
    assert_eq!(ids(then()).await, [1, 2, 3, 4]);
    assert_eq!(ids(then().filter("amount", Compare::Less(json!(3)))).await, [3]);
    assert_eq!(ids(then().filter("amount", Compare::LessOrEqual(json!(3)))).await, [1, 3, 4]);
    assert_eq!(ids(then().filter("amount", Compare::Greater(json!(1)))).await, [1, 4]);
    assert_eq!(ids(then().filter("amount", Compare::GreaterOrEqual(json!(1)))).await, [1, 3, 4]);
    assert_eq!(ids(now().filter("amount", Compare::NotEqual(json!(3)))).await, [2]);
    assert_eq!(ids(now().filter("amount", Compare::Null(false))).await, [1, 4]);
    assert_eq!(ids(now().filter("id", Compare::OneOf(vec![json!(4), json!("2")]))).await, [2, 4]);
    assert_eq!(ids(now().filter("id", Compare::OneOf(vec![]))).await, [0; 0]);
    assert_eq!(ids(now().filter("name", Compare::Contains("ÄN".into()))).await, [1]);
    assert_eq!(ids(now().filter("name", Compare::Contains("%".into()))).await, [0; 0]);
    assert_eq!(ids(now().filter("name", Compare::Contains("\0".into()))).await, [0; 0]);
    let both = now().filter("amount", Compare::Equal(json!(3))).filter("name", Compare::Equal(json!("dora")));
    assert_eq!(ids(both).await, [4]);
    assert_eq!(ids(then().order_by("amount", Order::Ascending)).await, [2, 3, 1, 4]);
    assert_eq!(ids(then().order_by("amount", Order::Descending).page(2, 1)).await, [4, 3]);
    assert_eq!(then().order_by("amount", Order::Descending).one().await.unwrap().unwrap()["id"], 1);
    assert_eq!(then().page(1, 0).count().await.unwrap(), 4);
    assert!(matches!(pay.at("HEAD~9").await, Err(Error::UnknownReference { .. })));
    scene.end().await;
}

async fn a_row_goes_back(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    pay.insert("ann", fields(json!({"name": "a", "amount": 1}))).await.unwrap();
    let first = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let one = key(&pay, "1").await;
    pay.update("ann", &one, fields(json!({"amount": 2}))).await.unwrap();
    let back = pay.rollback("bob", &one, first).await.unwrap();
    assert!(!back.created);
    assert_eq!(back.row["amount"], 1);
    assert_eq!(scene.operations().await[0], "ROLLBACK");
    let commits = log_total(&scene).await;
    assert!(!pay.rollback("bob", &one, first).await.unwrap().created);
    assert_eq!(log_total(&scene).await, commits);
    pay.delete("ann", &one).await.unwrap();
    let back = pay.rollback("bob", &one, first).await.unwrap();
    assert!(back.created);
    assert_eq!(Json::from(back.row), json!({"id": 1, "name": "a", "amount": 1, "note": null}));
    let never = pay.rollback("bob", &key(&pay, "7").await, first).await;
    assert!(matches!(never, Err(Error::UnknownRowAt { key, .. }) if key == "7"));
    // The next automatic key is another one.
    assert_eq!(pay.insert("ann", fields(json!({"name": "b"}))).await.unwrap()["id"], 2);
    scene.end().await;
}

async fn writes_join_a_transaction(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    pay.insert(&txn, fields(json!({"name": "a"}))).await.unwrap();
    pay.update(&txn, &key(&pay, "1").await, fields(json!({"amount": 2}))).await.unwrap();
    let commit = txn.commit().await.unwrap().unwrap();
    assert_eq!(scene.vsg.commit(commit).await.unwrap().operation, "TRANSACTION");
    let txn = scene.vsg.begin("ann").await.unwrap();
    pay.delete(&txn, &key(&pay, "1").await).await.unwrap();
    txn.rollback().await.unwrap();
    assert_eq!(pay.find().count().await.unwrap(), 1);
    let stale = Author::new("ann").expect_parent(Reference::Head { back: 0 });
    pay.insert(stale, fields(json!({"name": "b"}))).await.unwrap();
    let stale = Author::new("ann").expect_parent(commit.to_string().parse().unwrap());
    assert!(matches!(pay.insert(stale, fields(json!({"name": "c"}))).await, Err(Error::StaleParent { .. })));
    scene.end().await;
}

async fn a_table_that_changes_its_shape_is_followed(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    pay.insert("ann", fields(json!({"name": "a", "note": "x"}))).await.unwrap();
    scene.sql("ALTER TABLE pay ADD COLUMN more INTEGER").await;
    if engine != Engine::Sqlite {
        // Its triggers would have to be held meanwhile.
        scene.sql("ALTER TABLE pay DROP COLUMN note").await;
    }
    scene.vsg.refresh("pay").await.unwrap();
    let row = pay.update("ann", &key(&pay, "1").await, fields(json!({"more": 1}))).await.unwrap();
    assert_eq!((&row["name"], &row["more"]), (&json!("a"), &json!(1)));
    assert_eq!(row.contains_key("note"), engine == Engine::Sqlite);
    let then = pay.at("HEAD~1").await.unwrap().find().all().await.unwrap();
    assert_eq!((&then[0]["name"], &then[0]["more"]), (&json!("a"), &Json::Null));
    scene.end().await;
}

async fn keys_given_by_hand_are_not_given_again(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    pay.insert("ann", fields(json!({"id": 5, "name": "a"}))).await.unwrap();
    assert_eq!(pay.insert("ann", fields(json!({"name": "b"}))).await.unwrap()["id"], 6);
    pay.save("ann", fields(json!({"id": 10, "name": "c"}))).await.unwrap();
    pay.insert("ann", fields(json!({"id": -3, "name": "d"}))).await.unwrap();
    assert_eq!(pay.insert("ann", fields(json!({"name": "e"}))).await.unwrap()["id"], 11);
    scene.end().await;
}

async fn a_key_of_zero_is_a_key(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    assert_eq!(pay.insert("ann", fields(json!({"id": 0, "name": "a"}))).await.unwrap()["id"], 0);
    let zero = key(&pay, "0").await;
    pay.delete("ann", &zero).await.unwrap();
    assert_eq!(pay.rollback("ann", &zero, "HEAD~1").await.unwrap().row["id"], 0);
    assert_eq!(pay.insert("ann", fields(json!({"name": "b"}))).await.unwrap()["id"], 1);
    // With a model it is no other.
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    let users: Accessor<user::Entity> = scene.vsg.track::<user::Entity>().await.unwrap();
    let person = |id: i32, name: &str| user::ActiveModel {
        id: Set(id),
        name: Set(name.into()),
        email: Set(name.into()),
        ..Default::default()
    };
    assert_eq!(users.insert("ann", person(0, "a")).await.unwrap().id, 0);
    assert_eq!(users.save("ann", person(0, "b")).await.unwrap().row.name, "b");
    let more = users.insert_many("ann", vec![person(-1, "c"), person(7, "d")]).await.unwrap();
    assert_eq!(more.iter().map(|row| row.id).collect::<Vec<_>>(), [-1, 7]);
    assert_eq!(user::Entity::COMPONENT, "users");
    scene.vsg.rollback("ann", &dbvsg::ApplyOptions::table("pay")).await.unwrap();
    scene.end().await;
}

async fn a_moment_of_any_year_is_kept_or_refused(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    let users: Accessor<user::Entity> = scene.vsg.track::<user::Entity>().await.unwrap();
    let untyped = scene.vsg.gateway("users").await.unwrap();
    for (number, moment) in
        ["0295-01-02T03:04:05Z", "1969-12-31T23:59:59Z", "2024-01-15T10:30:00Z", "9999-12-31T23:59:59Z"]
            .into_iter()
            .enumerate()
    {
        let seen: chrono::DateTime<chrono::Utc> = moment.parse().unwrap();
        let (name, other) = (format!("n{number}"), format!("m{number}"));
        let row = user::ActiveModel {
            name: Set(name.clone()),
            email: Set(name.clone()),
            last_seen: Set(Some(seen)),
            ..Default::default()
        };
        match users.insert("ann", row).await {
            Ok(row) => {
                assert_eq!(row.last_seen, Some(seen), "{moment}");
                assert_eq!(users.get(row.id).await.unwrap().unwrap().last_seen, Some(seen), "{moment}");
            }
            Err(error) => {
                assert!(matches!(error, Error::Violation { .. } | Error::InvalidValue { .. }), "{moment}: {error:?}");
            }
        }
        match untyped.insert("ann", fields(json!({"name": other, "email": other, "last_seen": moment}))).await {
            Ok(row) => {
                assert_eq!(row["last_seen"].as_str().unwrap().parse(), Ok(seen), "{moment}");
                let found = untyped.find().filter("last_seen", Compare::Equal(json!(moment))).count().await.unwrap();
                assert!(found > 0, "{moment}");
            }
            Err(error) => assert!(matches!(error, Error::Violation { .. }), "{moment}: {error:?}"),
        }
    }
    scene.end().await;
}

async fn import(scene: &Scene, text: &str, mode: ImportMode) -> Result<dbvsg::Imported, Error> {
    let file = csv::spool(text.as_bytes()).await.unwrap();
    csv::import(&scene.vsg, "ann", "pay", file, mode, |_| {}).await
}

async fn files_go_in_whole_or_not_at_all(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let mut text = String::from("\u{feff}name,amount\r\n");
    (0..1234).for_each(|number| text.push_str(&format!("n{number},{number}\r\n")));
    let seen = Arc::new(AtomicU64::new(0));
    let (file, telling) = (csv::spool(text.as_bytes()).await.unwrap(), seen.clone());
    let progress = move |rows| assert!(telling.swap(rows, Ordering::Relaxed) < rows);
    let imported = csv::import(&scene.vsg, "ann", "pay", file, ImportMode::Insert, progress).await.unwrap();
    assert_eq!((imported.rows, seen.load(Ordering::Relaxed)), (1234, 1234));
    assert_eq!(scene.vsg.commit(imported.commit.unwrap()).await.unwrap().operation, "IMPORT");
    for (text, line, column) in [
        ("", 1, None),
        ("name,nmae\n", 1, Some("nmae")),
        ("name,amount\nx,1\ny\n", 3, None),
        ("name,amount\nx,1\ny,z\n", 3, Some("amount")),
        ("amount\n1\n", 2, Some("name")),
        ("id,name\n2000,x\n2001,y\n2000,z\n", 4, Some("id")),
        ("id,name\n2000,x\n7,y\n", 3, Some("id")),
        ("id,name\n2000,x\n,y\n", 3, Some("id")),
    ] {
        match import(&scene, text, ImportMode::Insert).await.unwrap_err() {
            Error::Import { line: at, column: named, .. } => {
                assert_eq!((at, named.as_deref()), (line, column), "{text:?}")
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
    assert_eq!(pay.find().count().await.unwrap(), 1234);
    let imported = import(&scene, "id,amount,name\n1,-1,x\n3000,,y\n", ImportMode::Upsert).await.unwrap();
    assert_eq!(imported.rows, 2);
    assert_eq!(pay.get(&key(&pay, "1").await).await.unwrap().unwrap()["amount"], -1);
    assert_eq!(pay.get(&key(&pay, "3000").await).await.unwrap().unwrap()["amount"], Json::Null);
    assert_eq!(
        import(&scene, "name\n", ImportMode::Insert).await.unwrap(),
        import(&scene, "name\n", ImportMode::Insert).await.unwrap()
    );
    assert!(import(&scene, "name\n", ImportMode::Insert).await.unwrap().commit.is_none());
    scene.end().await;
}

async fn exported(scene: &Scene, table: &str, at: Option<&str>) -> String {
    let at = at.map(|at| at.parse::<Reference>().unwrap());
    let parts = csv::export(&scene.vsg, table, at.as_ref()).await.unwrap();
    String::from_utf8(parts.try_concat().await.unwrap()).unwrap()
}

async fn what_is_exported_can_be_imported(engine: Engine) {
    let (scene, things, mut given) = things(engine).await;
    // A type without one of its own is a text in a file.
    let loose = given.iter().filter(|(_, value)| matches!(value, Json::Number(_)) && engine == Engine::Sqlite);
    let loose: Vec<String> =
        loose.map(|(name, _)| name.clone()).filter(|name| ["c14", "c15"].contains(&name.as_str())).collect();
    loose.iter().for_each(|name| drop(given.insert(name.clone(), json!("text"))));
    let row = things.insert("ann", given).await.unwrap();
    let text = exported(&scene, "things", None).await;
    things.delete("ann", &key(&things, "1").await).await.unwrap();
    assert_eq!(exported(&scene, "things", Some("HEAD~1")).await, text);
    assert_eq!(exported(&scene, "things", None).await.lines().count(), 1);
    let file = csv::spool(text.as_bytes()).await.unwrap();
    let imported = csv::import(&scene.vsg, "ann", "things", file, ImportMode::Insert, |_| {}).await.unwrap();
    assert_eq!(imported.rows, 1);
    assert_eq!(things.find().one().await.unwrap().unwrap(), row);
    assert_eq!(exported(&scene, "things", None).await, text);
    scene.sql("CREATE TABLE loose (a INTEGER)").await;
    assert_eq!(exported(&scene, "loose", None).await, "a\n");
    assert!(matches!(csv::export(&scene.vsg, "dbvsg_table", None).await.err(), Some(Error::UnknownTable { .. })));
    scene.end().await;
}

async fn a_huge_file_takes_little_memory(engine: Engine) {
    let (scene, pay) = payments(engine).await;
    let take_in = |rows: u32| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_importer"))
            .args([&scene.url(), "pay"])
            // What the allocator keeps apart for each thread is not the import's, and differs from run to run.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
        writeln!(input, "name,amount,note").unwrap();
        let filler = "x".repeat(50);
        (0..rows).for_each(|number| writeln!(input, "a name {number},{number},{filler}").unwrap());
        drop(input);
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let mut numbers = output.split_whitespace().map(|number| number.parse::<u64>().unwrap());
        assert_eq!(numbers.next(), Some(u64::from(rows)));
        numbers.next().unwrap()
    };
    let (little, much) = (take_in(10_000), take_in(200_000));
    // The file has fifteen megabytes more. Rows held as values would take several times that.
    assert!(much < little + 7_500, "{little} KiB, {much} KiB");
    assert_eq!(pay.find().count().await.unwrap(), 210_000);
    scene.end().await;
}
