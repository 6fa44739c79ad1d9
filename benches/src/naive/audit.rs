//! An audit row by the application: cheap, but only for writes that go through this code, and one row at a time.

use sea_orm::{IntoActiveModel, Set, entity::prelude::*};

use crate::{
    Error, Result, person,
    side::{Side, Way},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "person_audit")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    id: i32,
    at: DateTimeUtc,
    actor: String,
    #[sea_orm(indexed)]
    person: i32,
    before: Json,
    after: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Reads a row, updates it, and writes down both states, in one transaction.
pub(super) async fn update(side: &Side, id: i32, age: i32) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    let before = person::Entity::find_by_id(id).one(&write).await?;
    let before = before.ok_or_else(|| Error::Unexpected(format!("row {id} is not there")))?;
    let mut changed = before.clone().into_active_model();
    changed.age = Set(age);
    let after = changed.update(&write).await?;
    let audit = ActiveModel {
        at: Set(chrono::Utc::now()),
        actor: Set("ann".to_owned()),
        person: Set(id),
        before: Set(serde_json::to_value(&before)?),
        after: Set(serde_json::to_value(&after)?),
        ..Default::default()
    };
    Entity::insert(audit).exec_without_returning(&write).await?;
    write.end().await
}
