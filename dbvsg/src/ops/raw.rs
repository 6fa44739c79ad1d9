//! Raw SQL as one commit.

use sea_orm::ConnectionTrait;

use crate::{
    Author, CommitId, Error, Result, Vsg,
    backend::{Token, scan},
    capture,
};

/// What a statement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed {
    /// How many rows it affected, in tracked tables or not.
    pub rows_affected: u64,
    /// The commit, if tracked rows were changed.
    pub commit: Option<CommitId>,
}

/// Statements that end a transaction, or begin one, everywhere.
const BOUNDS: [&str; 6] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"];

/// Statements that end one where DDL does.
const DDL: [&str; 5] = ["CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME"];

/// Runs SQL in one transaction. Costs a transaction's statements and its own.
pub(crate) async fn execute(vsg: &Vsg, author: Author, table: Option<&str>, sql: &str) -> Result<Executed> {
    if let Some(word) = refused(sql, !vsg.backend().transactional_ddl()) {
        let reason = format!("{word} would end the transaction in the middle; leave it out, or run it by itself");
        return Err(Error::NotOneCommit { reason });
    }
    let mut author = author;
    if author.query.is_none() {
        author.query = Some(sql.to_owned());
    }
    let expected = author.expected_parent.take();
    let txn = capture::begin_patiently(vsg, author).await?;
    if let Some(expected) = expected {
        txn.expect_head(table, &expected).await?;
    }
    let rows_affected = txn.execute_unprepared(sql).await?.rows_affected();
    Ok(Executed { rows_affected, commit: txn.commit().await? })
}

/// The first word of a statement that cannot be part of one commit.
fn refused(sql: &str, without_ddl: bool) -> Option<String> {
    let mut at_start = true;
    // What stands between CREATE TRIGGER's BEGIN and END is no statement of its own; nor is what a WITH begins.
    for placed in scan(sql) {
        match placed.token {
            Token::Other(';') => at_start = true,
            Token::Word(word) if at_start => {
                let word = word.to_ascii_uppercase();
                if BOUNDS.contains(&word.as_str()) || without_ddl && DDL.contains(&word.as_str()) {
                    return Some(word);
                }
                if word == "CREATE" {
                    return None;
                }
                at_start = false;
            }
            _ => at_start = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_transaction_is_refused() {
        for sql in ["COMMIT", "UPDATE t SET a = 1; commit", "/* x */ rollback;", "begin; DELETE FROM t"] {
            assert!(refused(sql, false).is_some(), "{sql}");
        }
        for sql in ["UPDATE t SET a = 'x; COMMIT'", "DELETE FROM t; DELETE FROM u", "INSERT INTO t SELECT 1 -- ;end"] {
            assert_eq!(refused(sql, true), None, "{sql}");
        }
        assert_eq!(refused("CREATE TABLE t (a INT)", false), None);
        assert_eq!(refused("truncate t", true).as_deref(), Some("TRUNCATE"));
    }
}
