//! The database taken apart: what `sqlite_master` says, word for word.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, QueryResult};
use sqlx::{Decode, Row, TypeInfo, ValueRef};

use super::{Sqlite, decode, shape, statement};
use crate::{
    Error, Result,
    backend::{Backend, Counter, Kind, Object, Portable},
    model::{Column, Stored, Table, TableName, Value},
};

/// Virtual tables first; they bring the tables with them that hold their rows, so these are not made by themselves.
const OBJECTS: &str = "SELECT m.type AS type, m.name AS name, m.tbl_name AS of, m.sql AS sql, \
    coalesce((SELECT t.type FROM pragma_table_list t WHERE t.schema = 'main' AND t.name = m.tbl_name COLLATE NOCASE), '') AS class \
    FROM sqlite_master m WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND m.name NOT LIKE 'dbvsg!_%' ESCAPE '!' \
    AND m.tbl_name NOT LIKE 'dbvsg!_%' ESCAPE '!' AND m.name <> 'db_vsg' AND class <> 'shadow' ORDER BY class <> 'virtual', m.rowid";

#[async_trait::async_trait]
impl Portable for Sqlite {
    async fn objects(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Object>> {
        let rows = db.query_all_raw(statement(OBJECTS)).await?;
        rows.iter().map(object).collect()
    }

    async fn counters(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Counter>> {
        let rows = db.query_all_raw(statement("SELECT name, seq FROM sqlite_sequence ORDER BY name")).await?;
        let read = rows.iter().map(|row| {
            let (table, last): (String, i64) = (row.try_get("", "name")?, row.try_get("", "seq")?);
            Ok(Counter { name: None, table: Some(TableName::new(table)), column: None, next: last.saturating_add(1) })
        });
        read.collect()
    }

    fn set_counter(&self, counter: &Counter) -> Vec<String> {
        let Some(table) = &counter.table else { return Vec::new() };
        let (name, last) = (table.name.replace('\'', "''"), counter.next.saturating_sub(1));
        vec![
            format!("DELETE FROM sqlite_sequence WHERE name = '{name}'"),
            format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last})"),
        ]
    }

    fn only(&self, table: &Table) -> String {
        self.quote_table(&table.name)
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Result<Stored> {
        let value = decode::decode(row, index)?;
        // Text that is no UTF-8 is read as bytes; here it is told from them.
        let is_text = |row: &QueryResult| {
            let value = row.try_as_sqlite_row()?.try_get_raw(index).ok()?;
            let is_text = value.type_info().name() == "TEXT";
            is_text.then(|| <Vec<u8> as Decode<sqlx::Sqlite>>::decode(value).ok()).flatten()
        };
        Ok(match (value, is_text) {
            (Value::Bytes(bytes), is_text) => is_text(row).map_or(Stored::Value(Value::Bytes(bytes)), Stored::Text),
            (value, _) => Stored::Value(value),
        })
    }

    fn storing(&self, _column: &Column, value: &Stored, placeholder: &str) -> String {
        match value {
            Stored::Text(_) => format!("CAST({placeholder} AS TEXT)"),
            Stored::Value(_) => placeholder.to_owned(),
        }
    }

    async fn restore_pool(&self, db: &DatabaseConnection) -> Result<DatabaseConnection> {
        let pool = shape::migration_pool(self, db).await?;
        pool.ok_or_else(|| Error::UnsupportedDatabase {
            reason: "a backup can only take the place of a database that is kept in a file".into(),
        })
    }

    async fn forget_running(&self, txn: &DatabaseTransaction) -> Result<()> {
        txn.execute_unprepared(
            "UPDATE dbvsg_context SET uuid = NULL, commit_id = NULL, closed_id = NULL, actor = NULL, operation = NULL, message = NULL, \
             query = NULL, meta = NULL, last_changes = NULL, last_moment = NULL; DELETE FROM dbvsg_collision; DELETE FROM dbvsg_pending",
        )
        .await?;
        Ok(())
    }
}

fn object(row: &QueryResult) -> Result<Object> {
    let text = |name: &str| row.try_get::<String>("", name);
    let (class, of) = (text("class")?, TableName::new(text("of")?));
    let kind = match text("type")?.as_str() {
        "table" if class == "virtual" => Kind::Part,
        "table" => Kind::Table,
        "index" => Kind::Index,
        "trigger" => Kind::Trigger,
        _ => Kind::View,
    };
    let object = Object::new(kind, text("name")?, text("sql")?);
    // A trigger can be one of a view.
    Ok(if class == "view" { object } else { object.of(of) })
}
