mod no_field {
    #[derive(dbvsg::Versioned)]
    #[versioned(component = "users", soft_delete = "removed")]
    struct Model {
        id: i32,
        deleted_at: Option<i64>,
    }
}

mod misspelt {
    #[derive(dbvsg::Versioned)]
    #[versioned(component = "users", soft_delete = "delted_at")]
    struct Model {
        id: i32,
        deleted_at: Option<i64>,
    }
}

mod not_an_option {
    #[derive(dbvsg::Versioned)]
    #[versioned(component = "users", soft_delete = "deleted")]
    struct Model {
        id: i32,
        deleted: bool,
    }
}

mod primary_key {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "users")]
    #[versioned(soft_delete = "id")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod no_column {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
    #[sea_orm(table_name = "users")]
    #[versioned(soft_delete = "deleted_at")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(ignore)]
        pub deleted_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn main() {}
