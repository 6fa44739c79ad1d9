//! A model written by another macro, whose variables arrive wrapped in invisible groups.

macro_rules! entity {
    ($module:ident, $table:literal, $limit:literal, $deleted:ident: $ty:ty) => {
        mod $module {
            use dbvsg::Versioned;
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
            #[sea_orm(table_name = $table)]
            #[versioned(soft_delete = "deleted_at", max_records = $limit)]
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i32,
                pub $deleted: $ty,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(user, "users", 10, deleted_at: Option<i64>);

use dbvsg::Versioned;

fn main() {
    assert_eq!(user::Entity::COMPONENT, "users");
    assert!(matches!(user::Entity::SOFT_DELETE, Some(user::Column::DeletedAt)));
    assert_eq!(user::Entity::MAX_RECORDS, Some(10));
}
