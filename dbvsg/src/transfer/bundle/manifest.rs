//! What a bundle says of itself. `docs/format.md` specifies it.

use std::collections::BTreeMap;

use sea_orm::DatabaseExecutor;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    backend::{Backend, Counter, Kind, Object, Sql},
    catalog::{self, Catalog},
    model::{Column, Table, TableName, time},
};

pub(super) const FORMAT: &str = "dbvsg bundle";
/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;
/// The files that are always there.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const DIGESTS: &str = "digests.json";

/// The commits that are not sealed yet.
pub(super) const PENDING: &str = "dbvsg_pending";

/// DBVSG's own tables, but for those that only speak of what is running or of this program.
const CATALOG: [&str; 11] = [
    "dbvsg_branch",
    "dbvsg_table",
    "dbvsg_column",
    "dbvsg_commit",
    PENDING,
    "dbvsg_commit_table",
    "dbvsg_entry",
    "dbvsg_tag",
    "dbvsg_comment",
    "dbvsg_horizon",
    "dbvsg_kept",
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) version: u32,
    /// The version of DBVSG that wrote it.
    pub(super) dbvsg: String,
    /// The migrations that made the tables `dbvsg_*`.
    pub(super) migrations: Vec<String>,
    pub(super) engine: String,
    /// The schema that tables without one are in, where the statements name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schema: Option<String>,
    /// When it was taken.
    pub(super) taken_at: String,
    /// The moment up to which the past was told.
    pub(super) watermark: i64,
    /// What the counter of commits and changes gives next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next_change: Option<i64>,
    pub(super) tables: Vec<Content>,
    pub(super) history: Vec<Content>,
    pub(super) catalog: Vec<Content>,
    pub(super) counters: Vec<Counter>,
    pub(super) objects: Vec<Object>,
}

/// The rows of a table, and where they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) table: TableName,
    pub(super) file: String,
    /// The columns of the table, in order.
    pub(super) columns: Vec<Field>,
    /// The primary key's columns.
    pub(super) key: Vec<String>,
}

/// A column of a table. Those that are computed have no value in the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) name: String,
    /// The type, in the words of the engine.
    #[serde(rename = "type")]
    pub(super) declared: String,
    pub(super) nullable: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) generated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) collation: Option<String>,
}

impl From<&Column> for Field {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            declared: column.declared.clone(),
            nullable: column.nullable,
            generated: column.generated,
            collation: column.collation.clone(),
        }
    }
}

/// What each file of a bundle must be.
pub(super) type Digests = BTreeMap<String, Digest>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Digest {
    pub(super) sha256: String,
    pub(super) lines: u64,
}

impl Content {
    fn new(file: String, table: &Table) -> Self {
        Self {
            table: table.name.clone(),
            file,
            columns: table.columns.iter().map(Field::from).collect(),
            key: table.key_names().into_iter().map(str::to_owned).collect(),
        }
    }

    /// The names of the columns that have values in the rows.
    pub(super) fn stored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|field| !field.generated).map(|field| field.name.as_str())
    }
}

impl Manifest {
    /// All contents, the tables of users first.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Content> {
        self.tables.iter().chain(&self.history).chain(&self.catalog)
    }
}

/// Describes the database as one transaction sees it, with the tables in the order of the manifest's contents.
pub(super) async fn describe(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    catalog: &Catalog,
) -> Result<(Manifest, Vec<Table>)> {
    let objects = backend.objects(db).await?;
    let is_part = |name: &TableName| {
        objects.iter().any(|object| object.kind == Kind::Part && object.table.as_ref() == Some(name))
    };
    let mut users = backend.tables(db).await?;
    users.retain(|name| !is_part(name));
    let history = catalog.all().map(|tracked| tracked.history.clone()).collect();
    let own = CATALOG.map(TableName::new).to_vec();
    let mut tables = Vec::new();
    let users = contents(db, backend, "tables", users, &mut tables).await?;
    let history = contents(db, backend, "history", history, &mut tables).await?;
    let own = contents(db, backend, "catalog", own, &mut tables).await?;
    let sql = "SELECT watermark FROM dbvsg_sealing WHERE id = 1";
    let row = Sql::new(backend, sql).one(db).await?;
    let manifest = Manifest {
        format: FORMAT.into(),
        version: VERSION,
        dbvsg: env!("CARGO_PKG_VERSION").into(),
        migrations: catalog::migrations(),
        engine: backend.name().into(),
        schema: backend.home().map(str::to_owned),
        taken_at: time::to_text(chrono::Utc::now()),
        watermark: row.map(|row| row.try_get("", "watermark")).transpose()?.unwrap_or_default(),
        next_change: backend.next_change(db).await?,
        tables: users,
        history,
        catalog: own,
        counters: backend.counters(db).await?,
        objects,
    };
    Ok((manifest, tables))
}

async fn contents(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    folder: &str,
    names: Vec<TableName>,
    tables: &mut Vec<Table>,
) -> Result<Vec<Content>> {
    let mut contents = Vec::with_capacity(names.len());
    for name in names {
        let Some(table) = backend.describe(db, &name).await? else { continue };
        let file = match folder {
            "catalog" => name.name,
            _ => format!("{:03}", contents.len() + 1),
        };
        contents.push(Content::new(format!("{folder}/{file}.jsonl"), &table));
        tables.push(table);
    }
    Ok(contents)
}
