//! Introspection through the information schema. Its columns are always renamed, because MySQL shouts their names.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, QueryResult, Statement};

use super::{flavour::Flavour, foreign};
use crate::{
    Result,
    model::{Column, ColumnKind, Form, Table, TableName, UniqueKey},
};

pub(super) async fn tables(db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
    let sql = "SELECT t.table_name AS name FROM information_schema.tables t WHERE t.table_schema = DATABASE() \
               AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND t.table_name NOT LIKE 'dbvsg!_%' ESCAPE '!' \
               AND CAST(t.table_name AS BINARY) NOT IN (SELECT CAST(history_name AS BINARY) FROM dbvsg_table) ORDER BY t.table_name";
    let rows = db.query_all_raw(super::statement(sql)).await?;
    rows.iter().map(|row| Ok(TableName::new(row.try_get::<String>("", "name")?))).collect()
}

/// The pages of a table and its indexes, as the server last counted them.
pub(super) async fn bytes(db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<i64>> {
    let sql = "SELECT CAST(t.data_length + t.index_length AS SIGNED) AS bytes FROM information_schema.tables t \
               WHERE t.table_schema = DATABASE() AND t.table_name = ?";
    Ok(db.query_one_raw(about(name, sql)).await?.map(|row| row.try_get("", "bytes")).transpose()?.flatten())
}

pub(super) async fn describe(flavour: Flavour, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
    // No name holds letters beyond the basic plane, and the server fails to compare any with a text that does.
    if name.schema.is_some() || name.name.chars().any(|letter| letter > '\u{ffff}') {
        return Ok(None);
    }
    let Some(found) = db.query_one_raw(about(name, TABLE)).await? else { return Ok(None) };
    let rows = db.query_all_raw(about(name, &columns(flavour))).await?;
    let mut keys = unique_keys(db, name).await?;
    let columns: Vec<Column> = rows.iter().map(column).collect::<Result<_>>()?;
    let stamped = rows.iter().zip(&columns).filter_map(|(row, column)| {
        let extra: Option<String> = row.try_get("", "extra").ok()?;
        extra?.to_ascii_lowercase().contains("on update").then(|| column.name.clone())
    });
    let stamped = stamped.collect();
    let primary = keys.remove("PRIMARY").unwrap_or_default();
    let key = primary.iter().filter_map(|name| columns.iter().position(|column| column.name == *name)).collect();
    let unique = keys
        .into_values()
        .map(|columns| UniqueKey { columns: columns.into_iter().map(|name| (name, None)).collect(), partial: false });
    let (foreign_keys, cascades, outside) = foreign::read(db, name).await?;
    let transactional: Option<String> = found.try_get("", "transactional")?;
    let obstacle = if transactional.as_deref() == Some("YES") {
        outside
    } else {
        let engine: String = found.try_get("", "engine")?;
        Some(format!("its engine {engine} knows no transactions; change it with ALTER TABLE .. ENGINE = InnoDB"))
    };
    Ok(Some(Table {
        name: name.clone(),
        columns,
        key,
        unique: unique.collect(),
        foreign_keys,
        partitioned: found.try_get::<i64>("", "partitioned")? != 0,
        obstacle,
        stamped,
        cascades,
    }))
}

/// A query about one table of this database, whose name stands for every parameter. Each table of the information schema has
/// to be told the database and the table in so many words: joined by them, the server opens all tables of all databases.
pub(super) fn about(name: &TableName, sql: &str) -> Statement {
    let names = sql.matches('?').map(|_| name.name.as_str().into());
    Statement::from_sql_and_values(DbBackend::MySql, sql, names.collect::<Vec<_>>())
}

const TABLE: &str = "SELECT t.engine AS engine, e.transactions AS transactional, \
    CAST(t.create_options LIKE '%partitioned%' AS SIGNED) AS partitioned FROM information_schema.tables t \
    LEFT JOIN information_schema.engines e ON e.engine = t.engine \
    WHERE t.table_schema = DATABASE() AND t.table_name = ? AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')";

fn columns(flavour: Flavour) -> String {
    format!(
        "SELECT c.column_name AS name, c.data_type AS base, c.column_type AS declared, c.collation_name AS collation, \
         c.is_nullable AS nullable, c.column_default AS filled, c.extra AS extra, c.generation_expression AS generation, \
         CAST({} AS SIGNED) AS is_json FROM information_schema.columns c WHERE c.table_schema = DATABASE() AND c.table_name = ? \
         ORDER BY c.ordinal_position",
        flavour.is_json_text(),
    )
}

const UNIQUE_KEYS: &str = "SELECT s.index_name AS key_name, s.column_name AS name FROM information_schema.statistics s \
    WHERE s.table_schema = DATABASE() AND s.table_name = ? AND s.non_unique = 0 ORDER BY s.index_name, s.seq_in_index";

/// The columns of the unique key of this name.
pub(super) fn unique_key(table: &TableName, key: &str) -> Statement {
    let sql = format!("SELECT k.name AS name FROM ({UNIQUE_KEYS}) k WHERE k.key_name = ?");
    Statement::from_sql_and_values(DbBackend::MySql, sql, [table.name.as_str().into(), key.into()])
}

/// The columns of each unique key, by its name.
async fn unique_keys(db: &DatabaseExecutor<'_>, name: &TableName) -> Result<BTreeMap<String, Vec<String>>> {
    let mut keys: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for row in db.query_all_raw(about(name, UNIQUE_KEYS)).await? {
        keys.entry(row.try_get("", "key_name")?).or_default().push(row.try_get("", "name")?);
    }
    // A part of a key that is an expression has no name.
    Ok(keys.into_iter().filter_map(|(key, columns)| Some((key, columns.into_iter().collect::<Option<_>>()?))).collect())
}

fn column(row: &QueryResult) -> Result<Column> {
    let declared: String = row.try_get("", "declared")?;
    let base: String = row.try_get("", "base")?;
    let extra = row.try_get::<Option<String>>("", "extra")?.unwrap_or_default().to_ascii_lowercase();
    let filled: Option<String> = row.try_get("", "filled")?;
    let generation: Option<String> = row.try_get("", "generation")?;
    let (kind, form) = if row.try_get::<i64>("", "is_json")? != 0 {
        (ColumnKind::Json, Form::Text)
    } else {
        kind(&base.to_ascii_lowercase(), &declared.to_ascii_lowercase())
    };
    Ok(Column {
        name: row.try_get("", "name")?,
        kind,
        form,
        nullable: row.try_get::<String>("", "nullable")? == "YES",
        // MariaDB says NULL in so many words.
        has_default: filled.is_some_and(|filled| filled != "NULL") || extra.contains("auto_increment"),
        generated: generation.is_some_and(|generation| !generation.is_empty()),
        collation: row.try_get("", "collation")?,
        declared,
    })
}

/// What a type means, by its name and its whole declaration, and how its values come.
fn kind(base: &str, declared: &str) -> (ColumnKind, Form) {
    match base {
        "tinyint" if declared.starts_with("tinyint(1)") => (ColumnKind::Bool, Form::Integer),
        // These hold what 64 bits with a sign cannot.
        "bigint" if declared.contains("unsigned") => (ColumnKind::Integer, Form::Text),
        "bit" if declared == "bit(64)" => (ColumnKind::Integer, Form::Text),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "bit" | "year" => {
            (ColumnKind::Integer, Form::Integer)
        }
        "float" | "double" => (ColumnKind::Float, Form::Real),
        "decimal" => (ColumnKind::Decimal, Form::Text),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
            (ColumnKind::Text, Form::Text)
        }
        "binary" if declared == "binary(16)" => (ColumnKind::Uuid, Form::Bytes),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => (ColumnKind::Bytes, Form::Bytes),
        "date" => (ColumnKind::Date, Form::Text),
        "time" => (ColumnKind::Duration, Form::Text),
        "datetime" => (ColumnKind::DateTime, Form::Text),
        "timestamp" => (ColumnKind::Timestamp, Form::Text),
        "uuid" => (ColumnKind::Uuid, Form::Text),
        "json" => (ColumnKind::Json, Form::Text),
        "inet4" | "inet6" => (ColumnKind::Any, Form::Text),
        _ => (ColumnKind::Any, Form::Bytes),
    }
}

/// How many digits behind the point a decimal of 65 digits can have that takes every value of a column.
pub(super) fn widest(column: &Column) -> u32 {
    let inside = column.declared.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
    let mut sizes = inside.unwrap_or_default().split(',').map(|size| size.trim().parse::<u32>());
    let (digits, behind) = (sizes.next().and_then(Result::ok).unwrap_or(65), sizes.next().and_then(Result::ok));
    // The server knows no more than 30.
    (65 - digits.saturating_sub(behind.unwrap_or(0)).min(65)).min(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_understood() {
        for (base, declared, expected) in [
            ("tinyint", "tinyint(1)", (ColumnKind::Bool, Form::Integer)),
            ("tinyint", "tinyint(4)", (ColumnKind::Integer, Form::Integer)),
            ("bigint", "bigint(20) unsigned", (ColumnKind::Integer, Form::Text)),
            ("bit", "bit(64)", (ColumnKind::Integer, Form::Text)),
            ("binary", "binary(16)", (ColumnKind::Uuid, Form::Bytes)),
            ("binary", "binary(20)", (ColumnKind::Bytes, Form::Bytes)),
            ("enum", "enum('a','b')", (ColumnKind::Text, Form::Text)),
            ("point", "point", (ColumnKind::Any, Form::Bytes)),
            ("time", "time(6)", (ColumnKind::Duration, Form::Text)),
        ] {
            assert_eq!(kind(base, declared), expected, "{declared}");
        }
    }

    #[test]
    fn a_cast_takes_every_value_of_a_decimal_column() {
        for (declared, behind) in
            [("decimal(12,2)", 30), ("decimal(65,0)", 0), ("decimal(60,30)", 30), ("decimal(50,1) unsigned", 16)]
        {
            let column = Column {
                name: "c".into(),
                declared: declared.into(),
                kind: ColumnKind::Decimal,
                form: Form::Text,
                nullable: true,
                has_default: false,
                generated: false,
                collation: None,
            };
            assert_eq!(widest(&column), behind, "{declared}");
        }
    }
}
