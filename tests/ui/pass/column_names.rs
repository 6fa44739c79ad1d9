//! Names of columns that are not those of the fields: `rename_all`, `column_name`, `enum_name`,
//! a keyword, underscores and capitals.
#![allow(non_snake_case)]

use dbvsg::Versioned;
use sea_orm::{IdenStatic, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
#[sea_orm(table_name = "events", rename_all = "camelCase")]
#[versioned(soft_delete = "deleted_at")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub event_id: i32,
    #[versioned(skip)]
    pub access_token: String,
    #[versioned(skip)]
    pub r#type: String,
    #[versioned(skip)]
    pub self_: String,
    #[sea_orm(enum_name = "Kind_of", column_name = "kind")]
    #[versioned(ignore)]
    pub r#enum: String,
    #[versioned(ignore)]
    pub lastHTTPStatus: i32,
    #[versioned(ignore)]
    pub _line_2b: i32,
    #[sea_orm(column_name = "removed")]
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    let names = |columns: &[Column]| columns.iter().map(|c| c.as_str()).collect::<Vec<_>>();
    assert_eq!(names(Entity::SKIP), ["accessToken", "type", "self"]);
    assert_eq!(names(Entity::IGNORE), ["kind", "lastHttpStatus", "line2b"]);
    assert_eq!(names(Entity::SOFT_DELETE.as_slice()), ["removed"]);
    assert!(matches!(Entity::SKIP, [Column::AccessToken, Column::Type, Column::Self_]));
    assert!(matches!(Entity::IGNORE, [Column::Kind_of, Column::LastHttpStatus, Column::Line2b]));
}
