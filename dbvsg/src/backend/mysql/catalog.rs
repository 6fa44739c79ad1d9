//! What the catalog needs beside its tables.

use super::{flavour::Flavour, routines};

/// The tables of the catalog that hold anybody's text.
const TEXTS: [&str; 7] =
    ["dbvsg_branch", "dbvsg_table", "dbvsg_commit", "dbvsg_support", "dbvsg_entry", "dbvsg_tag", "dbvsg_comment"];

/// Compares as bytes do, and takes any text.
const BINARY: &str = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

pub(super) fn support(flavour: Flavour) -> Vec<String> {
    let mut statements: Vec<String> =
        TEXTS.iter().map(|table| format!("ALTER TABLE {table} CONVERT TO {BINARY}")).collect();
    statements
        .push("ALTER TABLE dbvsg_commit MODIFY query LONGTEXT, MODIFY message LONGTEXT, MODIFY meta LONGTEXT".into());
    statements.push("ALTER TABLE dbvsg_commit MODIFY id BIGINT NOT NULL".into());
    statements.extend(flavour.counter());
    statements.push(format!(
        "CREATE TABLE IF NOT EXISTS dbvsg_pending (id BIGINT PRIMARY KEY, uuid VARCHAR(36), actor TEXT NOT NULL, operation TEXT, \
         query LONGTEXT, message LONGTEXT, meta LONGTEXT, captured TINYINT NOT NULL, written_at BIGINT NOT NULL) \
         ENGINE = InnoDB DEFAULT {BINARY}"
    ));
    // It had none.
    statements.push("ALTER TABLE dbvsg_pending ALTER captured SET DEFAULT 1".into());
    statements.push(index("dbvsg_commit_uuid", "UNIQUE", "uuid"));
    statements.push(index("dbvsg_commit_seq", "UNIQUE", "seq"));
    statements.push(index("dbvsg_commit_time", "", "committed_at"));
    statements.extend(routines::routines(flavour));
    statements.push(view());
    statements
}

/// Makes an index of the commits unless it is there, for which MySQL has no words.
fn index(name: &str, kind: &str, column: &str) -> String {
    format!(
        "SET @dbvsg_ddl = IF(EXISTS (SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() \
         AND table_name = 'dbvsg_commit' AND index_name = '{name}'), 'DO 0', 'CREATE {kind} INDEX {name} ON dbvsg_commit ({column})'); \
         PREPARE dbvsg_ddl FROM @dbvsg_ddl; EXECUTE dbvsg_ddl; DEALLOCATE PREPARE dbvsg_ddl"
    )
}

/// The commits, for people with a plain SQL client.
fn view() -> String {
    let moment = |micros: &str| format!("TIMESTAMPADD(MICROSECOND, {micros}, '1970-01-01 00:00:00')");
    format!(
        "CREATE OR REPLACE VIEW db_vsg AS SELECT c.uuid, c.operation, c.query, c.meta, LOWER(HEX(c.hash)) AS hash, \
         c.actor AS user_id, EXISTS (SELECT 1 FROM dbvsg_table t WHERE t.head_id = c.id) AS is_current, \
         NOT EXISTS (SELECT 1 FROM dbvsg_commit_table x WHERE x.commit_id = c.id AND x.rollbacked_at IS NULL) AS rollbacked, \
         (SELECT {} FROM dbvsg_commit_table x WHERE x.commit_id = c.id) AS rollbacked_at, {} AS created_at, \
         p.uuid AS parent_uuid FROM dbvsg_commit c LEFT JOIN dbvsg_commit p ON p.id = c.parent_id \
         ORDER BY c.seq",
        moment("MAX(x.rollbacked_at)"),
        moment("c.committed_at"),
    )
}
