//! Any SELECT reads the past.

use dbvsg::{
    Error, LogFilter, Reference, RowDiff,
    sea_orm::{
        ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, ModelTrait, PaginatorTrait,
        QueryFilter, QueryOrder, QuerySelect, Set, Statement, StreamTrait,
    },
};
use dbvsg_tests::{
    Engine, Scene,
    models::{order, user},
    scenarios,
};
use futures_util::TryStreamExt;
use uuid::Uuid;

scenarios!(
    seaorm_travels_in_time,
    raw_selects_of_every_shape_travel_too,
    the_past_cannot_be_written,
    references_name_commits,
    a_table_has_no_past_before_it_was_tracked,
    a_diff_names_what_differs,
    the_log_and_the_audit_are_filtered_and_paged,
    a_plain_sql_client_sees_the_commits,
);

fn person(id: i32, name: &str) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(id),
        name: Set(name.into()),
        email: Set(format!("{name}@x")),
        age: Set(Some(id * 10)),
        ..Default::default()
    }
}

/// Two people and an order; then everything changes.
async fn shop(engine: Engine) -> (Scene, dbvsg::CommitId) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    scene.vsg.create_table::<order::Entity>().await.unwrap();
    let users = scene.vsg.track::<user::Entity>().await.unwrap();
    scene.vsg.track::<order::Entity>().await.unwrap();
    let txn = scene.vsg.begin("ann").await.unwrap();
    users.insert_many(&txn, vec![person(1, "Zoë"), person(2, "Ben")]).await.unwrap();
    let sold = order::ActiveModel {
        id: Set(Uuid::from_u128(7)),
        user_id: Set(1),
        total: Set("19.99".parse().unwrap()),
        notes: Set(Some(serde_json::json!({"gift": true}))),
    };
    sold.insert(&txn).await.unwrap();
    let then = txn.commit().await.unwrap().unwrap();
    let txn = scene.vsg.begin("ann").await.unwrap();
    order::Entity::delete_many().exec(&txn).await.unwrap();
    users.update(&txn, 1, user::ActiveModel { name: Set("Zed".into()), ..Default::default() }).await.unwrap();
    users.delete(&txn, 2).await.unwrap();
    users.insert(&txn, person(3, "Cy")).await.unwrap();
    txn.commit().await.unwrap();
    (scene, then)
}

#[derive(Debug, FromQueryResult, PartialEq)]
struct Name {
    name: String,
}

async fn seaorm_travels_in_time(engine: Engine) {
    let (scene, then) = shop(engine).await;
    let then = scene.vsg.as_of(then).await.unwrap();
    let adults = user::Entity::find().filter(user::Column::Age.gte(18)).all(&then).await.unwrap();
    assert_eq!(adults.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["Ben"]);
    let joined = order::Entity::find().find_also_related(user::Entity).all(&then).await.unwrap();
    assert_eq!(joined[0].1.as_ref().unwrap().name, "Zoë");
    assert_eq!(joined[0].0.notes, Some(serde_json::json!({"gift": true})));
    let of_order = joined[0].0.find_related(user::Entity).one(&then).await.unwrap().unwrap();
    assert_eq!(of_order.id, 1);
    let pages = user::Entity::find().order_by_asc(user::Column::Id).paginate(&then, 1);
    assert_eq!(pages.num_items().await.unwrap(), 2);
    assert_eq!(pages.fetch_page(1).await.unwrap()[0].name, "Ben");
    let oldest: Option<i32> = user::Entity::find()
        .select_only()
        .column_as(user::Column::Age.max(), "oldest")
        .into_tuple()
        .one(&then)
        .await
        .unwrap();
    assert_eq!(oldest, Some(20));
    let partial: Vec<Name> =
        user::Entity::find().order_by_desc(user::Column::Id).into_partial_name().all(&then).await.unwrap();
    assert_eq!(partial[0], Name { name: "Ben".into() });
    let streamed: Vec<user::Model> = user::Entity::find().stream(&then).await.unwrap().try_collect().await.unwrap();
    assert_eq!(streamed.len(), 2);
    assert_eq!(
        order::Entity::find_by_id(Uuid::from_u128(7)).one(&then).await.unwrap().unwrap().total.to_string(),
        "19.99"
    );
    scene.end().await;
}

trait PartialName {
    fn into_partial_name(self) -> dbvsg::sea_orm::Selector<dbvsg::sea_orm::SelectModel<Name>>;
}

impl PartialName for dbvsg::sea_orm::Select<user::Entity> {
    fn into_partial_name(self) -> dbvsg::sea_orm::Selector<dbvsg::sea_orm::SelectModel<Name>> {
        self.select_only().column(user::Column::Name).into_model::<Name>()
    }
}

async fn raw_selects_of_every_shape_travel_too(engine: Engine) {
    let (scene, then) = shop(engine).await;
    for (sql, expected) in [
        ("SELECT name FROM users ORDER BY id", vec!["Zoë", "Ben"]),
        (
            engine.pick("SELECT count(*) FROM USERS", "SELECT count(*) FROM USERS", "SELECT count(*) FROM users"),
            vec!["2"],
        ),
        ("SELECT a.name || b.name FROM users a JOIN users b ON a.id < b.id", vec!["ZoëBen"]),
        ("SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)", vec!["Zoë"]),
        ("WITH x AS (SELECT * FROM users WHERE id = 2) SELECT name FROM x", vec!["Ben"]),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2) SELECT name FROM users JOIN n ON i = id ORDER BY id",
            vec!["Zoë", "Ben"],
        ),
        ("SELECT name FROM users UNION SELECT 'zz' ORDER BY 1", vec!["Ben", "Zoë", "zz"]),
        ("SELECT name, row_number() OVER (ORDER BY id DESC) FROM users ORDER BY id", vec!["Zoë|2", "Ben|1"]),
        ("SELECT 'users; DELETE' -- users\n FROM users LIMIT 1", vec!["users; DELETE"]),
    ] {
        assert_eq!(scene.rows_at(then, sql).await, expected, "{sql}");
    }
    let qualified = format!("SELECT {0}.users.name FROM {0}.users WHERE id = 2", scene.schema());
    assert_eq!(scene.rows_at(then, &qualified).await, ["Ben"]);
    let asked = Statement::from_sql_and_values(
        engine.backend(),
        format!("SELECT name FROM users WHERE id = {} AND age = {}", engine.placeholder(1), engine.placeholder(2)),
        [2.into(), 20.into()],
    );
    let row = scene.vsg.as_of(then).await.unwrap().query_one_raw(asked).await.unwrap().unwrap();
    assert_eq!(row.try_get::<String>("", "name").unwrap(), "Ben");
    scene.end().await;
}

async fn the_past_cannot_be_written(engine: Engine) {
    let (scene, then) = shop(engine).await;
    scene.sql("CREATE VIEW v AS SELECT * FROM users").await;
    let then = scene.vsg.as_of(then).await.unwrap();
    for sql in [
        "DELETE FROM users",
        "WITH x AS (SELECT 1) DELETE FROM users",
        "INSERT INTO users (name) VALUES ('x') RETURNING id",
        "SELECT 1; DELETE FROM users",
        "SELECT * FROM v",
        engine.pick("PRAGMA user_version = 3", "SET work_mem = '3MB'", "SET sql_mode = ''"),
        "",
    ] {
        let refused = then.query_all_raw(scene.query(sql)).await;
        let error = Error::from(refused.expect_err(sql));
        assert!(matches!(error, Error::ReadOnly { .. }), "{sql}: {error}");
        assert!(then.stream_raw(scene.query(sql)).await.is_err());
    }
    assert!(then.execute_unprepared("DELETE FROM users").await.is_err());
    assert!(user::Entity::delete_many().exec(&then).await.is_err());
    assert!(person(9, "x").insert(&then).await.is_err());
    assert_eq!(scene.rows("SELECT count(*) FROM users").await, ["3"]);
    scene.end().await;
}

async fn references_name_commits(engine: Engine) {
    let scene =
        Scene::with(engine, &["CREATE TABLE a (id INTEGER PRIMARY KEY)", "CREATE TABLE b (id INTEGER PRIMARY KEY)"])
            .await;
    let vsg = &scene.vsg;
    assert!(matches!(vsg.as_of("HEAD").await, Err(Error::UnknownReference { .. })));
    vsg.enable("a").await.unwrap();
    vsg.enable("b").await.unwrap();
    let first = scene.commit("INSERT INTO a VALUES (1)").await;
    let second = scene.commit("INSERT INTO b VALUES (1)").await;
    let third = scene.commit("INSERT INTO a VALUES (2)").await;
    for (reference, expected) in [
        ("HEAD".to_owned(), third),
        ("main".into(), third),
        ("HEAD~1".into(), second),
        ("HEAD~2".into(), first),
        (first.to_string(), first),
        (first.to_string().to_uppercase(), first),
        (first.to_string()[..7].into(), first),
        (first.to_string()[..20].into(), first),
        ("2999-01-01T00:00:00Z".into(), third),
        (dbvsg::model::time::to_text(vsg.commit(second).await.unwrap().created_at), second),
    ] {
        assert_eq!(vsg.commit(reference.as_str()).await.unwrap().uuid, expected, "{reference}");
    }
    let of_a = vsg.commit_in(Some("a"), &"HEAD~1".parse::<Reference>().unwrap()).await.unwrap();
    assert_eq!(of_a.uuid, first);
    for unknown in ["HEAD~3", "nobody", "abcdef", "1999-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"] {
        assert!(matches!(vsg.commit(unknown).await, Err(Error::UnknownReference { .. })), "{unknown}");
    }
    for malformed in ["", "HEAD~", "HEAD~x", "2024-01-01", "a b", "'; --"] {
        assert!(matches!(vsg.commit(malformed).await, Err(Error::MalformedReference { .. })), "{malformed}");
    }
    scene.sql("UPDATE dbvsg_commit SET uuid = concat('aaaaaaaa', substr(uuid, 9))").await;
    let Err(Error::AmbiguousReference { candidates, .. }) = vsg.commit("aaaaaaa").await else {
        panic!("three begin so")
    };
    assert_eq!(candidates.len(), 3);
}

async fn a_table_has_no_past_before_it_was_tracked(engine: Engine) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE a (id INTEGER PRIMARY KEY)",
            "CREATE TABLE b (id INTEGER PRIMARY KEY)",
            "INSERT INTO b VALUES (1)",
        ],
    )
    .await;
    scene.vsg.enable("a").await.unwrap();
    let early = scene.commit("INSERT INTO a VALUES (1)").await;
    scene.vsg.enable("b").await.unwrap();
    let then = scene.vsg.as_of(early).await.unwrap();
    assert_eq!(then.query_all_raw(scene.query("SELECT * FROM a")).await.unwrap().len(), 1);
    assert!(then.query_all_raw(scene.query("SELECT * FROM b")).await.is_err());
    assert!(matches!(scene.vsg.rows_at("b", &early.into(), None).await.err(), Some(Error::UnknownReference { .. })));
    scene.end().await;
}

async fn a_diff_names_what_differs(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let from: Reference = scene.vsg.commit("HEAD").await.unwrap().uuid.into();
    scene.commit("UPDATE t SET v = 'x' WHERE id = 1").await;
    scene.commit("DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4, 'd')").await;
    scene.commit("UPDATE t SET v = 'y' WHERE id = 3").await;
    scene.commit("UPDATE t SET v = 'c' WHERE id = 3").await;
    let to: Reference = scene.vsg.commit("HEAD").await.unwrap().uuid.into();
    let show = |rows: Vec<RowDiff>| -> Vec<String> {
        rows.into_iter()
            .map(|row| match row {
                RowDiff::Added { key, .. } => format!("+{:?}", key.0[0]),
                RowDiff::Removed { key, .. } => format!("-{:?}", key.0[0]),
                RowDiff::Changed { key, columns, .. } => format!("~{:?}{columns:?}", key.0[0]),
                _ => unreachable!(),
            })
            .collect()
    };
    let forward: Vec<RowDiff> = scene.vsg.diff("t", &from, &to).await.unwrap().try_collect().await.unwrap();
    assert_eq!(show(forward), ["~Integer(1)[1]", "-Integer(2)", "+Integer(4)"]);
    let back: Vec<RowDiff> = scene.vsg.diff("t", &to, &from).await.unwrap().try_collect().await.unwrap();
    assert_eq!(show(back), ["~Integer(1)[1]", "+Integer(2)", "-Integer(4)"]);
    let same: Vec<RowDiff> = scene.vsg.diff("t", &to, &to).await.unwrap().try_collect().await.unwrap();
    assert!(same.is_empty());
    scene.end().await;
}

async fn the_log_and_the_audit_are_filtered_and_paged(engine: Engine) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER)", "CREATE TABLE b (id INTEGER PRIMARY KEY)"],
    )
    .await;
    scene.vsg.enable("a").await.unwrap();
    scene.vsg.enable("b").await.unwrap();
    for n in 0..10 {
        scene.commit(&format!("INSERT INTO a VALUES ({n}, 0), ({n} + 100, 0); INSERT INTO b VALUES ({n})")).await;
        scene.commit(&format!("UPDATE a SET v = {n} + 1 WHERE id IN ({n}, {n} + 100)")).await;
    }
    let of_b = scene.vsg.log(&LogFilter::table("b")).await.unwrap();
    assert_eq!(of_b.total, 10);
    let mut filter = LogFilter::default();
    (filter.limit, filter.offset, filter.operation) = (3, 2, Some("UPDATE".into()));
    let page = scene.vsg.log(&filter).await.unwrap();
    assert_eq!((page.items.len(), page.total), (3, 10));
    let all = scene.vsg.audit(&Default::default()).await.unwrap();
    assert_eq!(all.total, 50);
    let whole: Vec<_> = all.items.iter().map(|c| (c.table.clone(), c.id)).collect();
    let mut paged = Vec::new();
    for offset in (0..50).step_by(7) {
        let mut filter = dbvsg::AuditFilter::default();
        (filter.limit, filter.offset) = (7, offset);
        let page = scene.vsg.audit(&filter).await.unwrap();
        assert_eq!(page.total, 50);
        paged.extend(page.items.into_iter().map(|c| (c.table, c.id)));
    }
    assert_eq!(paged, whole);
    let mut filter = dbvsg::AuditFilter::default();
    (filter.table, filter.op, filter.limit, filter.offset) = (Some("a".into()), Some(dbvsg::Op::Update), 5, 3);
    let page = scene.vsg.audit(&filter).await.unwrap();
    assert_eq!((page.items.len(), page.total), (5, 20));
    assert!(page.items.iter().all(|c| c.op == dbvsg::Op::Update && c.before.is_some()));
    let middle = scene.log().await[10].created_at;
    let mut since = LogFilter::default();
    since.since = Some(middle);
    let mut until = LogFilter::default();
    until.until = Some(middle);
    let (since, until) = (scene.vsg.log(&since).await.unwrap(), scene.vsg.log(&until).await.unwrap());
    assert_eq!((since.total, until.total), (11, 9), "the moment itself belongs to what comes after");
    scene.end().await;
}

async fn a_plain_sql_client_sees_the_commits(engine: Engine) {
    let (scene, then) = shop(engine).await;
    scene.log().await;
    let rows = scene
        .rows("SELECT uuid, operation, user_id, is_current, rollbacked, parent_uuid IS NULL, length(hash) FROM db_vsg")
        .await;
    assert_eq!(rows[0], format!("{then}|INSERT|ann|0|0|1|64"));
    assert!(rows[1].ends_with("|TRANSACTION|ann|1|0|0|64"));
    for moment in scene.rows("SELECT created_at FROM db_vsg").await {
        let shape: String = moment.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        let text = "9999-99-99T99:99:99.999999Z";
        // The engine's own type for a moment, where the client shows it as one.
        assert_eq!(shape, engine.pick(text, text, "9999-99-99 99:99:99.999999"));
    }
    scene.end().await;
}
