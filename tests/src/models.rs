//! The models of the scenarios.

/// People, with soft delete, a secret that is never stored, and a column that makes no version.
pub mod user {
    use dbvsg::{Versioned, sea_orm::entity::prelude::*};
    use serde::{Deserialize, Serialize};

    /// A person.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned, Serialize, Deserialize)]
    #[sea_orm(table_name = "users")]
    #[versioned(component = "users", soft_delete = "deleted_at")]
    pub struct Model {
        /// The key.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// The name.
        pub name: String,
        /// The address.
        #[sea_orm(unique)]
        pub email: String,
        /// The age.
        pub age: Option<i32>,
        /// Never stored in history.
        #[versioned(skip)]
        pub password: Option<String>,
        /// Makes no version.
        #[versioned(ignore)]
        pub last_seen: Option<DateTimeUtc>,
        /// Set while the person is deleted.
        pub deleted_at: Option<DateTimeUtc>,
    }

    /// None.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Orders: a UUID key.
pub mod order {
    use dbvsg::{Versioned, sea_orm::entity::prelude::*};

    /// An order.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        /// The key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Who ordered.
        pub user_id: i32,
        /// What it costs.
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub total: Decimal,
        /// Anything.
        pub notes: Option<Json>,
    }

    /// To people.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// Who ordered.
        #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
        User,
    }

    impl Related<super::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::User.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Prices by country: a composite text key.
pub mod price {
    use dbvsg::{Versioned, sea_orm::entity::prelude::*};

    /// A price.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "prices")]
    pub struct Model {
        /// The article.
        #[sea_orm(primary_key, auto_increment = false)]
        pub article: String,
        /// The country.
        #[sea_orm(primary_key, auto_increment = false)]
        pub country: String,
        /// The price.
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub amount: Decimal,
    }

    /// None.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
