//! What differs between MariaDB and MySQL. MySQL's part is written by its manual.

use super::lock::PATIENCE;

/// Which of the two a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flavour {
    MariaDb,
    MySql,
}

impl Flavour {
    /// Reads the answer to `SELECT VERSION()`, as `10.11.6-MariaDB-log` or `8.0.36`.
    pub(super) fn of(version: &str) -> Result<Self, String> {
        let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
        let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let (flavour, least) =
            if version.contains("MariaDB") { (Self::MariaDb, (10, 6)) } else { (Self::MySql, (8, 0)) };
        if release < least {
            return Err(format!("the server is version {version}; MariaDB 10.6 or MySQL 8.0 is needed"));
        }
        Ok(flavour)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// Queries that have a row if the server is set up well enough, and what to say if one has none.
    pub(super) fn requirements(self) -> Vec<(&'static str, &'static str)> {
        let by_row = (
            "SELECT 1 AS one FROM DUAL WHERE NOT @@log_bin OR @@binlog_format <> 'STATEMENT'",
            "the binary log holds statements, which a replica would run with other ids; set binlog_format to ROW or MIXED",
        );
        let one_counter = (
            "SELECT 1 AS one FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.global_variables \
             WHERE variable_name = 'WSREP_ON' AND variable_value = 'ON')",
            "it is a node of a Galera cluster, whose nodes give out ids in no common order; commits could not be ordered by them",
        );
        match self {
            Self::MariaDb => vec![by_row, one_counter],
            Self::MySql => vec![
                by_row,
                (
                    "SELECT 1 AS one FROM DUAL WHERE NOT @@log_bin OR @@log_bin_trust_function_creators",
                    "the server takes no function that writes while its binary log is on; set log_bin_trust_function_creators to 1",
                ),
                (
                    "SELECT 1 AS one FROM performance_schema.setup_consumers WHERE enabled = 'YES' \
                 AND name = 'events_transactions_current' AND EXISTS (SELECT 1 FROM performance_schema.setup_instruments i \
                 WHERE i.name = 'transaction' AND i.enabled = 'YES')",
                    "the performance schema has to be on, with the consumer events_transactions_current and the instrument \
                 transaction, as they are by default: triggers tell transactions apart by it",
                ),
            ],
        }
    }

    /// What makes the counter that commits and changes take their ids from.
    pub(super) fn counter(self) -> Vec<String> {
        match self {
            Self::MariaDb => vec!["CREATE SEQUENCE IF NOT EXISTS dbvsg_change CACHE 1000".into()],
            Self::MySql => vec![
                "CREATE TABLE IF NOT EXISTS dbvsg_change (id BIGINT AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB".into(),
                "DROP FUNCTION IF EXISTS dbvsg_next_change".into(),
                "CREATE FUNCTION dbvsg_next_change() RETURNS BIGINT MODIFIES SQL DATA BEGIN \
                 INSERT INTO dbvsg_change VALUES (NULL); DELETE FROM dbvsg_change WHERE id = LAST_INSERT_ID(); \
                 RETURN LAST_INSERT_ID(); END"
                    .into(),
            ],
        }
    }

    /// The next id of the counter, as an expression. It has to stand in the statement that inserts: where it was the default
    /// of a column, MariaDB 10.11 crashed (the whole server) when a statement was killed while it captured.
    pub(super) fn next_change(self) -> &'static str {
        match self {
            Self::MariaDb => "NEXTVAL(dbvsg_change)",
            Self::MySql => "dbvsg_next_change()",
        }
    }

    /// Whether a transaction was begun, as far as an expression can tell.
    pub(super) fn in_transaction(self) -> &'static str {
        match self {
            Self::MariaDb => "@@in_transaction",
            Self::MySql => "TRUE",
        }
    }

    /// How a trigger's common table expressions can name a column of OLD, and what is declared for it before. MariaDB finds
    /// no OLD in an expression that is used twice.
    pub(super) fn old(self, position: usize, quoted_table: &str, quoted_column: &str) -> (String, String) {
        match self {
            Self::MariaDb => {
                let name = format!("dbvsg_old_{position}");
                (format!("DECLARE {name} TYPE OF {quoted_table}.{quoted_column} DEFAULT OLD.{quoted_column}; "), name)
            }
            Self::MySql => (String::new(), format!("OLD.{quoted_column}")),
        }
    }

    /// Sets `here` to what tells this transaction from all others of the session; to NULL if it is the statement's own.
    ///
    /// MariaDB keeps nothing that belongs to a transaction where SQL can read it, so the session's counts of what
    /// begins and ends one are compared. That costs some 200 microseconds, which only a statement inside an explicit
    /// transaction of an outside writer has to pay.
    pub(super) fn transaction(self) -> &'static str {
        match self {
            Self::MariaDb => {
                "IF @@in_transaction THEN \
                 SELECT GROUP_CONCAT(variable_value ORDER BY variable_name) INTO here FROM information_schema.session_status \
                 WHERE variable_name IN ('COM_BEGIN', 'COM_COMMIT', 'COM_ROLLBACK', 'COM_XA_START', 'COM_XA_COMMIT', \
                 'COM_ALTER_TABLE', 'COM_CREATE_INDEX', 'COM_CREATE_TABLE', 'COM_DROP_INDEX', 'COM_DROP_TABLE', 'COM_LOCK_TABLES', \
                 'COM_RENAME_TABLE', 'COM_TRUNCATE'); \
                 END IF;"
            }
            Self::MySql => {
                "SELECT MAX(t.event_id) INTO here FROM performance_schema.events_transactions_current t \
                 WHERE t.thread_id = PS_CURRENT_THREAD_ID() AND t.state = 'ACTIVE';"
            }
        }
    }

    /// Whether the column `c` of the information schema holds JSON under the name of another type, as an expression with the
    /// name of its table as parameter.
    /// MariaDB's JSON is text with a check.
    pub(super) fn is_json_text(self) -> &'static str {
        match self {
            Self::MariaDb => {
                "EXISTS (SELECT 1 FROM information_schema.check_constraints k WHERE k.constraint_schema = DATABASE() \
                 AND k.table_name = ? AND k.constraint_name = c.column_name \
                 AND k.check_clause = CONCAT('json_valid(`', c.column_name, '`)'))"
            }
            Self::MySql => "FALSE",
        }
    }

    /// Creates a procedure, in place of one of that name.
    pub(super) fn replace_procedure(self, name: &str, rest: &str) -> Vec<String> {
        match self {
            Self::MariaDb => vec![format!("CREATE OR REPLACE PROCEDURE {name}{rest}")],
            Self::MySql => {
                vec![format!("DROP PROCEDURE IF EXISTS {name}"), format!("CREATE PROCEDURE {name}{rest}")]
            }
        }
    }

    /// Runs a statement that copies values, or creates a trigger that will, with no SQL mode set: a strict one would refuse
    /// what the table itself took, as a date without a day. A trigger keeps the mode. Neither keeps everybody waiting.
    ///
    /// MySQL cannot set anything for one statement alone, and a session that is left lax after an error would cut what the
    /// application writes: there, the modes of the session and of the table have to be the same.
    pub(super) fn without_mode(self, sql: &str) -> String {
        self.with_mode("", sql)
    }

    /// Runs a statement with this SQL mode.
    pub(super) fn with_mode(self, mode: &str, sql: &str) -> String {
        match self {
            Self::MariaDb => format!("SET STATEMENT sql_mode = '{mode}', lock_wait_timeout = {PATIENCE} FOR {sql}"),
            Self::MySql => sql.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_version() {
        assert_eq!(Flavour::of("10.11.6-MariaDB-0+deb12u1"), Ok(Flavour::MariaDb));
        assert_eq!(Flavour::of("11.4.2-MariaDB"), Ok(Flavour::MariaDb));
        assert_eq!(Flavour::of("8.0.36"), Ok(Flavour::MySql));
        assert!(Flavour::of("10.5.20-MariaDB").is_err());
        assert!(Flavour::of("5.7.44-log").is_err());
    }
}
