//! What applies a plan.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqlxMySqlConnector, Statement,
};
use sqlx::mysql::MySqlPoolOptions;

use super::{MySql, lock::PATIENCE};
use crate::{
    Error, Result,
    backend::{Applying, Backend, Held},
    catalog::Tracked,
    model::{ForeignKey, TableName},
};

/// One connection on which foreign keys rest, which were checked before, and moments keep their place whatever the session's
/// zone. `more`: what else is set.
pub(super) async fn pool(db: &DatabaseConnection, more: &str) -> Result<DatabaseConnection> {
    let options = db.get_mysql_connection_pool().connect_options();
    let set = format!(
        "SET SESSION foreign_key_checks = 0, time_zone = '+00:00', innodb_lock_wait_timeout = {PATIENCE}, lock_wait_timeout = {PATIENCE}, \
         sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO'){more}"
    );
    let pool = MySqlPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.after_connect(move |connection, _| {
        let set = set.clone();
        Box::pin(async move { sqlx::Executor::execute(connection, sqlx::AssertSqlSafe(set)).await.map(drop) })
    });
    let pool = pool.connect_with((*options).clone()).await;
    let pool = pool.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error))))?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}

#[async_trait::async_trait]
impl Applying for MySql {
    fn plan_name(&self, tracked: &Tracked) -> String {
        self.quote(&format!("dbvsg_plan_{}", tracked.id))
    }

    fn create_plan(&self, tracked: &Tracked) -> Vec<String> {
        let (plan, history) = (self.plan_name(tracked), self.quote_table(&tracked.history));
        vec![format!("CREATE TEMPORARY TABLE {plan} LIKE {history}")]
    }

    fn drop_plan(&self, tracked: &Tracked) -> Vec<String> {
        vec![format!("DROP TEMPORARY TABLE IF EXISTS {}", self.plan_name(tracked))]
    }

    fn update_planned(
        &self,
        table: &str,
        plan: &str,
        same_key: &str,
        sets: &[(String, String)],
        condition: &str,
    ) -> String {
        let sets: Vec<String> = sets.iter().map(|(column, value)| format!("l.{column} = {value}")).collect();
        format!("UPDATE {plan} p STRAIGHT_JOIN {table} l ON {same_key} SET {} WHERE {condition}", sets.join(", "))
    }

    fn delete_planned(&self, table: &str, plan: &str, key: &[String], condition: &str) -> String {
        let same: Vec<String> = key.iter().map(|name| format!("l.{name} = p.{name}")).collect();
        format!("DELETE l FROM {plan} p STRAIGHT_JOIN {table} l ON {} WHERE {condition}", same.join(" AND "))
    }

    fn text(&self) -> &'static str {
        "CHAR"
    }

    fn running_commit(&self) -> &'static str {
        "@dbvsg_own"
    }

    fn open_commit(&self) -> Vec<String> {
        vec!["UPDATE dbvsg_pending SET captured = 1 WHERE id = @dbvsg_own".into()]
    }

    async fn apply_pool(&self, db: &DatabaseConnection) -> Result<Option<DatabaseConnection>> {
        pool(db, "").await.map(Some)
    }

    fn apply_isolation(&self) -> Option<IsolationLevel> {
        // So that the lock keeps rows from being added, too.
        Some(IsolationLevel::RepeatableRead)
    }

    fn lock_for_apply(&self, table: &TableName) -> Option<String> {
        // Every row and every gap.
        Some(format!("SELECT COUNT(*) FROM {} FOR UPDATE", self.quote_table(table)))
    }

    fn ignores_references(&self) -> bool {
        true
    }

    async fn ease(&self, _db: &DatabaseExecutor<'_>, _children: &[&TableName]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn referring(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Vec<(TableName, ForeignKey)>> {
        let sql = "SELECT k.table_name AS child, k.constraint_name AS name, k.column_name AS source, \
                   k.referenced_column_name AS referenced FROM information_schema.key_column_usage k \
                   WHERE k.table_schema = DATABASE() AND k.referenced_table_schema = DATABASE() AND k.referenced_table_name = ? \
                   ORDER BY k.table_name, k.constraint_name, k.ordinal_position";
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, [table.name.as_str().into()]);
        let mut found: BTreeMap<(String, String), ForeignKey> = BTreeMap::new();
        for row in db.query_all_raw(statement).await? {
            let key = found.entry((row.try_get("", "child")?, row.try_get("", "name")?)).or_insert_with(|| {
                ForeignKey { columns: Vec::new(), references: table.clone(), referenced: Vec::new() }
            });
            key.columns.push(row.try_get("", "source")?);
            key.referenced.push(row.try_get("", "referenced")?);
        }
        Ok(found.into_iter().map(|((child, _), key)| (TableName::new(child), key)).collect())
    }

    // They are dropped and created again, which only somebody can who may create them in the name of whoever did.
    async fn own_triggers(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Held> {
        let sql = "SELECT t.trigger_name AS name, t.sql_mode AS mode, t.definer = CURRENT_USER() OR EXISTS \
                   (SELECT 1 FROM information_schema.user_privileges p WHERE p.privilege_type IN ('SUPER', 'SET USER', 'SET_USER_ID') \
                   AND REPLACE(p.grantee, CHAR(39), '') = CURRENT_USER()) AS may FROM information_schema.triggers t \
                   WHERE t.trigger_schema = DATABASE() AND t.event_object_schema = DATABASE() AND t.event_object_table = ? \
                   AND t.trigger_name NOT LIKE 'dbvsg!_%' ESCAPE '!' ORDER BY t.event_manipulation, t.action_timing, t.action_order";
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, [table.name.as_str().into()]);
        let mut held = Held::default();
        for row in db.query_all_raw(statement).await? {
            let (name, mode): (String, String) = (row.try_get("", "name")?, row.try_get("", "mode")?);
            if row.try_get::<i64>("", "may")? == 0 {
                let reason = format!(
                    "the trigger `{name}` of `{table}` must hold still meanwhile, and to make it again in the name of who made it the \
                     right SET USER is needed"
                );
                return Err(Error::Denied { reason });
            }
            let quoted = self.quote(&name);
            let row = db.query_one_raw(super::statement(format!("SHOW CREATE TRIGGER {quoted}"))).await?;
            let create: String = match row {
                Some(row) => row.try_get("", "SQL Original Statement")?,
                None => continue,
            };
            let drop = format!("DROP TRIGGER IF EXISTS {quoted}");
            held.release.extend([drop.clone(), self.flavour.with_mode(&mode, &create)]);
            held.hold.push(drop);
        }
        Ok(held)
    }
}
