use dbvsg::Versioned;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(table_name = "users")]
#[versioned(soft_delete = "deleted_at")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[versioned(skip)]
    pub tenant: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    #[versioned(ignore)]
    pub id: i32,
    #[versioned(skip, ignore)]
    pub password: String,
    #[sea_orm(ignore)]
    #[versioned(skip)]
    pub cached: Option<String>,
    #[versioned(skip)]
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {}
