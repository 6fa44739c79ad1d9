//! Nothing but the derive: the component is the table.

use dbvsg::Versioned;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    assert_eq!(Entity::COMPONENT, "users");
    assert!(Entity::SOFT_DELETE.is_none());
    assert!(Entity::SKIP.is_empty());
    assert!(Entity::IGNORE.is_empty());
    assert_eq!(Entity::MAX_RECORDS, None);
}
