//! `#[sea_orm::model]` copies the derive and its attributes to `ModelEx`, and takes relations away.

mod user {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "users")]
    #[versioned(soft_delete = "deleted_at")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[versioned(skip)]
        pub password: String,
        #[sea_orm(unique)]
        #[versioned(ignore)]
        pub email: String,
        pub deleted_at: Option<DateTimeUtc>,
        #[sea_orm(has_many)]
        pub posts: HasMany<super::post::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod post {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub user_id: i32,
        #[sea_orm(belongs_to, from = "user_id", to = "id")]
        pub author: HasOne<super::user::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

use dbvsg::Versioned;

fn main() {
    assert_eq!(user::Entity::COMPONENT, "users");
    assert!(matches!(user::Entity::SOFT_DELETE, Some(user::Column::DeletedAt)));
    assert!(matches!(user::Entity::SKIP, [user::Column::Password]));
    assert!(matches!(user::Entity::IGNORE, [user::Column::Email]));
    assert_eq!(post::Entity::COMPONENT, "posts");
}
