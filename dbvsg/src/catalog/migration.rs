mod lineage;
mod retention;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, DynIden, Iden, TransactionTrait};
use sea_orm_migration::prelude::{
    ColumnDef, DeriveMigrationName, Index, IntoIden, MigrationTrait, MigratorTrait, SchemaManager, Table, async_trait,
};

use sha2::{Digest, Sha256};

use crate::{
    ErrorKind, Result,
    backend::{Backend, Sql},
    model::Hash,
};

/// How often the catalog is looked at again while another process may be bringing it up to date.
const ATTEMPTS: u32 = 5;

/// Brings the catalog to this version's shape. Nobody's schema is touched by merely connecting: if the catalog is what it
/// must be, word for word, this is one query, which a reader may make too.
pub(crate) async fn migrate(db: &DatabaseConnection, backend: &'static dyn Backend) -> Result<()> {
    let fingerprint = fingerprint(backend);
    let mut attempt = 1;
    loop {
        if installed(db, backend).await.is_ok_and(|installed| installed.as_ref() == Some(&fingerprint)) {
            return Ok(());
        }
        match install(db, backend, &fingerprint).await {
            // Two processes that start at a time are in each other's way.
            Err(error) if attempt < ATTEMPTS && error.kind() != ErrorKind::Denied => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the catalog is tried again");
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

/// The names of the migrations that make this version's catalog.
pub(crate) fn migrations() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// What tells this version's catalog from every other.
fn fingerprint(backend: &dyn Backend) -> String {
    let text: Vec<String> = migrations().into_iter().chain(backend.catalog_support()).collect();
    Hash(Sha256::digest(text.join(";\n").as_bytes()).into()).to_string()
}

async fn installed(db: &DatabaseConnection, backend: &'static dyn Backend) -> Result<Option<String>> {
    let row = Sql::new(backend, "SELECT fingerprint FROM dbvsg_support").one(db).await?;
    Ok(row.map(|row| row.try_get("", "fingerprint")).transpose()?)
}

/// Creates the tables that are missing, and the triggers, functions and views.
async fn install(db: &DatabaseConnection, backend: &'static dyn Backend, fingerprint: &str) -> Result<()> {
    Migrator::up(db, None).await?;
    let txn = db.begin().await?;
    for sql in backend.catalog_support() {
        txn.execute_unprepared(&sql).await?;
    }
    let_wait(&txn).await?;
    txn.execute_unprepared("DELETE FROM dbvsg_support").await?;
    let mut sql = Sql::new(backend, "INSERT INTO dbvsg_support (fingerprint) VALUES (");
    sql.bind(fingerprint).push(")");
    sql.execute(&txn).await?;
    txn.commit().await?;
    Ok(())
}

/// Puts commits that are not sealed to the others that wait: they stood among the sealed ones before they had a table of their own. Two
/// statements.
pub(crate) async fn let_wait(txn: &DatabaseTransaction) -> Result<()> {
    for sql in [
        "INSERT INTO dbvsg_pending (id, uuid, actor, operation, query, message, meta, written_at) \
         SELECT id, uuid, actor, operation, query, message, meta, written_at FROM dbvsg_commit WHERE seq IS NULL",
        "DELETE FROM dbvsg_commit WHERE seq IS NULL",
    ] {
        txn.execute_unprepared(sql).await?;
    }
    Ok(())
}

/// Why no migration can be taken back.
const FOR_GOOD: &str = "the journal is never taken away; drop the dbvsg_ tables by hand to be rid of it";

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Journal), Box::new(lineage::Lineage), Box::new(retention::Retention)]
    }

    fn migration_table_name() -> DynIden {
        name("dbvsg_migration")
    }
}

fn name(text: &'static str) -> DynIden {
    struct Name(&'static str);
    impl Iden for Name {
        fn unquoted(&self) -> &str {
            self.0
        }
    }
    Name(text).into_iden()
}

fn column(text: &'static str) -> ColumnDef {
    ColumnDef::new(name(text))
}

fn integer(text: &'static str) -> ColumnDef {
    column(text).big_integer().take()
}

fn text(text: &'static str) -> ColumnDef {
    column(text).text().take()
}

/// Text of a bounded length, which every engine can index.
fn short(text: &'static str, length: u32) -> ColumnDef {
    column(text).string_len(length).take()
}

fn id() -> ColumnDef {
    column("id").big_integer().not_null().auto_increment().primary_key().take()
}

#[derive(DeriveMigrationName)]
struct Journal;

#[async_trait::async_trait]
impl MigrationTrait for Journal {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table(name("dbvsg_branch"))
                .col(id())
                .col(short("name", 255).not_null().unique_key().take())
                .take(),
            Table::create()
                .table(name("dbvsg_table"))
                .col(id())
                .col(short("schema_name", 255))
                .col(short("table_name", 255).not_null().take())
                .col(text("history_name").not_null().take())
                .col(text("soft_delete"))
                .col(text("skip_columns").not_null().take())
                .col(text("ignore_columns").not_null().take())
                .col(integer("enabled_at").not_null().take())
                .col(integer("since_seq").not_null().take())
                .col(integer("sealed_change").not_null().default(0).take())
                .col(text("state").not_null().take())
                // Counts how often history has followed a change of the table's shape.
                .col(integer("shape").not_null().default(0).take())
                // Statements through which the history has yet to go, where they cannot be one transaction.
                .col(text("pending_ddl"))
                .col(integer("live_rows").not_null().default(0).take())
                .col(integer("head_id"))
                .take(),
            Table::create()
                .table(name("dbvsg_column"))
                .col(integer("table_id").not_null().take())
                .col(integer("column_id").not_null().take())
                .col(text("live_name"))
                .col(text("history_name"))
                .col(text("hashed_name").not_null().take())
                .col(text("declared").not_null().take())
                .col(text("collation_name"))
                .col(integer("live_position").not_null().take())
                .col(integer("key_rank"))
                .col(text("engine_id"))
                .col(integer("successor_id"))
                .primary_key(Index::create().col(name("table_id")).col(name("column_id")))
                .take(),
            Table::create()
                .table(name("dbvsg_commit"))
                .col(id())
                // NULL are what a commit got when it was sealed, as long as those that waited stood here, too.
                .col(short("uuid", 40))
                .col(integer("branch_id").not_null().take())
                .col(integer("seq"))
                .col(integer("parent_id"))
                .col(integer("merged_id"))
                .col(text("actor").not_null().take())
                .col(text("operation"))
                .col(text("query"))
                .col(text("message"))
                .col(text("meta"))
                .col(integer("written_at").not_null().take())
                .col(integer("committed_at"))
                .col(column("hash").blob().take())
                .take(),
            Table::create()
                .table(name("dbvsg_commit_table"))
                .col(integer("commit_id").not_null().take())
                .col(integer("table_id").not_null().take())
                .col(integer("first_change").not_null().take())
                .col(integer("last_change").not_null().take())
                .col(integer("baseline").not_null().take())
                .col(integer("inserted").not_null().take())
                .col(integer("updated").not_null().take())
                .col(integer("deleted").not_null().take())
                .col(integer("soft_deleted").not_null().take())
                .col(integer("restored").not_null().take())
                .col(integer("live_rows").not_null().take())
                .col(integer("parent_id"))
                .col(integer("rollbacked_at"))
                .primary_key(Index::create().col(name("commit_id")).col(name("table_id")))
                .take(),
            Table::create()
                .table(name("dbvsg_context"))
                .col(column("id").big_integer().not_null().primary_key().take())
                .col(text("uuid"))
                .col(integer("commit_id"))
                .col(integer("closed_id"))
                .col(text("actor"))
                .col(text("operation"))
                .col(text("message"))
                .col(text("query"))
                .col(text("meta"))
                .col(integer("last_changes"))
                .col(integer("last_moment"))
                .take(),
            // Whoever seals holds row 1, whoever expects something row 2, whoever enables a table step by step row 3; `watermark` is the moment up to which the past was told to somebody.
            Table::create()
                .table(name("dbvsg_sealing"))
                .col(column("id").big_integer().not_null().primary_key().take())
                .col(integer("watermark").not_null().take())
                .take(),
            Table::create()
                .table(name("dbvsg_support"))
                .col(short("fingerprint", 64).not_null().primary_key().take())
                .take(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let indexes = [
            Index::create()
                .name("dbvsg_commit_table_table")
                .table(name("dbvsg_commit_table"))
                .col(name("table_id"))
                .col(name("commit_id"))
                .take(),
            Index::create()
                .name("dbvsg_table_name")
                .table(name("dbvsg_table"))
                .col(name("schema_name"))
                .col(name("table_name"))
                .take(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        let db = manager.get_connection();
        db.execute_unprepared("INSERT INTO dbvsg_branch (id, name) VALUES (1, 'main')").await?;
        db.execute_unprepared("INSERT INTO dbvsg_sealing (id, watermark) VALUES (1, 0), (2, 0), (3, 0)").await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration(FOR_GOOD.into()))
    }
}
