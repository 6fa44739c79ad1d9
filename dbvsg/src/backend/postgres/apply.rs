//! What applies a plan.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, IsolationLevel, Statement, Value as Bound};

use super::{Postgres, catalog};
use crate::{
    Result,
    backend::{Applying, Backend, Held},
    catalog::Tracked,
    model::{ForeignKey, TableName},
};

#[async_trait::async_trait]
impl Applying for Postgres {
    fn plan_name(&self, tracked: &Tracked) -> String {
        format!("pg_temp.{}", self.quote(&format!("dbvsg_plan_{}", tracked.id)))
    }

    fn create_plan(&self, tracked: &Tracked) -> Vec<String> {
        let (plan, history) = (self.plan_name(tracked), self.whole_name(&tracked.history));
        vec![format!("CREATE TEMPORARY TABLE {plan} (LIKE {history}) ON COMMIT DROP")]
    }

    fn plan_is_filled(&self, tracked: &Tracked) -> Vec<String> {
        vec![format!("ANALYZE {}", self.plan_name(tracked))]
    }

    fn drop_plan(&self, tracked: &Tracked) -> Vec<String> {
        vec![format!("DROP TABLE IF EXISTS {}", self.plan_name(tracked))]
    }

    fn delete_planned(&self, table: &str, plan: &str, key: &[String], condition: &str) -> String {
        let same: Vec<String> = key.iter().map(|name| format!("l.{name} = p.{name}")).collect();
        format!("DELETE FROM {table} l USING {plan} p WHERE {} AND {condition}", same.join(" AND "))
    }

    fn inserting(&self) -> &'static str {
        " OVERRIDING SYSTEM VALUE"
    }

    fn running_commit(&self) -> &'static str {
        "nullif(current_setting('dbvsg.commit', true), '')::bigint"
    }

    fn open_commit(&self) -> Vec<String> {
        vec![format!("SELECT {}()", self.own(catalog::CURRENT_COMMIT))]
    }

    fn apply_isolation(&self) -> Option<IsolationLevel> {
        self.latest()
    }

    fn lock_for_apply(&self, table: &TableName) -> Option<String> {
        self.lock_table(table)
    }

    // Checks of a foreign key wait for the end of the transaction only if it is made so. Those that are made so here are made
    // what they were in the end, when all is checked.
    async fn ease(&self, db: &DatabaseExecutor<'_>, children: &[&TableName]) -> Result<Vec<String>> {
        let sql = "SELECT conname::text AS name FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'f' \
                   AND NOT condeferrable AND conparentid = 0";
        let mut ended = Vec::new();
        for child in children {
            let table = self.whole_name(child);
            let bound: [Bound; 1] = [table.as_str().into()];
            for row in db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, bound)).await? {
                let name = self.quote(&row.try_get::<String>("", "name")?);
                db.execute_unprepared(&format!(
                    "ALTER TABLE {table} ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED"
                ))
                .await?;
                ended.push(format!("ALTER TABLE {table} ALTER CONSTRAINT {name} NOT DEFERRABLE"));
            }
        }
        db.execute_unprepared("SET CONSTRAINTS ALL DEFERRED").await?;
        ended.insert(0, "SET CONSTRAINTS ALL IMMEDIATE".into());
        Ok(ended)
    }

    async fn referring(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Vec<(TableName, ForeignKey)>> {
        let sql = "SELECT n.nspname::text AS schema, r.relname::text AS name, \
                   (SELECT array_agg(a.attname::text ORDER BY k.rank) FROM unnest(c.conkey) WITH ORDINALITY k(attnum, rank) \
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) AS columns, \
                   (SELECT array_agg(a.attname::text ORDER BY k.rank) FROM unnest(c.confkey) WITH ORDINALITY k(attnum, rank) \
                   JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum) AS referenced \
                   FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace \
                   WHERE c.confrelid = to_regclass($1) AND c.contype = 'f' AND c.conparentid = 0 ORDER BY c.conname";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [self.whole_name(table).into()]);
        let rows = db.query_all_raw(statement).await?;
        let read = rows.iter().map(|row| {
            let schema: String = row.try_get("", "schema")?;
            let child = TableName {
                schema: Some(schema).filter(|schema| *schema != self.schema),
                name: row.try_get("", "name")?,
            };
            let (columns, referenced) = (row.try_get("", "columns")?, row.try_get("", "referenced")?);
            Ok((child, ForeignKey { columns, references: table.clone(), referenced }))
        });
        read.collect()
    }

    // Each is switched off by its name, which only the owner of the table can, and on again in the mode that it had. Those of
    // partitions are found with the table itself.
    async fn own_triggers(&self, db: &DatabaseExecutor<'_>, table: &TableName) -> Result<Held> {
        let sql = "WITH parts AS (SELECT to_regclass($1)::oid AS oid UNION SELECT relid FROM pg_partition_tree(to_regclass($1))) \
                   SELECT t.tgrelid::regclass::text AS relation, 'TRIGGER' AS kind, t.tgname::text AS name, t.tgenabled::text AS mode \
                   FROM pg_trigger t JOIN parts p ON p.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' \
                   AND t.tgname NOT LIKE 'dbvsg\\_%' \
                   UNION ALL SELECT r.ev_class::regclass::text, 'RULE', r.rulename::text, r.ev_enabled::text FROM pg_rewrite r \
                   JOIN parts p ON p.oid = r.ev_class WHERE r.ev_enabled <> 'D' ORDER BY relation, kind, name";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [self.whole_name(table).into()]);
        let mut held = Held::default();
        for row in db.query_all_raw(statement).await? {
            let text = |name: &str| row.try_get::<String>("", name);
            let (relation, kind, name) = (text("relation")?, text("kind")?, self.quote(&text("name")?));
            let mode = match text("mode")?.as_str() {
                "A" => "ENABLE ALWAYS",
                "R" => "ENABLE REPLICA",
                _ => "ENABLE",
            };
            held.hold.push(format!("ALTER TABLE {relation} DISABLE {kind} {name}"));
            held.release.push(format!("ALTER TABLE {relation} {mode} {kind} {name}"));
        }
        Ok(held)
    }
}
