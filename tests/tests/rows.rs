//! One row through time: who set its values, from where its versions come, and back again.

use std::sync::{Arc, Mutex};

use dbvsg::{
    Accessor, Author, Blame, CommitId, Constraint, Error, Event, HookResult, Hooks, Key, Op, Reference, Side, Txn,
    Value, async_trait,
    sea_orm::{ActiveValue, ConnectionTrait, Set},
};
use dbvsg_tests::{
    Engine, Scene,
    models::{order, price, user},
    scenarios,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

scenarios!(
    blame_names_who_set_each_value,
    blame_reads_back_as_far_as_it_must,
    blame_knows_only_rows_that_are_there,
    lineage_goes_on_after_a_death,
    a_merge_is_seen_in_the_lineage,
    versions_are_compared_by_number,
    a_row_goes_back,
    what_does_not_differ_makes_no_commit,
    a_deleted_row_comes_back_under_its_key,
    a_row_whose_key_is_below_zero_comes_back,
    a_soft_deleted_row_goes_back_and_loses_its_mark,
    a_row_cannot_go_back_to_where_it_was_not,
    composite_and_text_keys_go_back,
    values_of_every_type_survive,
    a_column_that_was_not_there_keeps_what_it_holds,
    hooks_and_listeners_see_a_rollback,
    what_is_not_allowed_any_more_changes_nothing,
    an_expected_parent_guards_a_rollback,
    a_rollback_joins_a_transaction,
);

/// A row of every type, with a column that the database computes.
mod thing {
    use dbvsg::{Versioned, sea_orm::entity::prelude::*};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "things")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub doc: Json,
        pub maybe: Option<Json>,
        #[sea_orm(column_type = "Decimal(Some((14, 4)))")]
        pub price: Decimal,
        pub at: DateTimeUtc,
        pub local: DateTime,
        pub day: Date,
        pub clock: Time,
        pub bytes: Vec<u8>,
        pub ratio: f64,
        pub big: i64,
        pub flag: bool,
        pub word: String,
        pub note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A table that gained two columns, and has one that the database computes.
mod grown {
    use dbvsg::{Versioned, sea_orm::entity::prelude::*};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "grown")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub size: i32,
        pub colour: String,
        pub doubled: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn person(name: &str) -> user::ActiveModel {
    user::ActiveModel { name: Set(name.into()), email: Set(format!("{name}@x")), ..Default::default() }
}

fn renamed(name: &str) -> user::ActiveModel {
    user::ActiveModel { name: Set(name.into()), ..Default::default() }
}

fn aged(age: i32) -> user::ActiveModel {
    user::ActiveModel { age: Set(Some(age)), ..Default::default() }
}

async fn people(engine: Engine) -> (Scene, Accessor<user::Entity>) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    let users = scene.vsg.track::<user::Entity>().await.unwrap();
    (scene, users)
}

async fn prices(engine: Engine) -> (Scene, Accessor<price::Entity>) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<price::Entity>().await.unwrap();
    let prices = scene.vsg.track::<price::Entity>().await.unwrap();
    (scene, prices)
}

fn tea() -> (String, String) {
    ("tea, green".into(), "Ö%".into())
}

fn costs(amount: &str) -> price::ActiveModel {
    let (article, country) = tea();
    price::ActiveModel { article: Set(article), country: Set(country), amount: Set(amount.parse().unwrap()) }
}

/// The newest commit.
async fn head(scene: &Scene) -> CommitId {
    scene.vsg.commit("HEAD").await.unwrap().uuid
}

fn by_column(blame: &[Blame]) -> Vec<(&str, Json, &str)> {
    blame.iter().map(|b| (b.column.as_str(), b.value.clone(), b.actor.as_str())).collect()
}

async fn blame_names_who_set_each_value(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", user::ActiveModel { age: Set(Some(30)), ..person("Zoë") }).await.unwrap();
    users.update("cy", zoe.id, renamed("Zed")).await.unwrap();
    users.update(Author::new("ben").because("birthday"), zoe.id, aged(31)).await.unwrap();
    let birthday = scene.vsg.commit("HEAD").await.unwrap();
    users.update("dot", zoe.id, renamed("Zoë")).await.unwrap();
    let blame = users.blame(zoe.id).await.unwrap();
    assert_eq!(
        by_column(&blame),
        [
            ("id", json!(zoe.id), "ann"),
            ("name", json!("Zoë"), "dot"),
            ("email", json!("Zoë@x"), "ann"),
            ("age", json!(31), "ben"),
            ("deleted_at", Json::Null, "ann"),
        ],
        "a value that went and came back is whose who brought it back"
    );
    let age = &blame[3];
    assert_eq!((age.commit, age.message.as_deref(), age.at), (birthday.uuid, Some("birthday"), birthday.created_at));
    let shown = serde_json::to_value(age).unwrap();
    assert_eq!(
        shown.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["column", "value", "commit", "actor", "message", "at"]
    );
    users.delete("eve", zoe.id).await.unwrap();
    let blame = users.blame(zoe.id).await.unwrap();
    assert_eq!((blame[4].actor.as_str(), blame[4].value.is_string()), ("eve", true), "who marked it as deleted");
    scene.end().await;
}

async fn blame_reads_back_as_far_as_it_must(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, fixed VARCHAR(20), n INTEGER)",
            "INSERT INTO t VALUES ('a', 'x', 0), ('b', 'y', 0)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let baseline = head(&scene).await;
    for n in 1..=60 {
        scene.commit(&format!("UPDATE t SET n = {n} WHERE id = 'a'")).await;
    }
    let last = scene.commit("UPDATE t SET n = n - 1; UPDATE t SET n = n + 2").await;
    let key = Key(vec![Value::Text("a".into())]);
    let blame = scene.vsg.blame("t", &key).await.unwrap();
    let seen: Vec<_> = blame.iter().map(|b| (b.column.as_str(), b.value.clone(), b.commit)).collect();
    assert_eq!(seen, [("id", json!("a"), baseline), ("fixed", json!("x"), baseline), ("n", json!(61), last)]);
    scene.end().await;
}

async fn blame_knows_only_rows_that_are_there(engine: Engine) {
    let (scene, prices) = prices(engine).await;
    assert!(matches!(prices.blame(tea()).await, Err(Error::UnknownRow { .. })));
    prices.insert("ann", costs("1.5")).await.unwrap();
    prices.delete("ben", tea()).await.unwrap();
    assert!(
        matches!(prices.blame(tea()).await, Err(Error::UnknownRow { key, .. }) if key == "tea%2C%20green,%C3%96%25")
    );
    prices.insert("cy", costs("1.5")).await.unwrap();
    let blame = prices.blame(tea()).await.unwrap();
    assert_eq!(blame.iter().map(|b| b.actor.as_str()).collect::<Vec<_>>(), ["cy"; 3], "it is another row's life");
    assert!(matches!(scene.vsg.blame("nothing", &Key(vec![])).await, Err(Error::UnknownTable { .. })));
    scene.end().await;
}

async fn lineage_goes_on_after_a_death(engine: Engine) {
    let (scene, prices) = prices(engine).await;
    prices.insert("ann", costs("1.5")).await.unwrap();
    let first = head(&scene).await;
    prices.save("ann", costs("2.5")).await.unwrap();
    prices.delete("ann", tea()).await.unwrap();
    prices.insert("ann", costs("3.5")).await.unwrap();
    prices.insert("ann", price::ActiveModel { country: Set("CH".into()), ..costs("9") }).await.unwrap();
    let lineage = prices.lineage(tea(), 100, 0).await.unwrap();
    let seen: Vec<_> = lineage.items.iter().map(|v| (v.version, v.operation, v.parent_version)).collect();
    assert_eq!(
        seen,
        [(1, Op::Insert, None), (2, Op::Update, Some(1)), (3, Op::Delete, Some(2)), (4, Op::Insert, Some(3))]
    );
    assert_eq!(lineage.total, 4);
    assert!(lineage.items.iter().all(|v| v.branch == "main" && v.merged_from.is_none()));
    assert_eq!(
        serde_json::to_value(&lineage.items[0]).unwrap(),
        json!({
            "version": 1, "commit": first, "branch": "main", "operation": "create",
            "parent_version": null, "merged_from": null,
        })
    );
    let page = prices.lineage(tea(), 2, 1).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), (&lineage.items[1..3], 4));
    assert_eq!(prices.lineage(("no".into(), "no".into()), u64::MAX, 0).await.unwrap().total, 0);
    let history = prices.history(tea(), 100, 0).await.unwrap();
    for (version, lineage) in history.items.iter().rev().zip(&lineage.items) {
        assert_eq!((version.version, version.change.commit), (lineage.version, lineage.commit));
    }
    scene.end().await;
}

async fn a_merge_is_seen_in_the_lineage(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    let first = head(&scene).await;
    users.update("ann", zoe.id, renamed("Zed")).await.unwrap();
    let second = head(&scene).await;
    let merged = |id: &str| format!("UPDATE dbvsg_commit SET merged_id = {id} WHERE uuid = '{second}'");
    let id = scene.rows(&format!("SELECT id FROM dbvsg_commit WHERE uuid = '{first}'")).await;
    scene.sql(&merged(&id[0])).await;
    let lineage = users.lineage(zoe.id, 100, 0).await.unwrap().items;
    assert_eq!(lineage.iter().map(|v| v.merged_from).collect::<Vec<_>>(), [None, Some(first)]);
    scene.sql(&merged("NULL")).await;
    scene.end().await;
}

async fn versions_are_compared_by_number(engine: Engine) {
    let (scene, prices) = prices(engine).await;
    prices.insert("ann", costs("1.25")).await.unwrap();
    prices.save("ann", costs("2.75")).await.unwrap();
    prices.delete("ann", tea()).await.unwrap();
    let tracked = scene.vsg.tracked("prices").await.unwrap();
    let key = Key(vec![Value::Text(tea().0), Value::Text(tea().1)]);
    let compare = async |from: &str, to: &str| {
        let (from, to): (Side, Side) = (from.parse().unwrap(), to.parse().unwrap());
        scene.vsg.row_diff("prices", &key, &from, &to).await
    };
    let changed = compare("v1", "v2").await.unwrap();
    assert_eq!(changed.fields, [("amount".to_owned(), json!("1.25"), json!("2.75"))]);
    assert_eq!(changed.summary, "Changed amount from \"1.25\" to \"2.75\".");
    assert_eq!(compare("v2", "v2").await.unwrap().summary, "Nothing changed.");
    assert_eq!(compare("v2", "HEAD").await.unwrap().summary, "The row was deleted.");
    assert_eq!(compare("v3", "HEAD~2").await.unwrap().summary, "The row was created.");
    assert_eq!(compare("v3", "v1").await.unwrap().fields.len(), 3);
    assert!(matches!(compare("v3", "HEAD").await, Err(Error::UnknownRow { .. })), "it is there on neither side");
    for number in ["v0", "v4", "v18446744073709551615"] {
        let refused = compare("v1", number).await;
        assert!(matches!(refused, Err(Error::UnknownReference { reference, reason })
            if reference == number && reason.ends_with("has 3 version(s)")));
    }
    assert!(matches!(compare("v1", "v1.0").await, Err(Error::UnknownReference { .. })), "a tag that is not there");
    let typed = prices.diff(tea(), "v1", Reference::Head { back: 1 }).await.unwrap();
    assert_eq!(typed, changed.fields);
    assert_eq!(key.to_text(&tracked.table), "tea%2C%20green,%C3%96%25");
    scene.end().await;
}

async fn a_row_goes_back(engine: Engine) {
    let (scene, users) = people(engine).await;
    let seen = |moment: &str| Set(Some(moment.parse().unwrap()));
    let row = user::ActiveModel {
        age: Set(Some(30)),
        password: Set(Some("old".into())),
        last_seen: seen("2024-01-01T00:00:00Z"),
        ..person("Zoë")
    };
    let zoe = users.insert("ann", row).await.unwrap();
    let other = users.insert("ann", person("Ben")).await.unwrap();
    let changes = user::ActiveModel {
        name: Set("Zed".into()),
        age: Set(None),
        password: Set(Some("new".into())),
        last_seen: seen("2025-01-01T00:00:00Z"),
        ..Default::default()
    };
    users.update("ann", zoe.id, changes).await.unwrap();
    users.update("ann", other.id, renamed("Bob")).await.unwrap();
    let saved = users.rollback(Author::new("ben").because("typo"), zoe.id, "HEAD~3").await.unwrap();
    assert!(!saved.created);
    let expected = user::Model { password: Some("new".into()), ..zoe.clone() };
    assert_eq!(saved.row, expected, "all of it but what is never stored");
    assert_eq!(users.get(zoe.id).await.unwrap(), Some(expected));
    assert_eq!(users.get(other.id).await.unwrap().unwrap().name, "Bob");
    let commit = &scene.log().await[0];
    assert_eq!(
        (commit.operation.as_str(), commit.actor.as_str(), commit.message.as_deref(), commit.tables[0].updated),
        ("ROLLBACK", "ben", Some("typo"), 1)
    );
    let history = users.history(zoe.id, 100, 0).await.unwrap();
    assert_eq!(history.items.iter().map(|v| v.change.op).collect::<Vec<_>>(), [Op::Update, Op::Update, Op::Insert]);
    assert_eq!(users.blame(zoe.id).await.unwrap()[1].actor, "ben");
    // And forth again, by a moment.
    let moment = scene.vsg.commit("HEAD~1").await.unwrap().created_at;
    assert_eq!(users.rollback("ann", zoe.id, moment).await.unwrap().row.name, "Zed");
    assert_eq!(users.rollback(Author::new("x").operation("FIX"), zoe.id, commit.uuid).await.unwrap().row.name, "Zoë");
    assert_eq!(scene.operations().await[..2], ["FIX", "ROLLBACK"]);
    scene.end().await;
}

async fn what_does_not_differ_makes_no_commit(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    let before = scene.log().await.len();
    let saved = users.rollback("ben", zoe.id, "HEAD").await.unwrap();
    assert_eq!((saved.row, saved.created), (zoe.clone(), false));
    // What makes no version is no reason for one.
    let seen = user::ActiveModel {
        last_seen: Set(Some("2025-01-01T00:00:00Z".parse().unwrap())),
        password: Set(Some("x".into())),
        ..Default::default()
    };
    let now = users.update("ann", zoe.id, seen).await.unwrap();
    assert_eq!(users.rollback("ben", zoe.id, "HEAD").await.unwrap().row, now);
    assert_eq!(users.get(zoe.id).await.unwrap(), Some(now));
    assert_eq!(scene.log().await.len(), before);
    scene.end().await;
}

async fn a_deleted_row_comes_back_under_its_key(engine: Engine) {
    let (scene, users) = people(engine).await;
    scene.vsg.create_table::<order::Entity>().await.unwrap();
    let orders = scene.vsg.track::<order::Entity>().await.unwrap();
    let row = user::ActiveModel { password: Set(Some("secret".into())), ..person("Zoë") };
    let zoe = users.insert("ann", row).await.unwrap();
    let id = Uuid::from_u128(99);
    let bought = order::ActiveModel {
        id: Set(id),
        user_id: Set(zoe.id),
        total: Set("10.50".parse().unwrap()),
        notes: Set(Some(json!({"gift": [1, null]}))),
    };
    let bought = orders.insert("ann", bought).await.unwrap();
    scene.commit("DELETE FROM orders").await;
    scene.commit(&format!("DELETE FROM users WHERE id = {}", zoe.id)).await;
    let saved = users.rollback("ben", zoe.id, "HEAD~1").await.unwrap();
    assert!(saved.created);
    assert_eq!(saved.row, user::Model { password: None, ..zoe.clone() }, "what is never stored has its default");
    assert_eq!(users.insert("ann", person("next")).await.unwrap().id, zoe.id + 1, "the key is not given again");
    let saved = orders.rollback("ben", id, "HEAD~1").await.unwrap();
    assert_eq!((saved.row, saved.created), (bought, true));
    assert_eq!(scene.operations().await[..3], ["ROLLBACK", "INSERT", "ROLLBACK"]);
    let lineage = orders.lineage(id, 10, 0).await.unwrap().items;
    assert_eq!(lineage.iter().map(|v| v.operation).collect::<Vec<_>>(), [Op::Insert, Op::Delete, Op::Insert]);
    // It counts as a row that is inserted.
    scene.commit("DELETE FROM orders").await;
    assert!(matches!(orders.max_records(Some(0)).rollback("ben", id, "HEAD~1").await, Err(Error::RecordLimit { .. })));
    scene.end().await;
}

async fn a_row_whose_key_is_below_zero_comes_back(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", user::ActiveModel { id: Set(-5), ..person("Zoë") }).await.unwrap();
    scene.commit("DELETE FROM users").await;
    let saved = users.rollback("ben", -5, "HEAD~1").await.unwrap();
    assert_eq!((saved.row, saved.created), (zoe, true));
    scene.end().await;
}

async fn a_soft_deleted_row_goes_back_and_loses_its_mark(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    users.update("ann", zoe.id, renamed("Zed")).await.unwrap();
    users.delete("ann", zoe.id).await.unwrap();
    let saved = users.rollback("ben", zoe.id, "HEAD~2").await.unwrap();
    assert_eq!((&saved.row, saved.created), (&zoe, false));
    assert_eq!(users.get(zoe.id).await.unwrap(), Some(zoe.clone()));
    let newest = users.history(zoe.id, 1, 0).await.unwrap().items.remove(0);
    assert_eq!((newest.change.op, newest.operation.as_str()), (Op::Restore, "ROLLBACK"));
    // Only the mark.
    users.delete("ann", zoe.id).await.unwrap();
    assert_eq!(users.rollback("ben", zoe.id, "HEAD~1").await.unwrap().row, zoe);
    scene.end().await;
}

async fn a_row_cannot_go_back_to_where_it_was_not(engine: Engine) {
    let (scene, users) = people(engine).await;
    users.insert("ann", person("first")).await.unwrap();
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    users.delete("ann", zoe.id).await.unwrap();
    let commits = scene.log().await.len();
    for reference in ["HEAD", "HEAD~2"] {
        let error = users.rollback("ben", zoe.id, reference).await.unwrap_err();
        assert!(matches!(&error, Error::UnknownRowAt { table, key, reference: at }
            if table == "users" && *key == zoe.id.to_string() && at == reference));
        assert_eq!(error.kind(), dbvsg::ErrorKind::NotFound);
    }
    assert!(matches!(users.rollback("ben", 404, "HEAD").await, Err(Error::UnknownRowAt { .. })));
    for unknown in ["HEAD~9", "nothing", "1999-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"] {
        let refused = users.rollback("ben", zoe.id, unknown).await;
        assert!(matches!(refused, Err(Error::UnknownReference { .. })), "{unknown}");
    }
    assert!(matches!(users.rollback("ben", zoe.id, "HEAD~").await, Err(Error::MalformedReference { .. })));
    assert!(matches!(users.rollback("", zoe.id, "HEAD~1").await, Err(Error::InvalidActor { .. })));
    assert_eq!(scene.log().await.len(), commits);
    scene.end().await;
}

async fn composite_and_text_keys_go_back(engine: Engine) {
    let (scene, prices) = prices(engine).await;
    let old = prices.insert("ann", costs("19.99")).await.unwrap();
    prices.save("ann", costs("25")).await.unwrap();
    assert_eq!(prices.rollback("ben", tea(), "HEAD~1").await.unwrap().row, old);
    prices.delete("ann", tea()).await.unwrap();
    let saved = prices.rollback("ben", tea(), "HEAD~2").await.unwrap();
    assert_eq!((Set(saved.row.amount), saved.created), (costs("25").amount, true));
    scene.end().await;
}

fn thing(number: u32) -> thing::ActiveModel {
    let at = chrono_at(number);
    thing::ActiveModel {
        id: ActiveValue::NotSet,
        doc: Set(json!({"b": [number, null, 1.5], "a": "é😀'\"", "deep": {"x": {"y": true}}})),
        maybe: Set((number > 1).then(|| Json::Null)),
        price: Set(format!("{number}234567.1250").parse().unwrap()),
        at: Set(at),
        local: Set(at.naive_utc()),
        day: Set(at.date_naive()),
        clock: Set(at.time()),
        bytes: Set(vec![0, 255, number as u8, 39, 92]),
        ratio: Set(f64::from(number) / 3.0),
        big: Set(i64::MAX - i64::from(number)),
        flag: Set(number % 2 == 1),
        word: Set(format!("'{number}\\ \"ü\n\t")),
        note: Set(number.is_multiple_of(2).then(String::new)),
    }
}

fn chrono_at(number: u32) -> dbvsg::sea_orm::prelude::DateTimeUtc {
    format!("2024-0{number}-29T23:59:5{number}.123456Z").parse().unwrap()
}

async fn values_of_every_type_survive(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<thing::Entity>().await.unwrap();
    if engine == Engine::MariaDb {
        // SeaORM's own types keep no fractions of a second.
        scene
            .sql("ALTER TABLE things MODIFY at TIMESTAMP(6) NOT NULL, MODIFY local DATETIME(6) NOT NULL, MODIFY clock TIME(6) NOT NULL")
            .await;
    }
    let things = scene.vsg.track::<thing::Entity>().await.unwrap();
    let bytes = engine.pick("hex(bytes)", "encode(bytes, 'hex')", "hex(bytes)");
    let moments = ["at", "local", "day", "clock"].map(|column| format!("CAST({column} AS CHAR(40))")).join(", ");
    let sql = format!("SELECT doc, maybe, price, {moments}, {bytes}, ratio, big, flag, word, note FROM things");
    let stored = async || scene.rows(&sql).await;
    let old = things.insert("ann", thing(1)).await.unwrap();
    let old = things.get(old.id).await.unwrap().unwrap();
    let (first, old_stored) = (head(&scene).await, stored().await);
    things.update("ann", old.id, thing(2)).await.unwrap();
    let new = things.get(old.id).await.unwrap().unwrap();
    let (second, new_stored) = (head(&scene).await, stored().await);
    assert_ne!((&old, &old_stored), (&new, &new_stored));
    for (commit, row, as_stored) in [(first, &old, &old_stored), (second, &new, &new_stored)] {
        assert_eq!(things.rollback("ben", old.id, commit).await.unwrap().row, *row);
        assert_eq!(stored().await, *as_stored, "to the byte");
    }
    for (commit, row, as_stored) in [(first, &old, &old_stored), (second, &new, &new_stored)] {
        things.delete("ann", old.id).await.unwrap();
        let saved = things.rollback("ben", old.id, commit).await.unwrap();
        assert_eq!((&saved.row, saved.created), (row, true));
        assert_eq!(stored().await, *as_stored, "to the byte");
    }
    let diff = things.diff(old.id, second, "HEAD").await.unwrap();
    assert!(diff.is_empty(), "{diff:?}");
    scene.end().await;
}

async fn a_column_that_was_not_there_keeps_what_it_holds(engine: Engine) {
    let scene = Scene::with(engine, &["CREATE TABLE grown (id INTEGER PRIMARY KEY, size INTEGER NOT NULL)"]).await;
    scene.vsg.enable("grown").await.unwrap();
    let small = scene.commit("INSERT INTO grown VALUES (1, 10)").await;
    scene.commit("UPDATE grown SET size = 20").await;
    scene.sql("ALTER TABLE grown ADD COLUMN colour VARCHAR(20) NOT NULL DEFAULT 'red'").await;
    let kind = engine.pick("VIRTUAL", "STORED", "STORED");
    scene.sql(&format!("ALTER TABLE grown ADD COLUMN doubled INTEGER GENERATED ALWAYS AS (size * 2) {kind}")).await;
    scene.vsg.refresh("grown").await.unwrap();
    let rows = scene.vsg.accessor::<grown::Entity>();
    let blue = grown::ActiveModel { colour: Set("blue".into()), ..Default::default() };
    rows.update("ann", 1, blue).await.unwrap();
    let blue = head(&scene).await;
    let back = rows.rollback("ben", 1, small).await.unwrap().row;
    assert_eq!(back, grown::Model { id: 1, size: 10, colour: "blue".into(), doubled: Some(20) });
    assert_eq!(rows.rollback("ben", 1, blue).await.unwrap().row.doubled, Some(40), "computed, not written");
    rows.delete("ann", 1).await.unwrap();
    let back = rows.rollback("ben", 1, small).await.unwrap().row;
    assert_eq!(back, grown::Model { id: 1, size: 10, colour: "red".into(), doubled: Some(20) });
    scene.end().await;
}

/// Writes down what it sees, and refuses a name.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait]
impl Hooks<user::Entity> for Diary {
    async fn before_insert(&self, _: &Txn, row: &mut user::ActiveModel) -> HookResult {
        self.note(format!("before_insert {:?}", row.id.clone().take()));
        Ok(())
    }

    async fn after_insert(&self, _: &Txn, row: &user::Model) -> HookResult {
        self.note(format!("after_insert {}", row.name));
        Ok(())
    }

    async fn before_update(&self, _: &Txn, before: &user::Model, changes: &mut user::ActiveModel) -> HookResult {
        let columns = ["name", "email", "age", "deleted_at"];
        let set = [changes.name.is_set(), changes.email.is_set(), changes.age.is_set(), changes.deleted_at.is_set()];
        let set: Vec<_> = columns.into_iter().zip(set).filter(|(_, set)| *set).map(|(name, _)| name).collect();
        self.note(format!("before_update {} {set:?}", before.name));
        match changes.name.clone().take().as_deref() {
            Some("Nobody") => Err("nobody is called so".into()),
            _ => Ok(()),
        }
    }

    async fn after_update(&self, _: &Txn, _: &user::Model, after: &user::Model) -> HookResult {
        self.note(format!("after_update {}", after.name));
        Ok(())
    }

    async fn after_commit(&self, event: &Event<user::Entity>) {
        self.note(format!("{:?} {}", event.operation, event.before.is_some()));
    }
}

async fn hooks_and_listeners_see_a_rollback(engine: Engine) {
    let (scene, users) = people(engine).await;
    let id = users.insert("ann", person("Nobody")).await.unwrap().id;
    let nobody = head(&scene).await;
    users.update("ann", id, renamed("Zoë")).await.unwrap();
    let zoe = head(&scene).await;
    users
        .update("ann", id, user::ActiveModel { name: Set("Zed".into()), age: Set(Some(5)), ..Default::default() })
        .await
        .unwrap();
    let diary = Diary::default();
    let users = users.hooks(diary.clone());
    users.rollback("ben", id, zoe).await.unwrap();
    assert_eq!(diary.take(), ["before_update Zed [\"name\", \"age\"]", "after_update Zoë", "Update true"]);
    users.rollback("ben", id, zoe).await.unwrap();
    assert!(diary.take().is_empty(), "nothing was to be done");
    let commits = scene.log().await.len();
    assert!(matches!(users.rollback("ben", id, nobody).await, Err(Error::Hook(_))));
    assert_eq!((scene.log().await.len(), users.get(id).await.unwrap().unwrap().name), (commits, "Zoë".into()));
    assert_eq!(diary.take(), ["before_update Zoë [\"name\"]"]);
    scene.commit("UPDATE users SET deleted_at = '2024-01-01 00:00:00'").await;
    users.rollback("ben", id, zoe).await.unwrap();
    assert_eq!(diary.take(), ["before_update Zoë [\"deleted_at\"]", "after_update Zoë", "Restore true"]);
    scene.commit("DELETE FROM users").await;
    users.rollback("ben", id, zoe).await.unwrap();
    let given = format!("before_insert Some({id})");
    assert_eq!(diary.take(), [given.as_str(), "after_insert Zoë", "Insert false"]);
    scene.end().await;
}

async fn what_is_not_allowed_any_more_changes_nothing(engine: Engine) {
    let (scene, users) = people(engine).await;
    scene.vsg.create_table::<order::Entity>().await.unwrap();
    let orders = scene.vsg.track::<order::Entity>().await.unwrap();
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    let then = head(&scene).await;
    let moved = user::ActiveModel { email: Set("new@x".into()), name: Set("Zed".into()), ..Default::default() };
    users.update("ann", zoe.id, moved).await.unwrap();
    let other = users.insert("ann", user::ActiveModel { email: Set("Zoë@x".into()), ..person("Ben") }).await.unwrap();
    let taken = users.rollback("ben", zoe.id, then).await;
    assert!(
        matches!(&taken, Err(Error::Violation { constraint: Constraint::Unique, detail }) if detail == "users.email"),
        "{taken:?}"
    );
    assert_eq!(users.get(zoe.id).await.unwrap().unwrap().name, "Zed");
    let id = Uuid::from_u128(1);
    let bought = order::ActiveModel { id: Set(id), user_id: Set(other.id), total: Set(1.into()), notes: Set(None) };
    orders.insert("ann", bought).await.unwrap();
    let bought = head(&scene).await;
    scene.commit("DELETE FROM orders").await;
    scene.commit(&format!("DELETE FROM users WHERE id = {}", other.id)).await;
    let orphan = orders.rollback("ben", id, bought).await;
    assert!(matches!(orphan, Err(Error::Violation { constraint: Constraint::ForeignKey, .. })), "{orphan:?}");
    assert_eq!(scene.operations().await[0], "DELETE");
    // In a transaction that goes on, too.
    let txn = scene.vsg.begin("ann").await.unwrap();
    assert!(matches!(orders.rollback(&txn, id, "HEAD~9").await, Err(Error::UnknownReference { .. })));
    assert!(matches!(orders.rollback(&txn, id, "HEAD").await, Err(Error::UnknownRowAt { .. })));
    users.rollback(&txn, other.id, bought).await.unwrap();
    orders.rollback(&txn, id, bought).await.unwrap();
    txn.commit().await.unwrap().unwrap();
    assert_eq!(scene.rows("SELECT count(*) FROM orders").await, ["1"]);
    scene.end().await;
}

async fn an_expected_parent_guards_a_rollback(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    users.update("ann", zoe.id, renamed("Zed")).await.unwrap();
    let seen: Reference = head(&scene).await.into();
    let author = Author::new("ben").expect_parent(seen);
    assert_eq!(users.rollback(author.clone(), zoe.id, "HEAD~1").await.unwrap().row.name, "Zoë");
    assert!(matches!(users.rollback(author, zoe.id, "HEAD~1").await, Err(Error::StaleParent { .. })));
    assert_eq!(users.get(zoe.id).await.unwrap().unwrap().name, "Zoë");
    scene.end().await;
}

async fn a_rollback_joins_a_transaction(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    users.update("ann", zoe.id, renamed("Zed")).await.unwrap();
    scene.sql("UPDATE users SET age = 7").await;
    let txn = scene.vsg.begin("cy").await.unwrap();
    users.insert(&txn, person("new")).await.unwrap();
    users.update(&txn, zoe.id, renamed("Zack")).await.unwrap();
    // What this transaction wrote is no past, and what others wrote before it has its place.
    txn.expect_head(Some("users"), &Reference::Head { back: 0 }).await.unwrap();
    assert_eq!(users.rollback(&txn, zoe.id, "HEAD").await.unwrap().row.name, "Zed");
    let back = users.rollback(&txn, zoe.id, "HEAD~2").await.unwrap().row;
    assert_eq!((back.name.as_str(), back.age), ("Zoë", None));
    let now = users.rollback(&txn, zoe.id, "2999-01-01T00:00:00Z").await.unwrap().row;
    assert_eq!((now.name.as_str(), now.age), ("Zed", Some(7)));
    users.rollback(&txn, zoe.id, "HEAD~2").await.unwrap();
    txn.execute_unprepared("UPDATE users SET age = 1 WHERE name = 'new'").await.unwrap();
    let commit = txn.commit().await.unwrap().unwrap();
    let log = scene.log().await;
    assert_eq!(
        (log.len(), log[0].uuid, log[0].operation.as_str(), log[0].actor.as_str()),
        (4, commit, "TRANSACTION", "cy")
    );
    assert_eq!(users.get(zoe.id).await.unwrap(), Some(zoe.clone()));
    let txn = scene.vsg.begin("cy").await.unwrap();
    users.rollback(&txn, zoe.id, "HEAD~1").await.unwrap();
    txn.rollback().await.unwrap();
    assert_eq!(users.get(zoe.id).await.unwrap(), Some(zoe));
    assert_eq!(scene.log().await.len(), 4);
    scene.end().await;
}
