//! What the Git of tables keeps beside the journal: entries without changes, tags, comments, retention.

use sea_orm::DbErr;
use sea_orm_migration::prelude::{
    ColumnDef, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};

use super::{column, id, integer, name, short, text};

#[derive(DeriveMigrationName)]
pub(super) struct Lineage;

/// Columns that tables get which are there already.
fn columns() -> [(&'static str, &'static str, ColumnDef); 3] {
    [
        // The last commit that does not know the column yet.
        ("dbvsg_column", "since_seq", integer("since_seq")),
        // The digest of changes that retention took away, in whole or in part.
        ("dbvsg_commit_table", "pruned_digest", column("pruned_digest").blob().take()),
        // The statements that make the application's own triggers, while they are held still.
        ("dbvsg_table", "held_triggers", text("held_triggers")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Lineage {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, definition) in columns() {
            if !manager.has_column(table, column).await? {
                manager.alter_table(Table::alter().table(name(table)).add_column(definition).take()).await?;
            }
        }
        let tables = [
            // A table that a commit names though nothing has changed in it, or that is at another commit from then on. The
            // commit itself, where it is reset, has table 0.
            Table::create()
                .table(name("dbvsg_entry"))
                .col(short("commit_uuid", 40).not_null().take())
                .col(integer("table_id").not_null().take())
                .col(integer("reset_id"))
                .primary_key(Index::create().col(name("commit_uuid")).col(name("table_id")))
                .take(),
            Table::create()
                .table(name("dbvsg_tag"))
                .col(id())
                .col(short("name", 100).not_null().take())
                // 1 while it is there; NULL once it is deleted, so that its name may be used again.
                .col(integer("live"))
                .col(integer("commit_id").not_null().take())
                .col(text("comment"))
                .col(text("actor").not_null().take())
                .col(integer("created_at").not_null().take())
                .col(integer("deleted_at"))
                .col(text("deleted_by"))
                .take(),
            Table::create()
                .table(name("dbvsg_comment"))
                .col(id())
                .col(integer("commit_id").not_null().take())
                // With a change id: the row version that it speaks of.
                .col(integer("table_id"))
                .col(integer("change_id"))
                .col(text("comment").not_null().take())
                .col(text("actor").not_null().take())
                .col(integer("created_at").not_null().take())
                .take(),
            // How far back the past of a table is whole.
            Table::create()
                .table(name("dbvsg_horizon"))
                .col(column("table_id").big_integer().not_null().primary_key().take())
                .col(integer("seq").not_null().take())
                .take(),
            // States before the horizon that were kept: from one commit (included) to another (excluded).
            Table::create()
                .table(name("dbvsg_kept"))
                .col(integer("table_id").not_null().take())
                .col(integer("first_seq").not_null().take())
                .col(integer("end_seq").not_null().take())
                .primary_key(Index::create().col(name("table_id")).col(name("first_seq")))
                .take(),
        ];
        for mut table in tables {
            manager.create_table(table.if_not_exists().take()).await?;
        }
        let indexes = [
            Index::create()
                .name("dbvsg_tag_name")
                .table(name("dbvsg_tag"))
                .col(name("name"))
                .col(name("live"))
                .unique()
                .take(),
            Index::create().name("dbvsg_tag_commit").table(name("dbvsg_tag")).col(name("commit_id")).take(),
            Index::create().name("dbvsg_comment_commit").table(name("dbvsg_comment")).col(name("commit_id")).take(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration(super::FOR_GOOD.into()))
    }
}
