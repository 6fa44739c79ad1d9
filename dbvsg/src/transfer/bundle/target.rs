//! What a bundle meets in the database that it is to become.

use sea_orm::DatabaseExecutor;

use super::{
    manifest::{Content, Field},
    read::Bundle,
};
use crate::{
    Error, Policy, RestoreOptions, Result,
    backend::{Backend, Object},
    catalog::{self, Catalog},
    model::{Table, TableName},
    transfer::backup::damaged,
};

/// What there is to do.
pub(super) struct Target {
    /// Tables and histories that are there and take the rows of the bundle.
    pub(super) known: Vec<TableName>,
    /// Histories that belong to another journal, or have another shape.
    pub(super) obsolete: Vec<TableName>,
    /// What is missing.
    pub(super) missing: Vec<Object>,
    /// Tables that were tracked here and are not in the bundle's catalog.
    pub(super) anew: Vec<Anew>,
}

/// A table that is to be tracked anew.
pub(super) struct Anew {
    pub(super) table: TableName,
    pub(super) policy: Policy,
    /// Whether the journal of the bundle knows it as one that was dropped: it goes on where it ended.
    pub(super) goes_on: bool,
}

/// Refuses a bundle that can never become this database.
pub(super) fn check(bundle: &Bundle, backend: &dyn Backend, options: &RestoreOptions) -> Result<()> {
    let manifest = &bundle.manifest;
    if manifest.engine != backend.name() {
        let reason = format!("it is of a database of {}, and this is one of {}", manifest.engine, backend.name());
        return Err(damaged(reason));
    }
    if manifest.migrations != catalog::migrations() {
        let reason = format!(
            "its journal is of another version of DBVSG ({}); restore it with that version, into an empty database, and update that",
            manifest.dbvsg
        );
        return Err(damaged(reason));
    }
    if manifest.schema.as_deref() != backend.home() {
        let named = |schema: Option<&str>| schema.unwrap_or_default().to_owned();
        let reason = format!(
            "its tables are in the schema `{}`, and those of this database in `{}`; connect with a search_path that begins with the former",
            named(manifest.schema.as_deref()),
            named(backend.home()),
        );
        return Err(damaged(reason));
    }
    let holds = |name: &String| manifest.tables.iter().any(|content| content.table.to_string() == *name);
    match options.required_tables.iter().find(|name| !holds(name)) {
        Some(missing) => Err(damaged(format!("it holds no table `{missing}`"))),
        None => Ok(()),
    }
}

impl Target {
    /// Looks at the database. `replaces`: whether a history of another shape can be made anew.
    pub(super) async fn find(
        db: &DatabaseExecutor<'_>,
        backend: &'static dyn Backend,
        bundle: &Bundle,
        old: &Catalog,
        replaces: bool,
    ) -> Result<Self> {
        let is_history = |name: &TableName| old.all().any(|tracked| tracked.history == *name);
        let (mut known, mut obsolete) = (Vec::new(), Vec::new());
        for content in &bundle.manifest.tables {
            if let Some(table) = backend.describe(db, &content.table).await? {
                match difference(content, &table).or_else(|| taken(is_history(&content.table))) {
                    Some(difference) => return Err(unlike(&content.table, &difference)),
                    None => known.push(content.table.clone()),
                }
            }
        }
        for content in &bundle.manifest.history {
            if let Some(table) = backend.describe(db, &content.table).await? {
                if !is_history(&content.table) && table.column("vsg_begin").is_none() {
                    return Err(unlike(&content.table, "it is a table here, and a history in the backup"));
                }
                match difference(content, &table) {
                    Some(_) if replaces => obsolete.push(content.table.clone()),
                    Some(difference) => return Err(unlike(&content.table, &difference)),
                    None => known.push(content.table.clone()),
                }
            }
        }
        for content in &bundle.manifest.catalog {
            let table = backend.describe(db, &content.table).await?;
            if !table.is_some_and(|table| content.stored().all(|name| table.column(name).is_some())) {
                return Err(damaged(format!("its table `{}` is not one of this version of DBVSG", content.table)));
            }
        }
        let goes = |name: &TableName| !bundle.manifest.history.iter().any(|content| content.table == *name);
        obsolete.extend(old.all().map(|tracked| tracked.history.clone()).filter(goes));
        let mut anew = Vec::new();
        for tracked in old.iter() {
            let table = tracked.table.name.clone();
            let known = bundle.tracked.iter().any(|other| other.name == table);
            let bundled = bundle.manifest.tables.iter().any(|content| content.table == table);
            // One that was disabled stays so: it is in the bundle, and its journal knows it.
            if !(known && bundled) {
                anew.push(Anew { table, policy: tracked.policy(), goes_on: known });
            }
        }
        let missing = missing(db, backend, bundle, &obsolete).await?;
        Ok(Self { known, obsolete, missing, anew })
    }
}

/// Tables that are not there, with all that belongs to them, and whatever belongs to none.
async fn missing(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    bundle: &Bundle,
    obsolete: &[TableName],
) -> Result<Vec<Object>> {
    let there = backend.objects(db).await?;
    let is_there = |object: &Object| there.iter().any(|other| (other.kind, &other.name) == (object.kind, &object.name));
    let mut fresh = Vec::new();
    for object in bundle.manifest.objects.iter().filter(|object| object.kind.is_table()) {
        let Some(name) = &object.table else { continue };
        if obsolete.contains(name) || backend.describe(db, name).await?.is_none() {
            fresh.push(name.clone());
        }
    }
    let is_missing = |object: &&Object| match &object.table {
        Some(table) => fresh.contains(table),
        None => !is_there(object),
    };
    Ok(bundle.manifest.objects.iter().filter(is_missing).cloned().collect())
}

fn taken(is_history: bool) -> Option<String> {
    is_history.then(|| "it is a history here, and a table in the backup".to_owned())
}

fn unlike(table: &TableName, difference: &str) -> Error {
    damaged(format!(
        "table `{table}` has another shape here: {difference}; bring it to the shape it had, or restore into an empty database"
    ))
}

/// What tells a table from the one of the bundle, if anything does.
fn difference(content: &Content, table: &Table) -> Option<String> {
    let here: Vec<Field> = table.columns.iter().map(Field::from).collect();
    if let Some(lost) = content.columns.iter().find(|field| table.column(&field.name).is_none()) {
        return Some(format!("its column `{}` is missing", lost.name));
    }
    if let Some(new) = here.iter().find(|field| !content.columns.iter().any(|other| other.name == field.name)) {
        return Some(format!("its column `{}` is not in the backup", new.name));
    }
    for (field, other) in here.iter().zip(&content.columns) {
        let name = &field.name;
        if *name != other.name {
            return Some(format!("its column `{name}` is where `{}` is in the backup", other.name));
        }
        if field.declared != other.declared {
            return Some(format!("its column `{name}` is `{}`, in the backup `{}`", field.declared, other.declared));
        }
        if field != other {
            return Some(format!("its column `{name}` has another collation, default or constraint in the backup"));
        }
    }
    (table.key_names() != content.key).then(|| "its primary key is another one in the backup".to_owned())
}
