//! What the catalog needs beside its tables.

use super::{NOW, Postgres, shape};

/// The function that gives the commit of the running transaction, and opens one if there is none.
pub(super) const CURRENT_COMMIT: &str = "dbvsg_current_commit";

/// The commit of the running transaction, as text; empty or NULL if there is none.
pub(super) const COMMIT_SETTING: &str = "pg_catalog.current_setting('dbvsg.commit', true)";

pub(super) fn support(backend: &Postgres) -> Vec<String> {
    vec![
        "CREATE SEQUENCE IF NOT EXISTS dbvsg_change".into(),
        "ALTER TABLE dbvsg_commit ALTER COLUMN id DROP IDENTITY IF EXISTS".into(),
        // Who writes appends to a table of its own, which is small: one index, few columns, and what stands there for good
        // needs none of the upkeep that a row gets which is written, placed and vacuumed.
        "CREATE TABLE IF NOT EXISTS dbvsg_pending (id bigint PRIMARY KEY, uuid text, actor text NOT NULL, operation text, \
         query text, message text, meta text, written_at bigint NOT NULL)"
            .into(),
        // Those that left out the commits that waited, as long as they stood among the others.
        "DROP INDEX IF EXISTS dbvsg_commit_pending".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_uuid".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_seq".into(),
        "DROP INDEX IF EXISTS dbvsg_commit_time".into(),
        "CREATE UNIQUE INDEX IF NOT EXISTS dbvsg_commit_by_uuid ON dbvsg_commit (uuid)".into(),
        "CREATE UNIQUE INDEX IF NOT EXISTS dbvsg_commit_by_seq ON dbvsg_commit (seq)".into(),
        "CREATE INDEX IF NOT EXISTS dbvsg_commit_by_time ON dbvsg_commit (committed_at)".into(),
        current_commit(backend),
        shape::support(backend),
        "DROP VIEW IF EXISTS db_vsg".into(),
        view(),
    ]
}

/// A program that knows DBVSG can set `dbvsg.actor` and `dbvsg.message`, local to its transaction.
fn current_commit(backend: &Postgres) -> String {
    let asked = |name: &str| {
        let setting = format!("pg_catalog.current_setting('{name}', true)");
        format!("CASE WHEN {setting} OPERATOR(pg_catalog.<>) '' THEN {setting}")
    };
    format!(
        "CREATE OR REPLACE FUNCTION {function}() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER \
         AS $dbvsg$ DECLARE current bigint; BEGIN \
         IF {COMMIT_SETTING} OPERATOR(pg_catalog.<>) '' THEN RETURN {COMMIT_SETTING}; END IF; \
         current := pg_catalog.nextval('{counter}'); \
         INSERT INTO {pending} (id, actor, operation, message, written_at) \
         VALUES (current, {actor} ELSE session_user END, 'EXTERNAL', {message} END, {NOW}); \
         RETURN pg_catalog.set_config('dbvsg.commit', current::pg_catalog.text, true); END $dbvsg$",
        function = backend.own(CURRENT_COMMIT),
        counter = backend.own("dbvsg_change").replace('\'', "''"),
        pending = backend.own("dbvsg_pending"),
        actor = asked("dbvsg.actor"),
        message = asked("dbvsg.message"),
    )
}

/// The commits, for people with a plain SQL client.
fn view() -> String {
    let moment = |micros: &str| format!("timestamptz 'epoch' + {micros} * interval '1 microsecond'");
    format!(
        "CREATE VIEW db_vsg AS SELECT c.uuid::uuid AS uuid, c.operation, c.query, c.meta, encode(c.hash, 'hex') AS hash, \
         c.actor AS user_id, EXISTS (SELECT 1 FROM dbvsg_table t WHERE t.head_id = c.id) AS is_current, \
         NOT EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.rollbacked_at IS NULL) AS rollbacked, \
         (SELECT {} FROM dbvsg_commit_table x WHERE x.commit_id = c.id) AS rollbacked_at, {} AS created_at, \
         p.uuid::uuid AS parent_uuid FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id \
         ORDER BY c.seq",
        moment("max(x.rollbacked_at)"),
        moment("c.committed_at"),
    )
}
