//! Changes of a table's shape.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, Statement};

use super::{Sqlite, history};
use crate::{
    Result,
    backend::{Alteration, Backend},
    catalog::Tracked,
    model::{Column, ColumnKind, TableName},
};

/// What SQLite makes of a value when it is stored in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Numeric,
    Real,
    Text,
    None,
}

impl Affinity {
    /// By SQLite's rules, in their order.
    fn of(column: &Column) -> Self {
        let declared = column.declared.to_ascii_lowercase();
        let any_of = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if any_of(&["int"]) {
            Self::Numeric
        } else if any_of(&["char", "clob", "text"]) {
            Self::Text
        } else if declared.is_empty() || any_of(&["blob"]) {
            Self::None
        } else if any_of(&["real", "floa", "doub"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

/// A column keeps the values of another as they are if it has the same affinity.
pub(super) fn holds(stored: &Column, live: &Column) -> bool {
    Affinity::of(stored) == Affinity::of(live)
}

/// Conversions that lose nothing and guess nothing; NULL where there is none.
pub(super) fn cast(from: &Column, to: &Column, value: &str) -> String {
    // The text without its sign.
    let digits = format!("substr({value}, 1 + (substr({value}, 1, 1) IN ('-', '+')))");
    let is_number = |text: &str| format!("{text} GLOB '[0-9]*' AND {text} NOT GLOB '*[^0-9]*'");
    let whole = format!("{} AND length({digits}) <= 18", is_number(&digits));
    let point = format!("replace({digits}, '.', '')");
    let real = format!("{} AND length({digits}) - length({point}) <= 1", is_number(&point));
    match Affinity::of(to) {
        affinity if affinity == Affinity::of(from) => value.to_owned(),
        Affinity::None => value.to_owned(),
        Affinity::Text => format!("CASE typeof({value}) WHEN 'blob' THEN NULL ELSE CAST({value} AS TEXT) END"),
        Affinity::Real => format!(
            "CASE typeof({value}) WHEN 'integer' THEN CAST({value} AS REAL) WHEN 'real' THEN {value} \
             WHEN 'text' THEN CASE WHEN {real} THEN CAST({value} AS REAL) END END"
        ),
        Affinity::Numeric if matches!(to.kind, ColumnKind::Integer | ColumnKind::Bool) => format!(
            "CASE typeof({value}) WHEN 'integer' THEN {value} \
             WHEN 'real' THEN CASE WHEN CAST({value} AS INTEGER) = {value} THEN CAST({value} AS INTEGER) END \
             WHEN 'text' THEN CASE WHEN {whole} THEN CAST({value} AS INTEGER) END END"
        ),
        Affinity::Numeric if matches!(to.kind, ColumnKind::Decimal) => format!(
            "CASE typeof({value}) WHEN 'blob' THEN NULL WHEN 'text' THEN CASE WHEN {real} THEN CAST({value} AS NUMERIC) END ELSE {value} END"
        ),
        // Dates and their kin are text in a column that would take numbers too.
        Affinity::Numeric => value.to_owned(),
    }
}

/// The names of the triggers by which a table is known again.
const SIGNS: [&str; 4] = ["insert", "update", "delete", "mark"];

pub(super) async fn carriers(db: &DatabaseExecutor<'_>, tracked: &Tracked) -> Result<Vec<TableName>> {
    let names = SIGNS.map(|sign| format!("dbvsg_{}_{sign}", tracked.table.name.name).into());
    let sql = "SELECT DISTINCT tbl_name AS name FROM sqlite_master WHERE type = 'trigger' AND name IN (?, ?, ?, ?)";
    let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, names)).await?;
    rows.iter().map(|row| Ok(TableName::new(row.try_get::<String>("", "name")?))).collect()
}

/// The capture triggers name columns, which then could not be dropped. One that names none stays and goes where the
/// table goes.
pub(super) fn pause(backend: &Sqlite, tracked: &Tracked, triggers: &[String]) -> Vec<String> {
    let name = &tracked.table.name;
    let mark = format!(
        "CREATE TRIGGER {} AFTER DELETE ON {} WHEN 0 BEGIN SELECT 1; END",
        backend.quote(&format!("dbvsg_{}_mark", name.name)),
        backend.quote_table(name),
    );
    let drops = triggers.iter().flat_map(|trigger| backend.drop_trigger(tracked, trigger));
    drops.chain([mark]).collect()
}

pub(super) fn alter_history(backend: &Sqlite, tracked: &Tracked, alteration: &Alteration) -> Vec<String> {
    let history = backend.quote_table(&tracked.history);
    let add = |column: &Column| format!("ALTER TABLE {history} ADD COLUMN {}", history::definition(backend, column));
    let adds = alteration.added.iter().map(add);
    let moved = alteration.moved.iter().flat_map(|to| rename_history(backend, tracked, to));
    alteration.renames(backend, &tracked.history).into_iter().chain(adds).chain(moved).collect()
}

/// The index on the key is named after the table, so it is made anew.
fn rename_history(backend: &Sqlite, tracked: &Tracked, to: &TableName) -> Vec<String> {
    if tracked.history == *to {
        return Vec::new();
    }
    let renamed = Tracked { history: to.clone(), ..tracked.clone() };
    vec![
        format!("DROP INDEX IF EXISTS {}", backend.quote(&history::key_index_name(tracked))),
        format!("ALTER TABLE {} RENAME TO {}", backend.quote_table(&tracked.history), backend.quote(&to.name)),
        history::key_index(backend, &renamed),
    ]
}

/// A table that is rebuilt is dropped, which would cascade to the rows that refer to it. Foreign keys can only be switched
/// off outside of a transaction, so a migration has a pool of its own where that is possible.
pub(super) async fn migration_pool(backend: &Sqlite, db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
    let Some(file) = backend.file(db).await? else { return Ok(None) };
    Ok(Some(crate::backend::connect::sqlite_without_keys(&file).await?))
}

/// Whether the pool enforces foreign keys, so that the migration must leave them whole.
pub(super) async fn broken_references(db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT \"table\" || ' refers to ' || parent AS broken FROM pragma_foreign_key_check ORDER BY 1";
    let rows = db.query_all_raw(super::statement(sql)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "broken")?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Form;

    fn column(declared: &str, kind: ColumnKind) -> Column {
        Column {
            name: "c".into(),
            declared: declared.into(),
            kind,
            form: Form::Any,
            nullable: true,
            has_default: false,
            generated: false,
            collation: None,
        }
    }

    #[test]
    fn columns_of_one_affinity_hold_the_same() {
        let of = |declared: &str| column(declared, ColumnKind::Any);
        assert!(holds(&of("INTEGER"), &of("BIGINT")));
        assert!(holds(&of("varchar(20)"), &of("TEXT")));
        assert!(holds(&of("datetime"), &of("numeric")));
        assert!(!holds(&of("INTEGER"), &of("TEXT")));
        assert!(!holds(&of("real"), &of("decimal(5)")));
    }

    #[test]
    fn only_what_is_a_number_becomes_one() -> rusqlite::Result<()> {
        let db = rusqlite::Connection::open_in_memory()?;
        let (text, integer) = (column("TEXT", ColumnKind::Text), column("INTEGER", ColumnKind::Integer));
        let read = |from: &Column, to: &Column, value: &str| {
            db.query_row(&format!("SELECT quote({}) FROM (SELECT {value} AS x)", cast(from, to, "x")), [], |row| {
                row.get::<_, String>(0)
            })
        };
        for (value, expected) in [
            ("'7'", "7"),
            ("'-007'", "-7"),
            ("'+5'", "5"),
            ("'7a'", "NULL"),
            ("'1-2'", "NULL"),
            ("''", "NULL"),
            ("'-'", "NULL"),
            ("'9999999999999999999'", "NULL"),
            ("2.0", "2"),
            ("2.5", "NULL"),
            ("x'00'", "NULL"),
        ] {
            assert_eq!(read(&text, &integer, value)?, expected, "{value}");
        }
        let real = column("REAL", ColumnKind::Float);
        for (value, expected) in [("'1.5'", "1.5"), ("'-2'", "-2.0"), ("'1.2.3'", "NULL"), ("'.'", "NULL")] {
            assert_eq!(read(&text, &real, value)?, expected, "{value}");
        }
        assert_eq!(read(&integer, &text, "5")?, "'5'");
        Ok(())
    }
}
