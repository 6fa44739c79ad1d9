//! What applies a plan.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, IsolationLevel, Statement};

use super::{Sqlite, context};
use crate::{
    Result,
    backend::{Applying, Backend, Held},
    catalog::Tracked,
    model::{ForeignKey, TableName},
};

#[async_trait::async_trait]
impl Applying for Sqlite {
    fn plan_name(&self, tracked: &Tracked) -> String {
        format!("temp.{}", self.quote(&format!("dbvsg_plan_{}", tracked.id)))
    }

    // The columns keep the affinities of the history's, so that nothing is stored or compared otherwise.
    fn create_plan(&self, tracked: &Tracked) -> Vec<String> {
        let (plan, history) = (self.plan_name(tracked), self.quote_table(&tracked.history));
        vec![format!("CREATE TABLE {plan} AS SELECT * FROM {history} WHERE 0")]
    }

    fn drop_plan(&self, tracked: &Tracked) -> Vec<String> {
        vec![format!("DROP TABLE IF EXISTS {}", self.plan_name(tracked))]
    }

    // By IN, because a condition on the row would be tried on every row of the table.
    fn delete_planned(&self, table: &str, plan: &str, key: &[String], condition: &str) -> String {
        let values: Vec<String> = key.iter().map(|name| format!("p.{name}")).collect();
        format!(
            "DELETE FROM {table} WHERE ({}) IN (SELECT {} FROM {plan} p WHERE {condition})",
            key.join(", "),
            values.join(", "),
        )
    }

    fn running_commit(&self) -> &'static str {
        "(SELECT commit_id FROM dbvsg_context WHERE id = 1)"
    }

    fn open_commit(&self) -> Vec<String> {
        context::open_commit()
    }

    fn apply_isolation(&self) -> Option<IsolationLevel> {
        self.latest()
    }

    fn lock_for_apply(&self, table: &TableName) -> Option<String> {
        self.lock_table(table)
    }

    async fn ease(&self, db: &DatabaseExecutor<'_>, _children: &[&TableName]) -> Result<Vec<String>> {
        // It ends with the transaction.
        db.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
        Ok(Vec::new())
    }

    async fn referring(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Vec<(TableName, ForeignKey)>> {
        let sql = "SELECT m.name AS child, f.id AS number, f.\"from\" AS source, f.\"to\" AS referenced \
                   FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
                   WHERE m.type = 'table' AND f.\"table\" = ? COLLATE NOCASE ORDER BY m.name, f.id, f.seq";
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.name.as_str().into()]);
        let mut found: Vec<(i64, TableName, ForeignKey)> = Vec::new();
        for row in db.query_all_raw(statement).await? {
            let (child, number): (String, i64) = (row.try_get("", "child")?, row.try_get("", "number")?);
            if found.last().is_none_or(|(last, name, _)| *last != number || name.name != child) {
                let key = ForeignKey { columns: Vec::new(), references: table.clone(), referenced: Vec::new() };
                found.push((number, TableName::new(child), key));
            }
            if let Some((_, _, key)) = found.last_mut() {
                key.columns.push(row.try_get("", "source")?);
                key.referenced.extend(row.try_get::<Option<String>>("", "referenced")?);
            }
        }
        Ok(found.into_iter().map(|(_, child, key)| (child, key)).collect())
    }

    // They are dropped and created again; both belong to the transaction.
    async fn own_triggers(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Held> {
        let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE \
                   AND name NOT LIKE 'dbvsg!_%' ESCAPE '!' ORDER BY rowid";
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.name.as_str().into()]);
        let mut held = Held::default();
        for row in db.query_all_raw(statement).await? {
            held.hold.push(format!("DROP TRIGGER {}", self.quote(&row.try_get::<String>("", "name")?)));
            held.release.push(row.try_get("", "sql")?);
        }
        Ok(held)
    }
}
