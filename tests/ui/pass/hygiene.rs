//! The expansion needs no name but those it writes out. SeaORM's own derives need the prelude, so
//! the entity is made in one module and versioned in another.

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub deleted_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// No prelude, and other things under the names of the prelude and of the crates in use.
#[no_implicit_prelude]
mod shadowed {
    use super::entity::{Column, Entity};

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct String;
    pub struct Vec;
    pub trait EntityTrait {}
    pub trait Versioned {}
    pub mod core {}
    pub mod std {}
    pub mod dbvsg {}
    pub mod sea_orm {}

    #[::core::prelude::v1::derive(::dbvsg::Versioned)]
    #[versioned(component = "users", soft_delete = "deleted_at", max_records = 1)]
    pub struct Model {
        pub id: i32,
        #[versioned(ignore)]
        pub name: ::std::string::String,
        pub deleted_at: ::core::option::Option<i64>,
    }
}

use dbvsg::Versioned;
use entity::{Column, Entity};

fn main() {
    assert_eq!(Entity::COMPONENT, "users");
    assert!(matches!(Entity::SOFT_DELETE, Some(Column::DeletedAt)));
    assert!(matches!(Entity::IGNORE, [Column::Name]));
    assert_eq!(Entity::MAX_RECORDS, Some(1));
}
