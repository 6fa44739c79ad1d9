//! Introspection through SQLite's PRAGMA functions.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, QueryResult, Statement};

use super::collation::collations;
use crate::{
    Result,
    model::{Column, ColumnKind, ForeignKey, Form, Table, TableName, UniqueKey},
};

pub(super) async fn tables(db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
    let rows = db
        .query_all_raw(super::statement(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
             AND name NOT LIKE 'dbvsg!_%' ESCAPE '!' AND name NOT IN (SELECT history_name FROM dbvsg_table) ORDER BY name",
        ))
        .await?;
    rows.iter().map(|row| Ok(TableName::new(row.try_get::<String>("", "name")?))).collect()
}

/// The pages of a table and its indexes, where this SQLite was built to tell. It reads all of them.
pub(super) async fn bytes(db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<i64>> {
    let modules = "SELECT 1 AS one FROM pragma_module_list WHERE name = 'dbstat'";
    if db.query_one_raw(super::statement(modules)).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT sum(d.pgsize) AS bytes FROM sqlite_master s JOIN dbstat d ON d.name = s.name AND d.aggregate = TRUE WHERE s.tbl_name = ?";
    let row = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [name.name.as_str().into()]);
    Ok(db.query_one_raw(row).await?.map(|row| row.try_get("", "bytes")).transpose()?.flatten())
}

pub(super) async fn describe(db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
    if name.schema.is_some() {
        return Ok(None);
    }
    let about = |sql: &str| Statement::from_sql_and_values(DbBackend::Sqlite, sql, [name.name.as_str().into()]);
    let found = db.query_one_raw(about("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?")).await?;
    let Some(found) = found else { return Ok(None) };
    let create: String = found.try_get::<Option<String>>("", "sql")?.unwrap_or_default();

    let info = db
        .query_all_raw(about(
            "SELECT name, type, \"notnull\" AS required, dflt_value, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid",
        ))
        .await?;
    let collations = collations(&create);
    let mut columns = Vec::with_capacity(info.len());
    let mut key: BTreeMap<i64, usize> = BTreeMap::new();
    for (position, row) in info.iter().enumerate() {
        let rank: i64 = row.try_get("", "pk")?;
        if rank > 0 {
            key.insert(rank, position);
        }
        let mut column = column(row)?;
        column.collation = collations.get(&column.name).cloned();
        columns.push(column);
    }
    let key: Vec<usize> = key.into_values().collect();
    if let [only] = key[..] {
        let column = &mut columns[only];
        // The rowid's alias: SQLite fills it in, and it is never NULL.
        if column.declared.eq_ignore_ascii_case("integer") && !without_rowid(&create) {
            column.has_default = true;
            column.nullable = false;
        }
    }
    let obstacle = columns.is_empty().then(|| "it is a virtual table without columns of its own".into());
    let mut table = Table {
        name: name.clone(),
        columns,
        key,
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        partitioned: false,
        obstacle,
        stamped: Vec::new(),
        cascades: Vec::new(),
    };
    unique_keys(db, &mut table).await?;
    foreign_keys(db, &mut table).await?;
    Ok(Some(table))
}

/// The default of a column in the words of its table: an UPDATE knows no DEFAULT here.
pub(super) async fn default_of(db: &DatabaseExecutor<'_>, table: &TableName, column: &Column) -> Result<String> {
    let sql = "SELECT dflt_value AS value FROM pragma_table_xinfo(?) WHERE name = ?";
    let names = [&table.name, &column.name].map(|name| name.as_str().into());
    let row = db.query_one_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, names)).await?;
    let default: Option<String> = row.map(|row| row.try_get("", "value")).transpose()?.flatten();
    Ok(format!("({})", default.as_deref().unwrap_or("NULL")))
}

fn without_rowid(create: &str) -> bool {
    let tail = create.rsplit_once(')').map_or("", |(_, tail)| tail).to_ascii_uppercase();
    tail.split_whitespace().collect::<Vec<_>>().join(" ").contains("WITHOUT ROWID")
}

fn column(row: &QueryResult) -> Result<Column> {
    let declared: String = row.try_get::<Option<String>>("", "type")?.unwrap_or_default();
    let hidden: i64 = row.try_get("", "hidden")?;
    let required: i64 = row.try_get("", "required")?;
    Ok(Column {
        name: row.try_get("", "name")?,
        kind: kind(&declared),
        form: form(kind(&declared)),
        nullable: required == 0,
        has_default: row.try_get::<Option<String>>("", "dflt_value")?.is_some(),
        generated: hidden >= 2,
        collation: None,
        declared,
    })
}

/// The form in which SeaORM stores what a column means.
fn form(kind: ColumnKind) -> Form {
    match kind {
        ColumnKind::Bool | ColumnKind::Integer => Form::Integer,
        ColumnKind::Float | ColumnKind::Decimal => Form::Real,
        ColumnKind::Bytes | ColumnKind::Uuid => Form::Bytes,
        ColumnKind::Any => Form::Any,
        ColumnKind::Text
        | ColumnKind::Date
        | ColumnKind::Time
        | ColumnKind::DateTime
        | ColumnKind::Timestamp
        | ColumnKind::Duration
        | ColumnKind::Array(_)
        | ColumnKind::Json => Form::Text,
    }
}

/// What a declared type means: SeaORM's own names first, then those that people write.
fn kind(declared: &str) -> ColumnKind {
    let lower = declared.to_ascii_lowercase();
    let (base, arguments) = lower.split_once('(').map_or((lower.as_str(), ""), |(base, rest)| (base.trim(), rest));
    let any_of = |words: &[&str]| words.iter().any(|word| base.contains(word));
    match base {
        "" => ColumnKind::Any,
        "real" if arguments.contains(',') => ColumnKind::Decimal,
        "uuid_text" => ColumnKind::Uuid,
        "timestamp_with_timezone_text" | "timestamptz" | "timestamp with time zone" => ColumnKind::Timestamp,
        "date" | "date_text" => ColumnKind::Date,
        "time" | "time_text" => ColumnKind::Time,
        _ if any_of(&["datetime", "timestamp"]) => ColumnKind::DateTime,
        _ if any_of(&["bool"]) => ColumnKind::Bool,
        _ if any_of(&["decimal", "numeric", "money"]) => ColumnKind::Decimal,
        _ if any_of(&["json"]) => ColumnKind::Json,
        // From here on SQLite's own affinity rules, in their order.
        _ if any_of(&["int"]) => ColumnKind::Integer,
        _ if any_of(&["char", "clob", "text"]) => ColumnKind::Text,
        _ if any_of(&["blob", "binary"]) => ColumnKind::Bytes,
        _ if any_of(&["real", "floa", "doub"]) => ColumnKind::Float,
        _ => ColumnKind::Any,
    }
}

async fn unique_keys(db: &DatabaseExecutor<'_>, table: &mut Table) -> Result<()> {
    let sql = "SELECT l.name AS index_name, l.origin, x.name, x.coll, l.\"partial\" AS is_partial FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x \
               WHERE l.\"unique\" = 1 AND x.key = 1 ORDER BY l.seq, x.seqno";
    let rows = db
        .query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.name.name.as_str().into()]))
        .await?;
    /// The columns of one index; a column that is an expression has no name.
    #[derive(Default)]
    struct Found {
        is_key: bool,
        partial: bool,
        columns: Vec<(Option<String>, String)>,
    }
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for row in &rows {
        let index = found.entry(row.try_get("", "index_name")?).or_default();
        index.is_key = row.try_get::<String>("", "origin")? == "pk";
        index.partial = row.try_get::<i64>("", "is_partial")? == 1;
        index.columns.push((row.try_get("", "name")?, row.try_get("", "coll")?));
    }
    for Found { is_key, partial, columns } in found.into_values() {
        // An index on an expression has no column to compare; what REPLACE does through one is found by verify.
        let named: Option<Vec<_>> = columns
            .into_iter()
            .map(|(name, collation)| Some((name?, (!collation.eq_ignore_ascii_case("binary")).then_some(collation))))
            .collect();
        if let (false, Some(columns)) = (is_key, named) {
            table.unique.push(UniqueKey { columns, partial });
        }
    }
    Ok(())
}

async fn foreign_keys(db: &DatabaseExecutor<'_>, table: &mut Table) -> Result<()> {
    let sql = "SELECT id, \"table\" AS target, \"from\" AS source, \"to\" AS referenced FROM pragma_foreign_key_list(?) ORDER BY id, seq";
    let rows = db
        .query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.name.name.as_str().into()]))
        .await?;
    let mut found: BTreeMap<i64, ForeignKey> = BTreeMap::new();
    for row in &rows {
        let target: String = row.try_get("", "target")?;
        let entry = found.entry(row.try_get("", "id")?).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            references: TableName::new(target),
            referenced: Vec::new(),
        });
        entry.columns.push(row.try_get("", "source")?);
        entry.referenced.extend(row.try_get::<Option<String>>("", "referenced")?);
    }
    table.foreign_keys = found.into_values().collect();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_understood() {
        for (declared, expected) in [
            ("INTEGER", ColumnKind::Integer),
            ("varchar(255)", ColumnKind::Text),
            ("real(16, 4)", ColumnKind::Decimal),
            ("real", ColumnKind::Float),
            ("real_decimal", ColumnKind::Decimal),
            ("DECIMAL(10,2)", ColumnKind::Decimal),
            ("timestamp_with_timezone_text", ColumnKind::Timestamp),
            ("datetime_text", ColumnKind::DateTime),
            ("DATETIME", ColumnKind::DateTime),
            ("boolean", ColumnKind::Bool),
            ("varbinary_blob(20)", ColumnKind::Bytes),
            ("json_text", ColumnKind::Json),
            ("uuid_text", ColumnKind::Uuid),
            ("", ColumnKind::Any),
        ] {
            assert_eq!(kind(declared), expected, "{declared}");
        }
    }

    #[test]
    fn without_rowid_is_seen() {
        assert!(without_rowid("CREATE TABLE t (a INTEGER PRIMARY KEY) without  rowid"));
        assert!(!without_rowid("CREATE TABLE \"WITHOUT ROWID\" (a INTEGER PRIMARY KEY)"));
    }
}
