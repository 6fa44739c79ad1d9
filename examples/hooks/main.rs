//! Hooks: a rule that refuses, a field that is derived, a trail of one's own, and a listener after the commit.
//! Run it with `cargo run --example hooks`.

use async_trait::async_trait;
use dbvsg::{HookResult, Hooks, Txn, Vsg};
use sea_orm::{Set, entity::prelude::*};

mod article {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "articles")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub slug: String,
        pub price: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A price is never negative, and the slug follows from the title.
struct Rules;

impl Rules {
    fn check(row: &mut article::ActiveModel) -> HookResult {
        if let Set(price) = row.price
            && price < 0
        {
            return Err(format!("a price cannot be {price}").into());
        }
        if let Set(title) = &row.title {
            let slug: String = title.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
            row.slug = Set(slug);
        }
        Ok(())
    }
}

#[async_trait]
impl Hooks<article::Entity> for Rules {
    async fn before_insert(&self, _txn: &Txn, row: &mut article::ActiveModel) -> HookResult {
        Self::check(row)
    }

    async fn before_update(
        &self,
        _txn: &Txn,
        _before: &article::Model,
        changes: &mut article::ActiveModel,
    ) -> HookResult {
        Self::check(changes)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let vsg = Vsg::connect("sqlite::memory:").await?;
    vsg.create_table::<article::Entity>().await?;
    vsg.connection().execute_unprepared("CREATE TABLE bell (id INTEGER PRIMARY KEY, text TEXT)").await?;
    vsg.enable("bell").await?;
    let articles = vsg
        .track::<article::Entity>()
        .await?
        .hooks(Rules)
        // What a hook writes through the transaction joins the commit.
        .after_update(|txn, before, after| {
            Box::pin(async move {
                if after.price < before.price {
                    let text = format!("{} is cheaper now", after.title);
                    let row = format!("INSERT INTO bell (text) VALUES ('{}')", text.replace('\'', "''"));
                    txn.execute_unprepared(&row).await?;
                }
                Ok(())
            })
        })
        // A listener hears of it when nothing can undo it any more.
        .after_commit(|event| {
            let line = format!("committed: {:?}", event.operation);
            Box::pin(async move { println!("{line}") })
        });

    let new = article::ActiveModel { title: Set("Blue  Suede Shoes".into()), price: Set(90), ..Default::default() };
    let shoes = articles.insert("ann", new).await?;
    println!("derived: {}", shoes.slug);

    let wrong = article::ActiveModel { price: Set(-1), ..Default::default() };
    match articles.update("ben", shoes.id, wrong).await {
        Err(dbvsg::Error::Hook(reason)) => println!("refused: {reason}"),
        other => println!("not refused: {other:?}"),
    }

    articles.update("ann", shoes.id, article::ActiveModel { price: Set(70), ..Default::default() }).await?;
    let head = vsg.commit("HEAD").await?;
    println!("one commit wrote to: {}", head.tables.iter().map(|t| t.table.as_str()).collect::<Vec<_>>().join(", "));
    println!("commits: {}", vsg.log(&Default::default()).await?.total);
    println!("history is sound: {}", vsg.verify().await?.ok);
    Ok(())
}
