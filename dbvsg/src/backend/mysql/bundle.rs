//! The database taken apart: what SHOW CREATE says. Who made something is left out, because it may be nobody elsewhere.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, QueryResult};

use super::{MySql, apply, decode, flavour::Flavour, statement};
use crate::{
    Result,
    backend::{Applying, Backend, Counter, Kind, Object, Portable},
    model::{Column, ColumnKind, ForeignKey, Form, Stored, Table, TableName},
};

const TABLES: &str = "SELECT t.table_name AS name, t.table_type AS kind FROM information_schema.tables t \
    WHERE t.table_schema = DATABASE() AND t.table_name NOT LIKE 'dbvsg!_%' ESCAPE '!' AND t.table_name <> 'db_vsg' ORDER BY t.table_name";

const ROUTINES: &str = "SELECT r.routine_name AS name, r.routine_type AS kind FROM information_schema.routines r \
    WHERE r.routine_schema = DATABASE() AND r.routine_name NOT LIKE 'dbvsg!_%' ESCAPE '!' AND r.routine_type IN ('FUNCTION', 'PROCEDURE') \
    ORDER BY r.routine_type, r.routine_name";

const TRIGGERS: &str = "SELECT t.trigger_name AS name, t.event_object_table AS of FROM information_schema.triggers t \
    WHERE t.trigger_schema = DATABASE() AND t.trigger_name NOT LIKE 'dbvsg!_%' ESCAPE '!' \
    ORDER BY t.event_object_table, t.event_manipulation, t.action_timing, t.action_order";

const COUNTERS: &str = "SELECT t.table_name AS name, CAST(t.auto_increment AS SIGNED) AS next FROM information_schema.tables t \
    WHERE t.table_schema = DATABASE() AND t.auto_increment IS NOT NULL AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') \
    AND t.table_name <> 'dbvsg_change' ORDER BY t.table_name";

#[async_trait::async_trait]
impl Portable for MySql {
    async fn objects(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Object>> {
        let mut objects = Vec::new();
        for row in db.query_all_raw(statement(TABLES)).await? {
            let (name, kind): (String, String) = (row.try_get("", "name")?, row.try_get("", "kind")?);
            let quoted = self.quote(&name);
            let made = match kind.as_str() {
                "VIEW" => self.shown(db, &format!("VIEW {quoted}"), 1, None).await?,
                _ => self.shown(db, &format!("TABLE {quoted}"), 1, None).await?,
            };
            objects.push(match kind.as_str() {
                "VIEW" => Object::new(Kind::View, name, made),
                "SEQUENCE" => Object::new(Kind::Sequence, name, made),
                _ => Object::new(Kind::Table, &name, made).of(TableName::new(&name)),
            });
        }
        for row in db.query_all_raw(statement(ROUTINES)).await? {
            let (name, kind): (String, String) = (row.try_get("", "name")?, row.try_get("", "kind")?);
            let made = self.shown(db, &format!("{kind} {}", self.quote(&name)), 2, Some(1)).await?;
            objects.push(Object::new(Kind::Routine, format!("{kind} {name}"), made));
        }
        for row in db.query_all_raw(statement(TRIGGERS)).await? {
            let (name, of): (String, String) = (row.try_get("", "name")?, row.try_get("", "of")?);
            let made = self.shown(db, &format!("TRIGGER {}", self.quote(&name)), 2, Some(1)).await?;
            objects.push(Object::new(Kind::Trigger, name, made).of(TableName::new(of)));
        }
        Ok(objects)
    }

    fn unmake(&self, object: &Object) -> Vec<String> {
        let (kind, name) = match (object.kind, object.name.split_once(' ')) {
            (Kind::Routine, Some((kind, name))) => (kind, name),
            (Kind::View, _) => ("VIEW", &*object.name),
            (Kind::Sequence, _) => ("SEQUENCE", &*object.name),
            (Kind::Table, _) => ("TABLE", &*object.name),
            _ => return Vec::new(),
        };
        vec![format!("DROP {kind} IF EXISTS {}", self.quote(name))]
    }

    async fn counters(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Counter>> {
        let mut counters = Vec::new();
        for row in db.query_all_raw(statement(COUNTERS)).await? {
            let table = Some(TableName::new(row.try_get::<String>("", "name")?));
            counters.push(Counter { name: None, table, column: None, next: row.try_get("", "next")? });
        }
        let sequences = format!("SELECT s.name AS name FROM ({TABLES}) s WHERE s.kind = 'SEQUENCE'");
        for row in db.query_all_raw(statement(sequences)).await? {
            let name: String = row.try_get("", "name")?;
            let next = next_of(db, &self.quote(&name)).await?;
            counters.extend(next.map(|next| Counter { name: Some(name), table: None, column: None, next }));
        }
        Ok(counters)
    }

    fn set_counter(&self, counter: &Counter) -> Vec<String> {
        let next = counter.next;
        match (&counter.name, &counter.table) {
            (Some(name), _) => vec![format!("SELECT SETVAL({}, {next}, 0)", self.quote(name))],
            (None, Some(table)) => vec![format!("ALTER TABLE {} AUTO_INCREMENT = {next}", self.quote_table(table))],
            (None, None) => Vec::new(),
        }
    }

    async fn next_change(&self, db: &DatabaseExecutor<'_>) -> Result<Option<i64>> {
        match self.flavour {
            Flavour::MariaDb => next_of(db, "dbvsg_change").await,
            Flavour::MySql => {
                let sql = "SELECT CAST(t.auto_increment AS SIGNED) AS next FROM information_schema.tables t \
                           WHERE t.table_schema = DATABASE() AND t.table_name = 'dbvsg_change'";
                let row = db.query_one_raw(statement(sql)).await?;
                Ok(row.map(|row| row.try_get::<Option<i64>>("", "next")).transpose()?.flatten())
            }
        }
    }

    fn skip_changes(&self, next: i64) -> Vec<String> {
        vec![match self.flavour {
            Flavour::MariaDb => format!("SELECT SETVAL(dbvsg_change, {next}, 0)"),
            Flavour::MySql => format!("ALTER TABLE dbvsg_change AUTO_INCREMENT = {next}"),
        }]
    }

    fn only(&self, table: &Table) -> String {
        self.quote_table(&table.name)
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Result<Stored> {
        decode::decode(row, index).map(Stored::Value)
    }

    fn storing(&self, column: &Column, _value: &Stored, placeholder: &str) -> String {
        match (column.kind, column.form) {
            // A bit would take the digits of a text for bits.
            (ColumnKind::Integer, Form::Text) => format!("CAST({placeholder} AS UNSIGNED)"),
            _ => placeholder.to_owned(),
        }
    }

    async fn restore_pool(&self, db: &DatabaseConnection) -> Result<DatabaseConnection> {
        // A key of zero stays one, and a date that is none.
        apply::pool(db, ", sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'").await
    }

    fn lock_all(&self, tables: &[&TableName]) -> Vec<String> {
        tables.iter().filter_map(|table| self.lock_for_apply(table)).collect()
    }

    async fn forget_running(&self, txn: &DatabaseTransaction) -> Result<()> {
        // By their ids: those of transactions that are open are nobody else's to touch.
        let rows = txn.query_all_raw(statement("SELECT id FROM dbvsg_pending")).await?;
        let ids = rows.iter().map(|row| row.try_get::<i64>("", "id")).collect::<Result<Vec<_>, _>>()?;
        for ids in ids.chunks(500) {
            txn.execute_unprepared(&self.take_pending(ids)).await?;
        }
        Ok(())
    }
}

impl MySql {
    /// What SHOW CREATE says in one of its columns, under the SQL mode that another one names.
    async fn shown(&self, db: &DatabaseExecutor<'_>, what: &str, text: usize, mode: Option<usize>) -> Result<String> {
        let Some(row) = db.query_one_raw(statement(format!("SHOW CREATE {what}"))).await? else {
            return Ok(String::new());
        };
        let sql = without_definer(&row.try_get_by_index::<String>(text)?);
        let mode = mode.map(|mode| row.try_get_by_index::<String>(mode)).transpose()?;
        Ok(mode.map_or_else(|| sql.clone(), |mode| self.flavour.with_mode(&mode, &sql)))
    }
}

async fn next_of(db: &DatabaseExecutor<'_>, quoted: &str) -> Result<Option<i64>> {
    let sql = format!("SELECT CAST(next_not_cached_value AS SIGNED) AS next FROM {quoted}");
    Ok(db.query_one_raw(statement(sql)).await?.map(|row| row.try_get("", "next")).transpose()?)
}

/// The statement without the words that name who made it, which stand before anything of the maker's own.
fn without_definer(sql: &str) -> String {
    let Some((head, rest)) = sql.split_once(" DEFINER=") else { return sql.to_owned() };
    let name = |text: &str| -> Option<usize> {
        let mut at = 1;
        text.starts_with('`').then_some(())?;
        loop {
            at += text[at..].find('`')? + 1;
            match text[at..].starts_with('`') {
                true => at += 1,
                false => return Some(at),
            }
        }
    };
    let end = || {
        let user = name(rest)?;
        let host = rest[user..].strip_prefix('@')?;
        Some(user + 1 + name(host)?)
    };
    match end() {
        Some(end) if !head.contains('`') => format!("{head}{}", &rest[end..]),
        _ => sql.to_owned(),
    }
}

/// The foreign keys of the database that are violated, which a connection that does not mind them can leave.
pub(super) async fn broken_references(backend: &MySql, db: &DatabaseExecutor<'_>) -> Result<Vec<String>> {
    let sql = "SELECT k.table_name AS child, k.constraint_name AS name, k.column_name AS source, k.referenced_table_name AS parent, \
               k.referenced_column_name AS referenced FROM information_schema.key_column_usage k WHERE k.table_schema = DATABASE() \
               AND k.referenced_table_schema = DATABASE() ORDER BY k.table_name, k.constraint_name, k.ordinal_position";
    let mut keys: BTreeMap<(String, String), ForeignKey> = BTreeMap::new();
    for row in db.query_all_raw(statement(sql)).await? {
        let text = |name: &str| row.try_get::<String>("", name);
        let key = keys.entry((text("child")?, text("name")?)).or_insert(ForeignKey {
            columns: Vec::new(),
            references: TableName::new(text("parent")?),
            referenced: Vec::new(),
        });
        key.columns.push(backend.quote(&text("source")?));
        key.referenced.push(backend.quote(&text("referenced")?));
    }
    let mut broken = Vec::new();
    for ((child, _), ForeignKey { columns, references, referenced }) in keys {
        let pairs = columns.iter().zip(&referenced).map(|(own, other)| format!("p.{other} = c.{own}"));
        let given = columns.iter().map(|own| format!("c.{own} IS NOT NULL"));
        let sql = format!(
            "SELECT 1 AS one FROM {} c LEFT JOIN {} p ON {} WHERE {} AND p.{} IS NULL LIMIT 1",
            backend.quote(&child),
            backend.quote_table(&references),
            pairs.collect::<Vec<_>>().join(" AND "),
            given.collect::<Vec<_>>().join(" AND "),
            referenced[0],
        );
        if db.query_one_raw(statement(sql)).await?.is_some() {
            broken.push(format!("{child} refers to {references}"));
        }
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::without_definer;

    #[test]
    fn who_made_it_is_left_out() {
        for (sql, expected) in [
            ("CREATE DEFINER=`a``b`@`%` TRIGGER t", "CREATE TRIGGER t"),
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v`",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v`",
            ),
            (
                "CREATE TABLE `a` (`b` text DEFAULT ' DEFINER=`x`@`y`')",
                "CREATE TABLE `a` (`b` text DEFAULT ' DEFINER=`x`@`y`')",
            ),
        ] {
            assert_eq!(without_definer(sql), expected);
        }
    }
}
