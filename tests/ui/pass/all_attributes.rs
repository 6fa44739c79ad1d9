//! The compact format, with everything there is to say.

use dbvsg::Versioned;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned, Serialize, Deserialize)]
#[sea_orm(table_name = "app_users")]
#[versioned(component = "users", soft_delete = "deleted_at", max_records = 100)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    #[versioned(skip)]
    pub password: String,
    #[versioned(skip)]
    pub session_key: Option<String>,
    #[versioned(ignore)]
    pub last_seen: Option<DateTimeUtc>,
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    assert_eq!(Entity::COMPONENT, "users");
    assert!(matches!(Entity::SOFT_DELETE, Some(Column::DeletedAt)));
    assert!(matches!(Entity::SKIP, [Column::Password, Column::SessionKey]));
    assert!(matches!(Entity::IGNORE, [Column::LastSeen]));
    assert_eq!(Entity::MAX_RECORDS, Some(100));
}
