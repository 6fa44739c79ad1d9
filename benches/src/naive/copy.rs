//! A copy of the whole table at each write: every state is there to be read, and every write reads and writes them all.

use sea_orm::{Set, entity::prelude::*};

use crate::{
    Result, person,
    side::{Side, Way},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "person_copy")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    id: i32,
    at: DateTimeUtc,
    actor: String,
    people: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Updates a row, and copies them all, in one transaction.
pub(super) async fn update(side: &Side, id: i32, age: i32) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    person::update(&write, id, age).await?;
    let people = Json::Array(person::Entity::find().into_json().all(&write).await?);
    let copy = ActiveModel {
        at: Set(chrono::Utc::now()),
        actor: Set("ann".to_owned()),
        people: Set(people),
        ..Default::default()
    };
    Entity::insert(copy).exec_without_returning(&write).await?;
    write.end().await
}
