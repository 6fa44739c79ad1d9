//! What retention needs to take versions away and still tell what they were.

use sea_orm::DbErr;
use sea_orm_migration::prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait};

use super::{column, integer, name, short};

/// How many changes of each kind retention took away from a commit's part in a table.
const COUNTS: [&str; 6] = [
    "pruned_baseline",
    "pruned_inserted",
    "pruned_updated",
    "pruned_deleted",
    "pruned_soft_deleted",
    "pruned_restored",
];

#[derive(DeriveMigrationName)]
pub(super) struct Retention;

#[async_trait::async_trait]
impl MigrationTrait for Retention {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for count in COUNTS {
            if !manager.has_column("dbvsg_commit_table", count).await? {
                let definition = integer(count).not_null().default(0).take();
                let sql = Table::alter().table(name("dbvsg_commit_table")).add_column(definition).take();
                manager.alter_table(sql).await?;
            }
        }
        // The versions of one table that a running transaction is about to take away; empty for everybody else.
        let doomed = Table::create()
            .table(name("dbvsg_doomed"))
            .col(column("vsg_id").big_integer().not_null().primary_key().take())
            .col(integer("commit_id").not_null().take())
            .col(short("op", 12).not_null().take())
            .if_not_exists()
            .take();
        manager.create_table(doomed).await?;
        if manager.has_index("dbvsg_doomed", "dbvsg_doomed_commit").await? {
            return Ok(());
        }
        let of_commit =
            Index::create().name("dbvsg_doomed_commit").table(name("dbvsg_doomed")).col(name("commit_id")).take();
        manager.create_index(of_commit).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration(super::FOR_GOOD.into()))
    }
}
