//! Every mistake is reported in one go, and none of them twice for the copy named `ModelEx`.

use dbvsg::Versioned;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(table_name = "users")]
#[versioned(
    component = "",
    soft_delete = "removed",
    max_records = 0,
    hooks = "UserHooks"
)]
pub struct Model {
    #[sea_orm(primary_key)]
    #[versioned(skip)]
    pub id: i32,
    #[versioned(skip, ignore)]
    pub password: String,
    #[versioned(skip, skip)]
    pub deleted_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

fn main() {}
