//! Introspection through the system catalog.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, QueryResult, Statement};

use super::Postgres;
use crate::{
    Result,
    model::{Column, ColumnKind, ForeignKey, Form, Table, TableName, UniqueKey},
};

pub(super) async fn tables(backend: &Postgres, db: &DatabaseExecutor<'_>) -> Result<Vec<TableName>> {
    let sql = "SELECT nullif(n.nspname, $1)::text AS schema, c.relname::text AS name FROM pg_class c \
               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' \
               AND n.nspname NOT LIKE 'pg\\_%' AND NOT (n.nspname = $1 AND c.relname LIKE 'dbvsg\\_%') \
               AND NOT EXISTS (SELECT 1 FROM dbvsg_table t WHERE t.history_name = c.relname AND coalesce(t.schema_name, $1) = n.nspname) \
               ORDER BY n.nspname <> $1, n.nspname, c.relname";
    let values = [backend.schema.as_str().into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter()
        .map(|row| Ok(TableName { schema: row.try_get("", "schema")?, name: row.try_get("", "name")? }))
        .collect()
}

/// The files of a table, its indexes and what of its values is kept apart.
pub(super) async fn bytes(backend: &Postgres, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<i64>> {
    let sql = "SELECT pg_total_relation_size(to_regclass($1)) AS bytes";
    let row = Statement::from_sql_and_values(DbBackend::Postgres, sql, [backend.whole_name(name).into()]);
    Ok(db.query_one_raw(row).await?.map(|row| row.try_get("", "bytes")).transpose()?.flatten())
}

pub(super) async fn describe(backend: &Postgres, db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Option<Table>> {
    let whole = backend.whole_name(name);
    let about = |sql: &str| Statement::from_sql_and_values(DbBackend::Postgres, sql, [whole.as_str().into()]);
    let sql = "SELECT c.relkind = 'p' AS partitioned, c.relispartition AS partition, \
               c.relkind <> 'p' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid) AS inherited, \
               c.relpersistence = 't' AS temporary FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p')";
    let Some(found) = db.query_one_raw(about(sql)).await? else { return Ok(None) };
    let rows = db.query_all_raw(about(COLUMNS)).await?;
    let mut key: BTreeMap<i32, usize> = BTreeMap::new();
    let mut columns = Vec::with_capacity(rows.len());
    for (position, row) in rows.iter().enumerate() {
        if let Some(rank) = row.try_get::<Option<i32>>("", "rank")? {
            key.insert(rank, position);
        }
        columns.push(column(row)?);
    }
    let mut table = Table {
        name: name.clone(),
        columns,
        key: key.into_values().collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        partitioned: found.try_get("", "partitioned")?,
        obstacle: obstacle(&found)?,
        stamped: Vec::new(),
        cascades: Vec::new(),
    };
    for row in db.query_all_raw(about(UNIQUE_KEYS)).await? {
        let columns: Vec<String> = row.try_get("", "columns")?;
        table
            .unique
            .push(UniqueKey { columns: columns.into_iter().map(|name| (name, None)).collect(), partial: false });
    }
    for row in db.query_all_raw(about(FOREIGN_KEYS)).await? {
        let schema: String = row.try_get("", "schema")?;
        table.foreign_keys.push(ForeignKey {
            columns: row.try_get("", "columns")?,
            references: TableName {
                schema: Some(schema).filter(|schema| *schema != backend.schema),
                name: row.try_get("", "name")?,
            },
            referenced: row.try_get("", "referenced")?,
        });
    }
    Ok(Some(table))
}

/// Columns with their types: what a domain is based on, and the type's whole name where it is not one of the system's.
const COLUMNS: &str = "SELECT a.attname::text AS name, NOT a.attnotnull AS nullable, \
    a.atthasdef AND a.attgenerated = '' OR a.attidentity <> '' AS filled, a.attgenerated <> '' AS generated, \
    array_position(i.indkey::int2[], a.attnum) AS rank, \
    CASE WHEN a.attcollation <> t.typcollation THEN \
    (SELECT quote_ident(cn.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace \
     WHERE c.oid = a.attcollation) END AS collation, \
    CASE WHEN coalesce(en.nspname, tn.nspname) = 'pg_catalog' THEN format_type(a.atttypid, a.atttypmod) \
    ELSE quote_ident(tn.nspname) || '.' || quote_ident(t.typname) || CASE WHEN a.atttypmod = -1 THEN '' \
    ELSE coalesce(substring(format_type(a.atttypid, a.atttypmod) FROM '\\(.*\\)'), '') END END AS declared, \
    base.typname::text AS base FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace tn ON tn.oid = t.typnamespace \
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' LEFT JOIN pg_namespace en ON en.oid = e.typnamespace \
    LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
    CROSS JOIN LATERAL (WITH RECURSIVE b AS (SELECT t.oid, t.typname, t.typtype, t.typbasetype UNION ALL \
    SELECT u.oid, u.typname, u.typtype, u.typbasetype FROM b JOIN pg_type u ON u.oid = b.typbasetype WHERE b.typtype = 'd') \
    SELECT b.typname FROM b WHERE b.typtype <> 'd') base \
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const UNIQUE_KEYS: &str = "SELECT array_agg(a.attname::text ORDER BY k.rank) AS columns FROM pg_index i \
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, rank) \
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
    WHERE i.indrelid = to_regclass($1) AND i.indisunique AND NOT i.indisprimary AND i.indexprs IS NULL AND i.indpred IS NULL \
    AND k.rank <= i.indnkeyatts GROUP BY i.indexrelid ORDER BY i.indexrelid";

const FOREIGN_KEYS: &str = "SELECT n.nspname::text AS schema, r.relname::text AS name, \
    (SELECT array_agg(a.attname::text ORDER BY k.rank) FROM unnest(c.conkey) WITH ORDINALITY k(attnum, rank) \
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) AS columns, \
    (SELECT array_agg(a.attname::text ORDER BY k.rank) FROM unnest(c.confkey) WITH ORDINALITY k(attnum, rank) \
     JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum) AS referenced \
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace \
    WHERE c.conrelid = to_regclass($1) AND c.contype = 'f' ORDER BY c.conname";

fn column(row: &QueryResult) -> Result<Column> {
    let declared: String = row.try_get("", "declared")?;
    let (kind, form) = kind(&row.try_get::<String>("", "base")?);
    Ok(Column {
        name: row.try_get("", "name")?,
        kind,
        form,
        nullable: row.try_get("", "nullable")?,
        has_default: row.try_get("", "filled")?,
        generated: row.try_get("", "generated")?,
        collation: row.try_get("", "collation")?,
        declared,
    })
}

fn obstacle(row: &QueryResult) -> Result<Option<String>> {
    let is = |name: &str| row.try_get::<bool>("", name);
    let reason = if is("partition")? {
        "it is a partition of another table; enable that one, its partitions are captured with it"
    } else if is("inherited")? {
        "other tables inherit from it, and their rows show in it without passing its triggers"
    } else if is("temporary")? {
        "it is temporary"
    } else {
        return Ok(None);
    };
    Ok(Some(reason.into()))
}

/// What a type means, by its name in the system's catalog, and how its values come. Whatever is not listed comes as text.
fn kind(base: &str) -> (ColumnKind, Form) {
    match base {
        "bool" => (ColumnKind::Bool, Form::Bool),
        "int2" | "int4" | "int8" => (ColumnKind::Integer, Form::Integer),
        "float4" | "float8" => (ColumnKind::Float, Form::Real),
        "bytea" => (ColumnKind::Bytes, Form::Bytes),
        "text" | "varchar" | "bpchar" | "name" => (ColumnKind::Text, Form::Text),
        "numeric" => (ColumnKind::Decimal, Form::Text),
        "uuid" => (ColumnKind::Uuid, Form::Text),
        "date" => (ColumnKind::Date, Form::Text),
        "time" => (ColumnKind::Time, Form::Text),
        "timestamp" => (ColumnKind::DateTime, Form::Text),
        "timestamptz" => (ColumnKind::Timestamp, Form::Text),
        "json" | "jsonb" => (ColumnKind::Json, Form::Text),
        // The system names an array after its elements.
        _ => (base.strip_prefix('_').map_or(ColumnKind::Any, array), Form::Text),
    }
}

fn array(element: &str) -> ColumnKind {
    ColumnKind::Array(match kind(element).0 {
        ColumnKind::Bool => &ColumnKind::Bool,
        ColumnKind::Integer => &ColumnKind::Integer,
        ColumnKind::Float => &ColumnKind::Float,
        ColumnKind::Decimal => &ColumnKind::Decimal,
        ColumnKind::Text => &ColumnKind::Text,
        ColumnKind::Bytes => &ColumnKind::Bytes,
        ColumnKind::Date => &ColumnKind::Date,
        ColumnKind::Time => &ColumnKind::Time,
        ColumnKind::DateTime => &ColumnKind::DateTime,
        ColumnKind::Timestamp => &ColumnKind::Timestamp,
        ColumnKind::Uuid => &ColumnKind::Uuid,
        ColumnKind::Json => &ColumnKind::Json,
        _ => &ColumnKind::Any,
    })
}
