//! Changes of a table's shape.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, Statement};

use super::{Postgres, history::definition, types::is_native};
use crate::{
    Result,
    backend::{Alteration, Backend, Retype},
    catalog::Tracked,
    model::{Column, ColumnKind, TableName},
};

/// The function that converts a value, or gives NULL where that fails.
const CAST: &str = "dbvsg_cast";

/// Conversions of the past have no session: they mean the same for everybody.
pub(super) fn support(backend: &Postgres) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {}(value anyelement, target text) RETURNS text LANGUAGE plpgsql STABLE STRICT \
         SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres' \
         AS $dbvsg$ DECLARE result text; BEGIN \
         EXECUTE 'SELECT ($1::' || target || ')::text' INTO result USING value; RETURN result; \
         EXCEPTION WHEN others THEN RETURN NULL; END $dbvsg$",
        backend.own(CAST),
    )
}

/// The database, the table and the number of each column, which no change of a name touches. A table that was made anew,
/// or restored from a dump, has others.
pub(super) async fn column_ids(
    backend: &Postgres,
    db: &DatabaseExecutor<'_>,
    table: &TableName,
) -> Result<HashMap<String, String>> {
    let sql = "SELECT a.attname::text AS name, concat_ws('.', (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()), \
               a.attrelid, a.attnum) AS id FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 \
               AND NOT a.attisdropped";
    let values = [backend.whole_name(table).into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "id")?))).collect()
}

pub(super) async fn carriers(
    backend: &Postgres,
    db: &DatabaseExecutor<'_>,
    tracked: &Tracked,
) -> Result<Vec<TableName>> {
    let sql = "SELECT DISTINCT nullif(n.nspname, $1)::text AS schema, c.relname::text AS name FROM pg_trigger t \
               JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace \
               JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND pn.nspname = $1 AND p.proname LIKE $2";
    let values = [backend.schema.as_str().into(), format!("dbvsg\\_{}\\_%", tracked.id).into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter()
        .map(|row| Ok(TableName { schema: row.try_get("", "schema")?, name: row.try_get("", "name")? }))
        .collect()
}

pub(super) fn pause(backend: &Postgres, tracked: &Tracked, triggers: &[String]) -> Vec<String> {
    let table = backend.whole_name(&tracked.table.name);
    triggers.iter().map(|name| format!("ALTER TABLE {table} DISABLE TRIGGER {}", backend.quote(name))).collect()
}

pub(super) fn alter_history(backend: &Postgres, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
    let history = backend.whole_name(&tracked.history);
    let adds = alteration
        .added
        .iter()
        .map(|column| format!("ALTER TABLE {history} ADD COLUMN {}", definition(backend, column)));
    let moved = alteration.moved.iter().flat_map(|to| rename_history(backend, tracked, to));
    let renames = alteration.renames(backend, &tracked.history);
    alteration.retyped.iter().cloned().chain(renames).chain(adds).chain(moved).collect()
}

fn rename_history(backend: &Postgres, tracked: &Tracked, to: &TableName) -> Vec<String> {
    let from = &tracked.history;
    let mut statements = Vec::new();
    let mut moved = from.clone();
    if from.schema != to.schema {
        let schema = to.schema.as_deref().unwrap_or(&backend.schema);
        statements.push(format!("ALTER TABLE {} SET SCHEMA {}", backend.whole_name(from), backend.quote(schema)));
        moved.schema = to.schema.clone();
    }
    if from.name != to.name {
        statements.push(format!("ALTER TABLE {} RENAME TO {}", backend.whole_name(&moved), backend.quote(&to.name)));
    }
    statements
}

/// In place wherever each value reads as before: what is hashed is what is read.
pub(super) fn retype(backend: &Postgres, history: &TableName, from: &Column, to: &Column) -> Option<Retype> {
    // What is read of a padded type has the padding; what is converted has not.
    let is_padded =
        |column: &Column| column.declared.starts_with("character(") || column.declared.starts_with("bpchar");
    if from.form != to.form || is_padded(from) || is_padded(to) {
        return None;
    }
    let name = backend.quote(&from.name);
    let cast = cast(backend, from, to, &name);
    let read = |column: &Column, value: &str| match is_native(column) && column.kind != ColumnKind::Text {
        true => value.to_owned(),
        false => format!("({value})::text COLLATE \"C\""),
    };
    let collation = to.collation.as_deref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
    // The conversion does not cut, but the column would refuse.
    let longer = match to.declared.split_once("character") {
        Some((_, rest)) if rest.contains('(') && !rest.ends_with(']') => {
            let length = rest.split(['(', ')']).nth(1)?;
            format!(" OR char_length({cast}) > {length}")
        }
        _ => String::new(),
    };
    Some(Retype {
        unlike: format!("{} IS DISTINCT FROM {}{longer}", read(from, &name), read(to, &cast)),
        sql: vec![format!(
            "ALTER TABLE {} ALTER COLUMN {name} TYPE {}{collation} USING {cast}",
            backend.whole_name(history),
            to.declared,
        )],
    })
}

/// A conversion that never fails, written without the function where none can. Text is never cut.
pub(super) fn cast(backend: &Postgres, from: &Column, to: &Column, value: &str) -> String {
    let base = |column: &Column| {
        let end = if column.declared.ends_with(']') { "[]" } else { "" };
        column.declared.split('(').next().unwrap_or_default().trim().to_owned() + end
    };
    match (base(from).as_str(), base(to).as_str()) {
        (a, b) if a == b && from.declared == to.declared => value.to_owned(),
        (_, "text" | "character varying") => format!("{value}::text"),
        (_, "character") => format!("{value}::bpchar"),
        ("smallint", "integer" | "bigint") | ("integer", "bigint") | ("real", "double precision") => {
            format!("{value}::{}", to.declared)
        }
        ("smallint" | "integer" | "bigint", "numeric") if to.declared == "numeric" => format!("{value}::numeric"),
        _ => format!("{}({value}, '{}')::{}", backend.own(CAST), to.declared.replace('\'', "''"), to.declared),
    }
}
