//! Another crate that re-exports dbvsg, so that its users need not depend on it by that name.

mod facade {
    pub mod versions {
        pub use dbvsg::{Versioned, sea_orm};
    }
}

extern crate dbvsg as my_dbvsg;

/// In reach of these modules, `::dbvsg` is still the crate: what is used shows in the unit tests of
/// `dbvsg-derive`; here both kinds of path are seen to resolve.
mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, my_dbvsg::Versioned)]
    #[sea_orm(table_name = "users")]
    #[versioned(crate = "::my_dbvsg")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod post {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, crate::facade::versions::Versioned)]
    #[sea_orm(table_name = "posts")]
    #[versioned(crate = "crate::facade::versions")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use my_dbvsg::Versioned;

fn main() {
    assert_eq!(user::Entity::COMPONENT, "users");
    assert_eq!(post::Entity::COMPONENT, "posts");
}
