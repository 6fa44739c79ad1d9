//! Columns of types of the user's own.

use dbvsg::Versioned;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))")]
pub enum Status {
    #[sea_orm(string_value = "open")]
    Open,
    #[sea_orm(string_value = "closed")]
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct TicketId(pub i64);

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(table_name = "tickets")]
#[versioned(soft_delete = "gone")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TicketId,
    #[versioned(ignore)]
    pub status: Status,
    pub gone: Option<Status>,
    #[sea_orm(ignore)]
    pub cached: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    assert!(matches!(Entity::IGNORE, [Column::Status]));
    assert!(matches!(Entity::SOFT_DELETE, Some(Column::Gone)));
}
