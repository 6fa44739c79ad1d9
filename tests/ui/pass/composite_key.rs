//! A key of two columns, in a table of a named schema.

use dbvsg::Versioned;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(schema_name = "shop", table_name = "order_lines")]
#[versioned(component = "order-lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    #[versioned(ignore)]
    pub note: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    assert_eq!(Entity::COMPONENT, "order-lines");
    assert!(matches!(Entity::IGNORE, [Column::Note]));
}
