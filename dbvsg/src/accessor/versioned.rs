use sea_orm::{EntityTrait, IdenStatic};

use super::Accessor;
use crate::{Policy, Vsg};

/// A SeaORM entity under version control. `#[derive(Versioned)]` on the model implements it.
///
/// ```
/// mod user {
///     use dbvsg::{Versioned, sea_orm::entity::prelude::*};
///
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
///     #[sea_orm(table_name = "users")]
///     #[versioned(component = "users", soft_delete = "deleted_at", max_records = 1000)]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///         pub name: String,
///         #[versioned(skip)]
///         pub password: Option<String>,
///         #[versioned(ignore)]
///         pub last_seen: Option<DateTimeUtc>,
///         pub deleted_at: Option<DateTimeUtc>,
///     }
///
///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
///     pub enum Relation {}
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// use dbvsg::Versioned;
/// assert_eq!(user::Entity::COMPONENT, "users");
/// ```
pub trait Versioned: EntityTrait<Model: Send + Sync, ActiveModel: Send + Sync> {
    /// The name of the component in the HTTP interface.
    const COMPONENT: &'static str;
    /// The column that marks a row as deleted while it is not NULL.
    const SOFT_DELETE: Option<Self::Column>;
    /// Columns that are never stored in history.
    const SKIP: &'static [Self::Column];
    /// Columns that are stored, but whose change alone makes no version.
    const IGNORE: &'static [Self::Column];
    /// The most rows the table may hold, soft-deleted ones included.
    const MAX_RECORDS: Option<u64>;

    /// The accessor of this entity. It touches nothing; see [`Vsg::track`] for one that enables the table first.
    fn accessor(vsg: &Vsg) -> Accessor<Self> {
        Accessor::new(vsg)
    }

    /// How the columns are treated.
    fn policy() -> Policy {
        let mut policy = Policy::default();
        if let Some(column) = &Self::SOFT_DELETE {
            policy = policy.soft_delete(column.as_str());
        }
        let policy = Self::SKIP.iter().fold(policy, |policy, column| policy.skip(column.as_str()));
        Self::IGNORE.iter().fold(policy, |policy, column| policy.ignore(column.as_str()))
    }
}
