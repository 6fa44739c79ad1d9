//! Joins and aggregates in the past, with the same SeaORM code as in the present.
//! Run it with `cargo run --example time_travel`.

use dbvsg::Vsg;
use sea_orm::{
    ConnectionTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect, RelationTrait, Set, entity::prelude::*,
};

mod author {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "authors")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::book::Entity")]
        Book,
    }

    impl Related<super::book::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Book.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod book {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "books")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub author_id: i32,
        pub title: String,
        pub price: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::author::Entity", from = "Column::AuthorId", to = "super::author::Column::Id")]
        Author,
    }

    impl Related<super::author::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Author.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Debug, FromQueryResult)]
struct Shelf {
    name: String,
    books: i64,
    total: i64,
}

/// A report that knows nothing of time: it runs on whatever connection it is given.
async fn report(title: &str, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let shelves = author::Entity::find()
        .select_only()
        .column(author::Column::Name)
        .column_as(book::Column::Id.count(), "books")
        .column_as(book::Column::Price.sum(), "total")
        .join(JoinType::InnerJoin, author::Relation::Book.def())
        .group_by(author::Column::Name)
        .order_by_asc(author::Column::Name)
        .into_model::<Shelf>()
        .all(db)
        .await?;
    println!("{title}");
    for Shelf { name, books, total } in shelves {
        println!("  {name}: {books} books, {total} in all");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let vsg = Vsg::connect("sqlite::memory:").await?;
    vsg.create_table::<author::Entity>().await?;
    vsg.create_table::<book::Entity>().await?;
    let authors = vsg.track::<author::Entity>().await?;
    let books = vsg.track::<book::Entity>().await?;

    let opening = vsg.begin("ann").await?;
    for (id, name) in [(1, "Borges"), (2, "Şafak")] {
        authors.insert(&opening, author::ActiveModel { id: Set(id), name: Set(name.into()) }).await?;
    }
    for (id, author_id, title, price) in [(1, 1, "Ficciones", 20), (2, 1, "El Aleph", 18), (3, 2, "Baba ve Piç", 15)] {
        let row =
            book::ActiveModel { id: Set(id), author_id: Set(author_id), title: Set(title.into()), price: Set(price) };
        books.insert(&opening, row).await?;
    }
    opening.commit().await?;
    let opened = vsg.commit("HEAD").await?;

    // A bulk statement that no hook of an ORM would see, and a deletion.
    vsg.connection().execute_unprepared("UPDATE books SET price = price * 2").await?;
    books.delete("ben", 2).await?;

    report("now", &vsg.connection()).await?;
    report("one commit ago", &vsg.as_of("HEAD~1").await?).await?;
    report("at the opening", &vsg.as_of(opened.created_at).await?).await?;

    let then = books.at(opened.uuid).await?;
    let dearest = then.find().order_by(book::Column::Price, dbvsg::Order::Descending).one().await?;
    println!("the dearest book was {}", dearest.map(|book| book.title).unwrap_or_default());
    Ok(())
}
