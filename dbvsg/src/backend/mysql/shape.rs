//! Changes of a table's shape.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, DbErr, RuntimeErr, SqlxMySqlConnector, Statement,
};
use sqlx::mysql::{MySqlDatabaseError, MySqlPoolOptions};

use super::{MySql, history::definition, triggers::prefix};
use crate::{
    Error, Result,
    backend::{Alteration, Backend, Retype},
    catalog::Tracked,
    model::{Column, ColumnKind, Form, TableName},
};

/// The triggers that only the table itself has, by which it is known again.
pub(super) async fn carriers(db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>> {
    let names = ["insert", "update", "delete", "guard_0"].map(|sign| format!("{}{sign}", prefix(tracked)).into());
    let sql = "SELECT DISTINCT event_object_table AS name FROM information_schema.triggers \
               WHERE trigger_schema = DATABASE() AND trigger_name IN (?, ?, ?, ?)";
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::MySql, sql, names)).await?;
    rows.iter().map(|row| Ok(TableName::new(row.try_get::<String>("", "name")?))).collect()
}

/// A column of a moment.
const SWAPPED: &str = "vsg_swapped";

/// All names change in one statement, which does its work whole or not at all.
pub(super) fn alter_history(backend: &MySql, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
    let renames = alteration
        .renamed
        .iter()
        .map(|(from, to)| format!("RENAME COLUMN {} TO {}", backend.quote(from), backend.quote(to)));
    let adds = alteration.added.iter().map(|column| format!("ADD COLUMN {}", definition(backend, column)));
    let moved = alteration.moved.iter().map(|to| format!("RENAME TO {}", backend.quote_table(to)));
    let mut parts: Vec<String> = renames.chain(adds).chain(moved).collect();
    let mut statements = alteration.retyped.clone();
    let history = alteration.moved.as_ref().unwrap_or(&tracked.history);
    // Names that change places would change them back if the statement was run again; a column that is there already tells.
    let swaps = alteration.is_circular();
    if swaps {
        parts.insert(0, format!("ADD COLUMN {SWAPPED} TINYINT"));
    }
    if !parts.is_empty() {
        statements.push(alter(backend, &tracked.history, &parts.join(", ")));
    }
    if swaps {
        statements.push(alter(backend, history, &format!("DROP COLUMN {SWAPPED}")));
    }
    statements
}

fn alter(backend: &MySql, history: &TableName, what: &str) -> String {
    backend.flavour.without_mode(&format!("ALTER TABLE {} {what}", backend.quote_table(history)))
}

/// A column that is there already, or not there any more; a table likewise.
pub(super) fn is_done(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) = error else {
        return false;
    };
    let number = source.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    number.is_some_and(|error| matches!(error.number(), 1050 | 1054 | 1060 | 1091 | 1146))
}

/// In place for keys of another width, and wherever else each value reads as before.
pub(super) fn retype(backend: &MySql, history: &TableName, from: &Column, to: &Column) -> Option<Retype> {
    let name = backend.quote(&from.name);
    let set = |column: &Column| column.collation.as_deref().and_then(|name| name.split('_').next().map(str::to_owned));
    let unlike = match (from.kind, to.kind) {
        (ColumnKind::Integer | ColumnKind::Bool, ColumnKind::Integer | ColumnKind::Bool)
            if from.form == Form::Integer && from.kind == to.kind && to.form == Form::Integer =>
        {
            let (least, most) = range(to)?;
            format!("{name} NOT BETWEEN {least} AND {most}")
        }
        // CHAR drops the spaces at the end.
        (ColumnKind::Text, ColumnKind::Text)
            if set(from) == set(to) && (from.declared.starts_with("char") || !to.declared.starts_with("char")) =>
        {
            format!("CHAR_LENGTH({name}) > {}", length(to)?)
        }
        _ => return None,
    };
    let to = Column { name: from.name.clone(), ..to.clone() };
    Some(Retype { unlike, sql: vec![alter(backend, history, &format!("MODIFY {}", definition(backend, &to)))] })
}

/// How many characters a text can be at most; none for types that restrict it otherwise.
fn length(column: &Column) -> Option<u64> {
    let (base, rest) = column.declared.split_once('(').unwrap_or((&column.declared, ""));
    match base {
        "char" | "varchar" => rest.split(')').next()?.parse().ok(),
        // In bytes, of which a character has up to four.
        "tinytext" => Some(63),
        "text" => Some(16_383),
        "mediumtext" => Some(4_194_303),
        "longtext" => Some(1_073_741_823),
        _ => None,
    }
}

/// The least and the greatest number that an integer type holds.
fn range(column: &Column) -> Option<(i128, i128)> {
    let bits = match column.declared.split(['(', ' ']).next()? {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "int" => 32,
        "bigint" => 64,
        _ => return None,
    };
    let values = 1_i128 << bits;
    Some(if column.declared.contains("unsigned") { (0, values - 1) } else { (-values / 2, values / 2 - 1) })
}

/// A conversion that loses nothing and guesses nothing: NULL where there is none. What CAST makes of a text that is no
/// number is a number.
pub(super) fn cast(from: &Column, to: &Column, value: &str) -> Option<String> {
    if from.declared == to.declared {
        return Some(value.to_owned());
    }
    let is = |pattern: &str, then: String| format!("CASE WHEN {value} REGEXP '^{pattern}$' THEN {then} END");
    let from_text = matches!(from.kind, ColumnKind::Text | ColumnKind::Json);
    let from_number =
        matches!(from.kind, ColumnKind::Integer | ColumnKind::Bool | ColumnKind::Decimal | ColumnKind::Float);
    let moments = [ColumnKind::Date, ColumnKind::DateTime, ColumnKind::Timestamp];
    Some(match to.kind {
        ColumnKind::Text if from_text => value.to_owned(),
        ColumnKind::Text if from.kind != ColumnKind::Bytes && from.kind != ColumnKind::Any => {
            format!("CAST({value} AS CHAR)")
        }
        ColumnKind::Integer | ColumnKind::Bool => {
            let (least, most) = range(to)?;
            let fits = |number: &str| format!("CASE WHEN {number} BETWEEN {least} AND {most} THEN {number} END");
            match from.kind {
                ColumnKind::Integer | ColumnKind::Bool => fits(value),
                ColumnKind::Decimal | ColumnKind::Float => {
                    let kind = if least < 0 { "SIGNED" } else { "UNSIGNED" };
                    format!(
                        "CASE WHEN {value} = FLOOR({value}) AND {value} BETWEEN {least} AND {most} THEN CAST({value} AS {kind}) END"
                    )
                }
                _ if from_text => is("[-+]?[0-9]{1,18}", fits(&format!("CAST({value} AS SIGNED)"))),
                _ => return None,
            }
        }
        ColumnKind::Decimal if from_text || from_number => {
            let declared = to.declared.split(' ').next().unwrap_or_default();
            let exact = |value: &str| {
                format!(
                    "CASE WHEN CAST({value} AS DECIMAL(65, 30)) = CAST({value} AS {declared}) THEN CAST({value} AS {declared}) END"
                )
            };
            if from_text { is("[-+]?[0-9]{1,30}([.][0-9]{1,30})?", exact(value)) } else { exact(value) }
        }
        ColumnKind::Float if from_number => format!("{value} + 0e0"),
        ColumnKind::Float if from_text => is("[-+]?[0-9]{1,300}([.][0-9]{1,300})?", format!("{value} + 0e0")),
        ColumnKind::Date if moments.contains(&from.kind) => format!("CAST({value} AS DATE)"),
        ColumnKind::DateTime | ColumnKind::Timestamp if moments.contains(&from.kind) => {
            format!("CAST({value} AS DATETIME(6))")
        }
        ColumnKind::Date if from_text => is("[0-9]{4}-[0-9]{2}-[0-9]{2}", format!("CAST({value} AS DATE)")),
        ColumnKind::DateTime | ColumnKind::Timestamp if from_text => is(
            "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?",
            format!("CAST({value} AS DATETIME(6))"),
        ),
        ColumnKind::Json if from_text => format!("CASE WHEN JSON_VALID({value}) THEN {value} END"),
        ColumnKind::Bytes if from_text => format!("CAST({value} AS BINARY)"),
        _ => return None,
    })
}

/// The one connection that the guards let through.
pub(super) async fn migration_pool(db: &DatabaseConnection) -> Result<DatabaseConnection> {
    let options = db.get_mysql_connection_pool().connect_options();
    let pool = MySqlPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with((*options).clone()).await;
    let pool = pool.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error))))?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}

pub(super) async fn connection_id(db: &DatabaseConnection) -> Result<i64> {
    let row = db.query_one_raw(super::statement("SELECT CAST(CONNECTION_ID() AS SIGNED) AS id")).await?;
    let row = row.ok_or_else(|| Error::Corrupted { detail: "SELECT gave no row".into() })?;
    Ok(row.try_get("", "id")?)
}
