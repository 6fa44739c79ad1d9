//! The database taken apart: statements made of the system's catalog.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbErr, QueryResult, RuntimeErr,
    SqlxPostgresConnector,
};
use sqlx::postgres::PgPoolOptions;

use super::{Postgres, READ_EXACTLY, decode, statement};
use crate::{
    Result,
    backend::{Backend, Counter, Kind, Object, Portable},
    model::{Column, Stored, Table, TableName},
};

/// What is set besides: no row is hidden from a role that may not see it, which is an error then; and functions can be made
/// before what they name.
const WHOLLY: &str = "SET LOCAL xmloption = 'content'; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off; \
    SET LOCAL check_function_bodies = off";

/// Whether the object `{oid}` of the system's table `{class}` belongs to an extension, or stands in a schema `n` of the system's.
fn is_own(class: &str, oid: &str) -> String {
    format!(
        "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (SELECT 1 FROM pg_depend e \
         WHERE e.classid = '{class}'::regclass AND e.objid = {oid} AND e.deptype = 'e')"
    )
}

/// The whole name of the relation `c` in the schema `n`.
const RELATION: &str = "format('%I.%I', n.nspname, c.relname)";

/// Relations that are not DBVSG's own; histories are among them.
const NOT_OURS: &str = "c.relname NOT LIKE 'dbvsg\\_%' AND c.relname <> 'db_vsg'";

/// Queries for the kinds of objects, each for `name`, `sql`, and the `schema` and `relation` of the table that it belongs to.
fn queries() -> Vec<(Kind, String)> {
    let relation = |kinds: &str| {
        format!(
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ({kinds}) AND {NOT_OURS} AND {}",
            is_own("pg_class", "c.oid")
        )
    };
    let table = "n.nspname::text AS schema, c.relname::text AS relation";
    let loose = "NULL::text AS schema, NULL::text AS relation";
    let types = |condition: &str| {
        format!(
            "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {condition} AND {} ORDER BY t.oid",
            is_own("pg_type", "t.oid")
        )
    };
    let on_table = "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')";
    vec![
        (
            Kind::Schema,
            format!(
                "SELECT n.nspname::text AS name, format('CREATE SCHEMA %I', n.nspname) AS sql, {loose} FROM pg_namespace n \
                 WHERE {} ORDER BY n.oid",
                is_own("pg_namespace", "n.oid"),
            ),
        ),
        (
            Kind::Type,
            format!(
                "SELECT format('%I.%I', n.nspname, t.typname) AS name, format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname, \
                 (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)) AS sql, \
                 {loose} {}",
                types("t.typtype = 'e'"),
            ),
        ),
        (
            Kind::Type,
            format!(
                "SELECT format('%I.%I', n.nspname, t.typname) AS name, format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname, \
                 (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) FROM pg_attribute a \
                 WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)) AS sql, {loose} {}",
                types(
                    "t.typtype = 'c' AND EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')"
                ),
            ),
        ),
        (
            Kind::Type,
            format!(
                "SELECT format('%I.%I', n.nspname, t.typname) AS name, format('CREATE DOMAIN %I.%I AS %s%s%s%s%s', n.nspname, t.typname, \
                 format_type(t.typbasetype, t.typtypmod), (SELECT format(' COLLATE %I.%I', cn.nspname, k.collname) FROM pg_collation k \
                 JOIN pg_namespace cn ON cn.oid = k.collnamespace JOIN pg_type b ON b.oid = t.typbasetype \
                 WHERE k.oid = t.typcollation AND t.typcollation <> b.typcollation), ' DEFAULT ' || t.typdefault, \
                 CASE WHEN t.typnotnull THEN ' NOT NULL' END, (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' \
                 ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) AS sql, {loose} {}",
                types("t.typtype = 'd'"),
            ),
        ),
        (
            Kind::Type,
            format!(
                "SELECT format('%I.%I', n.nspname, t.typname) AS name, format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s, MULTIRANGE_TYPE_NAME = %I.%I)', \
                 n.nspname, t.typname, format_type(r.rngsubtype, NULL), mn.nspname, m.typname) AS sql, {loose} \
                 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_range r ON r.rngtypid = t.oid \
                 JOIN pg_type m ON m.oid = r.rngmultitypid JOIN pg_namespace mn ON mn.oid = m.typnamespace \
                 WHERE t.typtype = 'r' AND {} ORDER BY t.oid",
                is_own("pg_type", "t.oid"),
            ),
        ),
        (
            Kind::Sequence,
            format!(
                "SELECT {RELATION} AS name, format('CREATE SEQUENCE %I.%I AS %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s', \
                 n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, \
                 CASE WHEN s.seqcycle THEN ' CYCLE' END) AS sql, {loose} FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {NOT_OURS} AND {} AND NOT EXISTS (SELECT 1 FROM pg_depend d \
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i') ORDER BY c.oid",
                is_own("pg_class", "c.oid"),
            ),
        ),
        (
            Kind::Routine,
            format!(
                "SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name, \
                 pg_get_functiondef(p.oid) AS sql, {loose} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                 WHERE p.prokind IN ('f', 'p') AND p.proname NOT LIKE 'dbvsg\\_%' AND {} AND NOT EXISTS (SELECT 1 FROM pg_depend d \
                 WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i') ORDER BY p.oid",
                is_own("pg_proc", "p.oid"),
            ),
        ),
        (
            Kind::Table,
            format!(
                "SELECT {RELATION} AS name, format('CREATE %sTABLE %s (%s)%s%s%s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, {RELATION}, \
                 (SELECT string_agg({COLUMN}, ', ' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
                 (SELECT format(' INHERITS (%s)', string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)) FROM pg_inherits i \
                 WHERE i.inhrelid = c.oid HAVING count(*) > 0), ' PARTITION BY ' || pg_get_partkeydef(c.oid), \
                 ' WITH (' || array_to_string(c.reloptions, ', ') || ')') AS sql, {table} {} AND NOT c.relispartition ORDER BY c.oid",
                relation("'r', 'p'"),
            ),
        ),
        (
            Kind::Part,
            format!(
                "SELECT {RELATION} AS name, format('CREATE TABLE %s PARTITION OF %s %s%s', {RELATION}, \
                 (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid), pg_get_expr(c.relpartbound, c.oid), \
                 ' PARTITION BY ' || pg_get_partkeydef(c.oid)) AS sql, {table} {} AND c.relispartition ORDER BY c.oid",
                relation("'r', 'p'"),
            ),
        ),
        (Kind::Constraint, constraints("k.contype IN ('p', 'u', 'c', 'x') AND k.conislocal", on_table)),
        (
            Kind::View,
            format!(
                "SELECT {RELATION} AS name, format('CREATE VIEW %s%s AS %s', {RELATION}, ' WITH (' || array_to_string(c.reloptions, ', ') || ')', \
                 pg_get_viewdef(c.oid)) AS sql, {loose} {} ORDER BY c.oid",
                relation("'v'"),
            ),
        ),
        (
            Kind::Index,
            format!(
                "SELECT format('%s %I', {RELATION}, x.relname) AS name, CASE x.relkind WHEN 'I' \
                 THEN replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') ELSE pg_get_indexdef(i.indexrelid) END AS sql, {table} FROM pg_index i \
                 JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid {on_table} AND {NOT_OURS} \
                 AND {} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) \
                 AND NOT x.relispartition ORDER BY i.indexrelid",
                is_own("pg_class", "c.oid"),
            ),
        ),
        (Kind::ForeignKey, constraints("k.contype = 'f'", on_table)),
        (
            Kind::Trigger,
            format!(
                "SELECT format('%s %I', {RELATION}, t.tgname) AS name, pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE \
                 format('; ALTER TABLE %s %s TRIGGER %I', {RELATION}, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' \
                 ELSE 'DISABLE' END, t.tgname) END AS sql, {table} FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid {on_table} \
                 AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgname NOT LIKE 'dbvsg\\_%' AND {NOT_OURS} AND {} ORDER BY t.oid",
                is_own("pg_class", "c.oid"),
            ),
        ),
        (
            Kind::Trigger,
            format!(
                "SELECT format('rule %s %I', {RELATION}, r.rulename) AS name, pg_get_ruledef(r.oid) AS sql, {table} FROM pg_rewrite r \
                 JOIN pg_class c ON c.oid = r.ev_class {on_table} AND r.rulename <> '_RETURN' AND {NOT_OURS} AND {} ORDER BY r.oid",
                is_own("pg_class", "c.oid"),
            ),
        ),
        (
            // What a sequence belongs to goes with it.
            Kind::Trigger,
            format!(
                "SELECT format('owner of %s', s.oid::regclass) AS name, format('ALTER SEQUENCE %s OWNED BY %s.%I', s.oid::regclass, {RELATION}, \
                 a.attname) AS sql, {table} FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
                 JOIN pg_class c ON c.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid {on_table} \
                 AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' AND {NOT_OURS} AND {} \
                 ORDER BY s.oid",
                is_own("pg_class", "c.oid"),
            ),
        ),
        (
            Kind::Materialized,
            format!(
                "SELECT {RELATION} AS name, format('CREATE MATERIALIZED VIEW %s AS %s', {RELATION}, rtrim(pg_get_viewdef(c.oid), ';')) AS sql, \
                 {loose} {} ORDER BY c.oid",
                relation("'m'"),
            ),
        ),
    ]
}

/// A column `a` of the type `t`, with its default `d`.
const COLUMN: &str = "format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod), \
    (SELECT format(' COLLATE %I.%I', cn.nspname, k.collname) FROM pg_collation k JOIN pg_namespace cn ON cn.oid = k.collnamespace \
    WHERE k.oid = a.attcollation AND a.attcollation <> t.typcollation), \
    CASE WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid)) \
    WHEN a.attidentity <> '' THEN (SELECT format(' GENERATED %s AS IDENTITY (INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s)', \
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, \
    CASE WHEN s.seqcycle THEN ' CYCLE' END) FROM pg_depend p JOIN pg_sequence s ON s.seqrelid = p.objid \
    WHERE p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i' AND p.classid = 'pg_class'::regclass) \
    WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END, CASE WHEN a.attnotnull THEN ' NOT NULL' END)";

fn constraints(condition: &str, on_table: &str) -> String {
    format!(
        "SELECT format('%s %I', {RELATION}, k.conname) AS name, format('ALTER TABLE %s ADD CONSTRAINT %I %s', {RELATION}, k.conname, \
         pg_get_constraintdef(k.oid)) AS sql, n.nspname::text AS schema, c.relname::text AS relation FROM pg_constraint k \
         JOIN pg_class c ON c.oid = k.conrelid {on_table} AND {condition} AND k.conparentid = 0 AND {NOT_OURS} AND {} ORDER BY k.oid",
        is_own("pg_class", "c.oid"),
    )
}

const COUNTERS: &str = "SELECT format('%I.%I', n.nspname, c.relname) AS name, tn.nspname::text AS schema, t.relname::text AS relation, \
    a.attname::text AS attribute, s.seqincrement AS step FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i' \
    LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace \
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE NOT (c.relname = 'dbvsg_change') AND ";

#[async_trait::async_trait]
impl Portable for Postgres {
    fn wholly(&self) -> Vec<String> {
        vec![READ_EXACTLY.into(), WHOLLY.into()]
    }

    fn home(&self) -> Option<&str> {
        Some(&self.schema)
    }

    async fn objects(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Object>> {
        // On no path at all, so that every name is written whole.
        let path = "SELECT current_setting('search_path') AS path, set_config('search_path', '', true) AS none";
        let row = db.query_one_raw(statement(path)).await?;
        let path: String = row.map(|row| row.try_get("", "path")).transpose()?.unwrap_or_default();
        let mut objects = Vec::new();
        for (kind, sql) in queries() {
            for row in db.query_all_raw(statement(sql)).await? {
                objects.push(self.object(kind, &row)?);
            }
        }
        db.execute_unprepared(&format!("SELECT set_config('search_path', '{}', true)", path.replace('\'', "''")))
            .await?;
        Ok(objects)
    }

    async fn counters(&self, db: &DatabaseExecutor<'_>) -> Result<Vec<Counter>> {
        let sql = format!("{COUNTERS}{} ORDER BY n.nspname, c.relname", is_own("pg_class", "c.oid"));
        let mut counters = Vec::new();
        for row in db.query_all_raw(statement(sql)).await? {
            let name: String = row.try_get("", "name")?;
            let next = next_of(db, &name, row.try_get("", "step")?).await?;
            let table = self.table_of(&row)?;
            let name = table.is_none().then_some(name);
            counters.push(Counter { name, table, column: row.try_get("", "attribute")?, next });
        }
        Ok(counters)
    }

    fn set_counter(&self, counter: &Counter) -> Vec<String> {
        let next = counter.next;
        match (&counter.name, &counter.table, &counter.column) {
            (Some(name), ..) => vec![format!("ALTER SEQUENCE {name} RESTART WITH {next}")],
            (None, Some(table), Some(column)) => {
                vec![format!(
                    "ALTER TABLE {} ALTER COLUMN {} RESTART WITH {next}",
                    self.whole_name(table),
                    self.quote(column)
                )]
            }
            _ => Vec::new(),
        }
    }

    async fn next_change(&self, db: &DatabaseExecutor<'_>) -> Result<Option<i64>> {
        next_of(db, &self.own("dbvsg_change"), 1).await.map(Some)
    }

    fn skip_changes(&self, next: i64) -> Vec<String> {
        vec![format!("ALTER SEQUENCE {} RESTART WITH {next}", self.own("dbvsg_change"))]
    }

    fn only(&self, table: &Table) -> String {
        let name = self.whole_name(&table.name);
        // A partitioned table has no rows of its own.
        if table.partitioned { name } else { format!("ONLY {name}") }
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Result<Stored> {
        decode::decode(row, index).map(Stored::Value)
    }

    fn storing(&self, column: &Column, _value: &Stored, placeholder: &str) -> String {
        // In so many words, because a NULL of most types is bound as text.
        format!("CAST({placeholder} AS {})", column.declared)
    }

    async fn restore_pool(&self, db: &DatabaseConnection) -> Result<DatabaseConnection> {
        let options = db.get_postgres_connection_pool().connect_options();
        let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with((*options).clone()).await;
        let pool = pool.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error))))?;
        Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
    }

    fn lock_all(&self, tables: &[&TableName]) -> Vec<String> {
        // Readers, too: what follows would shut them out one table after another, and meet those who go the other way.
        let names: Vec<String> = tables.iter().map(|table| self.whole_name(table)).collect();
        let lock = (!names.is_empty()).then(|| format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", ")));
        lock.into_iter().collect()
    }

    async fn forget_running(&self, txn: &DatabaseTransaction) -> Result<()> {
        txn.execute_unprepared("DELETE FROM dbvsg_pending").await?;
        Ok(())
    }

    /// A RESTRICT cannot wait and a CASCADE would act, so they are dropped and made again.
    async fn untie(&self, db: &DatabaseExecutor<'_>, tables: &[&TableName]) -> Result<Vec<String>> {
        let literals: Vec<String> = tables
            .iter()
            .map(|table| format!("to_regclass('{}')", self.whole_name(table).replace('\'', "''")))
            .collect();
        if literals.is_empty() {
            return Ok(Vec::new());
        }
        let any = literals.join(", ");
        let sql = format!(
            "SELECT k.conrelid::regclass::text AS relation, k.conname::text AS name, pg_get_constraintdef(k.oid) AS sql FROM pg_constraint k \
             WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid IN ({any}) OR k.confrelid IN ({any})) ORDER BY k.oid"
        );
        let mut ties = Vec::new();
        for row in db.query_all_raw(statement(sql)).await? {
            let text = |name: &str| row.try_get::<String>("", name);
            let (relation, name, made) = (text("relation")?, self.quote(&text("name")?), text("sql")?);
            db.execute_unprepared(&format!("ALTER TABLE {relation} DROP CONSTRAINT {name}")).await?;
            ties.push(format!("ALTER TABLE {relation} ADD CONSTRAINT {name} {made}"));
        }
        Ok(ties)
    }
}

impl Postgres {
    fn table_of(&self, row: &QueryResult) -> Result<Option<TableName>> {
        let (schema, name): (Option<String>, Option<String>) =
            (row.try_get("", "schema")?, row.try_get("", "relation")?);
        Ok(name.map(|name| TableName { schema: schema.filter(|schema| *schema != self.schema), name }))
    }

    fn object(&self, kind: Kind, row: &QueryResult) -> Result<Object> {
        let object = Object::new(kind, row.try_get::<String>("", "name")?, row.try_get::<String>("", "sql")?);
        Ok(match self.table_of(row)? {
            Some(table) => object.of(table),
            None => object,
        })
    }
}

/// What a sequence gives next. One that has come to its end stays where it is.
async fn next_of(db: &DatabaseExecutor<'_>, name: &str, step: i64) -> Result<i64> {
    let sql = format!("SELECT last_value AS last, is_called AS given FROM {name}");
    let row = db.query_one_raw(statement(sql)).await?;
    let Some(row) = row else { return Ok(1) };
    let last: i64 = row.try_get("", "last")?;
    Ok(if row.try_get("", "given")? { last.checked_add(step).unwrap_or(last) } else { last })
}
