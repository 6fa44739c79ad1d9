//! The typed layer: rows in and out, hooks around them.

use std::sync::{Arc, Mutex};

use dbvsg::{
    Accessor, Author, Constraint, Error, Event, HookResult, Hooks, Op, Order, Reference, Txn, async_trait,
    sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, Set},
};
use dbvsg_tests::{
    Engine, Scene,
    models::{order, price, user},
    scenarios,
};
use uuid::Uuid;

scenarios!(
    a_row_lives_and_dies_and_lives_again,
    find_filters_sorts_and_pages,
    save_inserts_or_updates,
    batches_are_one_commit_all_or_nothing,
    keys_of_every_kind_work,
    a_key_that_was_given_by_hand_is_not_given_again,
    a_record_limit_holds_for_soft_deleted_rows_too,
    writes_join_a_transaction,
    an_expected_parent_is_that_of_the_table,
    hooks_run_in_order_inside_the_transaction,
    closures_are_hooks_too,
);

fn person(name: &str) -> user::ActiveModel {
    user::ActiveModel { name: Set(name.into()), email: Set(format!("{name}@x")), ..Default::default() }
}

fn renamed(name: &str) -> user::ActiveModel {
    user::ActiveModel { name: Set(name.into()), ..Default::default() }
}

async fn people(engine: Engine) -> (Scene, Accessor<user::Entity>) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    let users = scene.vsg.track::<user::Entity>().await.unwrap();
    (scene, users)
}

async fn a_key_that_was_given_by_hand_is_not_given_again(engine: Engine) {
    let (scene, users) = people(engine).await;
    let with = |id, name: &str| user::ActiveModel { id: Set(id), ..person(name) };
    users.insert("ann", with(7, "a")).await.unwrap();
    assert_eq!(users.insert("ann", person("b")).await.unwrap().id, 8);
    users.insert_many("ann", vec![with(20, "c"), with(11, "d")]).await.unwrap();
    users.insert("ann", with(3, "e")).await.unwrap();
    assert_eq!(users.insert_many("ann", vec![person("f"), person("g")]).await.unwrap()[1].id, 22);
    users.save("ann", with(30, "h")).await.unwrap();
    assert_eq!(users.insert("ann", person("i")).await.unwrap().id, 31);
    scene.end().await;
}

async fn a_row_lives_and_dies_and_lives_again(engine: Engine) {
    let (scene, users) = people(engine).await;
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    assert_eq!(users.get(zoe.id).await.unwrap().unwrap().name, "Zoë");
    let zed = users.update(Author::new("ben").because("married"), zoe.id, renamed("Zed")).await.unwrap();
    assert_eq!((zed.id, zed.name.as_str(), zed.email.as_str()), (zoe.id, "Zed", "Zoë@x"));
    let gone = users.delete("ann", zoe.id).await.unwrap();
    assert_eq!(gone.name, "Zed");
    assert_eq!(users.get(zoe.id).await.unwrap(), None);
    assert!(users.all().await.unwrap().is_empty());
    assert_eq!(users.find().include_deleted(true).count().await.unwrap(), 1);
    assert!(matches!(users.update("ann", zoe.id, renamed("x")).await, Err(Error::UnknownRow { .. })));
    assert!(matches!(users.delete("ann", zoe.id).await, Err(Error::UnknownRow { .. })));
    let (back, restored) = users.restore("ann", zoe.id).await.unwrap();
    assert!(restored && back.deleted_at.is_none());
    assert!(!users.restore("ann", zoe.id).await.unwrap().1);
    let history = users.history(zoe.id, 100, 0).await.unwrap();
    let seen: Vec<_> =
        history.items.iter().map(|v| (v.version, v.change.op, v.change.actor.as_str(), v.operation.as_str())).collect();
    assert_eq!(
        seen,
        [
            (4, Op::Restore, "ann", "UNDELETE"),
            (3, Op::SoftDelete, "ann", "SOFT_DELETE"),
            (2, Op::Update, "ben", "UPDATE"),
            (1, Op::Insert, "ann", "INSERT")
        ]
    );
    let table = scene.vsg.tracked("users").await.unwrap();
    let first = users.model(history.items[3].change.after.as_ref().unwrap(), &table.table).unwrap();
    assert_eq!(first, zoe);
    assert_eq!(users.at("HEAD~3").await.unwrap().get(zoe.id).await.unwrap().unwrap().name, "Zoë");
    let diff = users.diff(zoe.id, "HEAD~3", "HEAD~2").await.unwrap();
    assert_eq!(diff, [("name".to_owned(), "Zoë".into(), "Zed".into())]);
    scene.end().await;
}

async fn find_filters_sorts_and_pages(engine: Engine) {
    let (scene, users) = people(engine).await;
    users.insert_many("ann", ["d", "b", "a", "c"].map(person).to_vec()).await.unwrap();
    let names = async |find: dbvsg::Find<user::Entity>| -> Vec<String> {
        find.all().await.unwrap().into_iter().map(|u| u.name).collect()
    };
    assert_eq!(names(users.find()).await, ["d", "b", "a", "c"]);
    assert_eq!(names(users.find().order_by(user::Column::Name, Order::Descending).page(2, 1)).await, ["c", "b"]);
    let some = users.find().filter(user::Column::Name.gt("a")).filter(user::Column::Name.lt("d"));
    assert_eq!((names(some.clone()).await, some.count().await.unwrap()), (vec!["b".into(), "c".into()], 2));
    assert_eq!(users.find().filter(user::Column::Name.eq("a")).one().await.unwrap().unwrap().name, "a");
    scene.end().await;
}

async fn save_inserts_or_updates(engine: Engine) {
    let (scene, users) = people(engine).await;
    let row = user::ActiveModel { id: Set(7), ..person("Zoë") };
    let saved = users.save("ann", row).await.unwrap();
    assert!(saved.created);
    let row = user::ActiveModel { id: Set(7), name: Set("Zed".into()), ..Default::default() };
    let saved = users.save("ann", row.clone()).await.unwrap();
    assert_eq!((saved.created, saved.row.name.as_str(), saved.row.email.as_str()), (false, "Zed", "Zoë@x"));
    users.delete("ann", 7).await.unwrap();
    assert!(matches!(users.save("ann", row).await, Err(Error::SoftDeleted { .. })));
    assert!(matches!(users.update("ann", 8, renamed("x")).await, Err(Error::UnknownRow { .. })));
    users.restore("ann", 7).await.unwrap();
    let moved = user::ActiveModel { id: Set(8), ..Default::default() };
    assert!(matches!(users.update("ann", 7, moved).await, Err(Error::InvalidValue { .. })));
    scene.end().await;
}

async fn batches_are_one_commit_all_or_nothing(engine: Engine) {
    let (scene, users) = people(engine).await;
    let rows = users.insert_many("ann", (0..5000).map(|n| person(&format!("p{n}"))).collect()).await.unwrap();
    assert_eq!((rows.len(), rows[4999].name.as_str()), (5000, "p4999"));
    let clash = users.insert_many("ann", vec![person("new"), person("p7")]).await;
    assert!(matches!(clash, Err(Error::Violation { constraint: Constraint::Unique, .. })));
    let keys: Vec<i32> = rows.iter().take(2500).map(|row| row.id).chain([999_999]).collect();
    assert_eq!(users.delete_many("ann", keys.clone()).await.unwrap(), 2500);
    assert_eq!(users.delete_many("ann", keys).await.unwrap(), 0);
    assert!(users.insert_many("ann", Vec::new()).await.unwrap().is_empty());
    let log = scene.log().await;
    let seen: Vec<_> = log
        .iter()
        .map(|c| (c.operation.as_str(), c.tables[0].inserted, c.tables[0].updated, c.tables[0].rows))
        .collect();
    assert_eq!(seen, [("SOFT_DELETE", 0, 2500, 5000), ("INSERT", 5000, 0, 5000)]);
    scene.end().await;
}

async fn keys_of_every_kind_work(engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.vsg.create_table::<user::Entity>().await.unwrap();
    scene.vsg.create_table::<order::Entity>().await.unwrap();
    scene.vsg.create_table::<price::Entity>().await.unwrap();
    let users = scene.vsg.track::<user::Entity>().await.unwrap();
    let orders = scene.vsg.track::<order::Entity>().await.unwrap();
    let prices = scene.vsg.track::<price::Entity>().await.unwrap();
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    let id = Uuid::from_u128(99);
    let bought = order::ActiveModel {
        id: Set(id),
        user_id: Set(zoe.id),
        total: Set("10.50".parse().unwrap()),
        notes: Set(None),
    };
    orders.insert("ann", bought).await.unwrap();
    assert_eq!(orders.history(id, 10, 0).await.unwrap().total, 1);
    orders.delete("ann", id).await.unwrap();
    assert_eq!(orders.get(id).await.unwrap(), None);
    assert!(matches!(orders.restore("ann", id).await, Err(Error::NoSoftDelete { .. })));
    let orphan =
        order::ActiveModel { id: Set(id), user_id: Set(404), total: Set("1".parse().unwrap()), notes: Set(None) };
    assert!(matches!(
        orders.insert("ann", orphan).await,
        Err(Error::Violation { constraint: Constraint::ForeignKey, .. })
    ));
    let key = ("a,b%".to_owned(), "CH".to_owned());
    let costs = price::ActiveModel {
        article: Set(key.0.clone()),
        country: Set(key.1.clone()),
        amount: Set("3".parse().unwrap()),
    };
    prices.insert("ann", costs.clone()).await.unwrap();
    prices
        .update("ann", key.clone(), price::ActiveModel { amount: Set("4".parse().unwrap()), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(prices.history(key.clone(), 10, 0).await.unwrap().total, 2);
    assert_eq!(prices.delete_many("ann", vec![key.clone(), ("x".into(), "y".into())]).await.unwrap(), 1);
    scene.end().await;
}

async fn a_record_limit_holds_for_soft_deleted_rows_too(engine: Engine) {
    let (scene, users) = people(engine).await;
    let users = users.max_records(Some(2));
    let first = users.insert("ann", person("a")).await.unwrap();
    users.delete("ann", first.id).await.unwrap();
    assert!(matches!(
        users.insert_many("ann", vec![person("b"), person("c")]).await,
        Err(Error::RecordLimit { limit: 2, .. })
    ));
    users.insert("ann", person("b")).await.unwrap();
    assert!(matches!(users.insert("ann", person("c")).await, Err(Error::RecordLimit { .. })));
    scene.end().await;
}

async fn writes_join_a_transaction(engine: Engine) {
    let (scene, users) = people(engine).await;
    let txn = scene.vsg.begin("ann").await.unwrap();
    let zoe = users.insert(&txn, person("Zoë")).await.unwrap();
    users.update(&txn, zoe.id, renamed("Zed")).await.unwrap();
    txn.execute_unprepared("UPDATE users SET age = 3").await.unwrap();
    let id = txn.commit().await.unwrap().unwrap();
    assert_eq!(scene.log().await.len(), 1);
    assert_eq!(scene.vsg.commit(id).await.unwrap().operation, "TRANSACTION");
    scene.end().await;
}

async fn an_expected_parent_is_that_of_the_table(engine: Engine) {
    let (scene, users) = people(engine).await;
    scene.sql("CREATE TABLE other (id INTEGER PRIMARY KEY)").await;
    scene.vsg.enable("other").await.unwrap();
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    let seen: Reference = scene.vsg.commit("HEAD").await.unwrap().uuid.into();
    scene.commit("INSERT INTO other VALUES (1)").await;
    let author = Author::new("ann").expect_parent(seen);
    users.update(author.clone(), zoe.id, renamed("Zed")).await.unwrap();
    assert!(matches!(users.update(author, zoe.id, renamed("Zack")).await, Err(Error::StaleParent { .. })));
    scene.end().await;
}

/// Writes down when it was called, lower-cases addresses, and refuses some names.
struct Diary(Arc<Mutex<Vec<String>>>, &'static str);

impl Diary {
    fn note(&self, what: &str) {
        self.0.lock().unwrap().push(format!("{} {what}", self.1));
    }
}

#[async_trait]
impl Hooks<user::Entity> for Diary {
    async fn before_insert(&self, _: &Txn, row: &mut user::ActiveModel) -> HookResult {
        self.note("before_insert");
        let email = row.email.clone().take().ok_or("an address is needed")?;
        row.email = Set(email.to_lowercase());
        Ok(())
    }

    async fn after_insert(&self, txn: &Txn, row: &user::Model) -> HookResult {
        self.note("after_insert");
        if row.name == "Refused" {
            return Err("this name is refused".into());
        }
        txn.execute_unprepared(&format!("INSERT INTO note (text) VALUES ('hello {}')", row.id)).await?;
        Ok(())
    }

    async fn before_update(&self, _: &Txn, before: &user::Model, _: &mut user::ActiveModel) -> HookResult {
        self.note(&format!("before_update {}", before.name));
        Ok(())
    }

    async fn after_update(&self, _: &Txn, before: &user::Model, after: &user::Model) -> HookResult {
        self.note(&format!("after_update {} {}", before.name, after.name));
        Ok(())
    }

    async fn before_delete(&self, _: &Txn, row: &user::Model) -> HookResult {
        self.note("before_delete");
        if row.name == "Keep" { Err("keep it".into()) } else { Ok(()) }
    }

    async fn after_delete(&self, _: &Txn, _: &user::Model) -> HookResult {
        self.note("after_delete");
        Ok(())
    }

    async fn after_commit(&self, event: &Event<user::Entity>) {
        self.note(&format!("after_commit {:?}", event.operation));
    }
}

async fn hooks_run_in_order_inside_the_transaction(engine: Engine) {
    let (scene, users) = people(engine).await;
    scene.sql(&format!("CREATE TABLE note (id {}, text TEXT)", engine.auto_key())).await;
    scene.vsg.enable("note").await.unwrap();
    let diary = Arc::new(Mutex::new(Vec::new()));
    let users = users.hooks(Diary(diary.clone(), "1")).hooks(Diary(diary.clone(), "2"));
    let told = || std::mem::take(&mut *diary.lock().unwrap());
    let zoe = users.insert("ann", person("Zoë")).await.unwrap();
    assert_eq!(zoe.email, "zoë@x");
    assert_eq!(
        told(),
        [
            "1 before_insert",
            "2 before_insert",
            "1 after_insert",
            "2 after_insert",
            "1 after_commit Insert",
            "2 after_commit Insert"
        ]
    );
    let head = scene.vsg.commit("HEAD").await.unwrap();
    assert_eq!(head.tables.len(), 2, "what the hook wrote is in the same commit");

    let refused = users.insert("ann", person("Refused")).await;
    assert!(matches!(&refused, Err(Error::Hook(reason)) if reason.to_string() == "this name is refused"));
    assert_eq!(told(), ["1 before_insert", "2 before_insert", "1 after_insert"]);
    assert_eq!(scene.rows("SELECT count(*) FROM users UNION ALL SELECT count(*) FROM note").await, ["1", "2"]);

    users.update("ann", zoe.id, renamed("Keep")).await.unwrap();
    assert_eq!(told()[..3], ["1 before_update Zoë", "2 before_update Zoë", "1 after_update Zoë Keep"]);
    assert!(users.delete("ann", zoe.id).await.is_err());
    assert!(users.get(zoe.id).await.unwrap().is_some());
    users.update("ann", zoe.id, renamed("Go")).await.unwrap();
    told();
    users.delete_many("ann", vec![zoe.id]).await.unwrap();
    assert_eq!(
        told(),
        [
            "1 before_delete",
            "2 before_delete",
            "1 after_delete",
            "2 after_delete",
            "1 after_commit Delete",
            "2 after_commit Delete"
        ]
    );

    let txn = scene.vsg.begin("ann").await.unwrap();
    users.insert(&txn, person("b")).await.unwrap();
    txn.rollback().await.unwrap();
    assert!(!told().iter().any(|line| line.contains("after_commit")), "nothing was committed");
    scene.end().await;
}

async fn closures_are_hooks_too(engine: Engine) {
    let (scene, users) = people(engine).await;
    let heard = Arc::new(Mutex::new(0));
    let listener = heard.clone();
    let users = users
        .before_insert(|_, row| {
            Box::pin(async move {
                let name = row.name.clone().take().unwrap_or_default();
                row.name = Set(format!("Dr. {name}"));
                Ok(())
            })
        })
        .after_insert(|txn, row| {
            Box::pin(async move {
                let older = user::ActiveModel { id: Set(row.id), age: Set(Some(99)), ..Default::default() };
                older.update(txn).await?;
                Ok(())
            })
        })
        .after_commit(move |event| {
            let heard = listener.clone();
            let inserted = event.after.is_some() && event.before.is_none();
            Box::pin(async move { *heard.lock().unwrap() += i32::from(inserted) })
        });
    users.insert("ann", person("Who")).await.unwrap();
    let row = user::Entity::find().one(&scene.db()).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.age), ("Dr. Who", Some(99)));
    assert_eq!(*heard.lock().unwrap(), 1);
    assert_eq!(scene.operations().await, ["TRANSACTION"]);
    scene.end().await;
}
