//! What the errors of the drivers mean.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{
    error::{DatabaseError, ErrorKind as Kind},
    mysql::MySqlDatabaseError,
    postgres::PgDatabaseError,
    sqlite::SqliteError,
};

use super::{mysql, postgres, sqlite};
use crate::Constraint;

/// What a driver's error means to a caller.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// A constraint is violated; the text names it or its columns.
    Violation(Constraint, String),
    /// Another writer is in the way, or the server cannot be reached: trying again can help.
    Unavailable,
    /// The user of the connection may not do this.
    Denied(String),
    /// The column holds what the model's type cannot take.
    Misfit(String),
}

/// Reads an error; none if it means none of these.
pub(crate) fn failure(error: &DbErr) -> Option<Failure> {
    let (DbErr::Exec(RuntimeErr::SqlxError(source))
    | DbErr::Query(RuntimeErr::SqlxError(source))
    | DbErr::Conn(RuntimeErr::SqlxError(source))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)).then_some(Failure::Unavailable);
    };
    match source.as_ref() {
        sqlx::Error::Database(database) => of_database(database.as_ref()).or_else(|| {
            // What refuses a connection for another reason is worth trying again too.
            matches!(error, DbErr::Conn(_)).then_some(Failure::Unavailable)
        }),
        sqlx::Error::ColumnDecode { index, .. } => Some(Failure::Misfit(index.trim_matches('"').to_owned())),
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Some(Failure::Unavailable),
        _ => matches!(error, DbErr::Conn(_)).then_some(Failure::Unavailable),
    }
}

fn of_database(error: &dyn DatabaseError) -> Option<Failure> {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return postgres::failure::failure(error);
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return mysql::failure::failure(error);
    }
    if error.try_downcast_ref::<SqliteError>().is_some_and(sqlite::is_busy) {
        return Some(Failure::Unavailable);
    }
    let constraint = match error.kind() {
        Kind::UniqueViolation => Constraint::Unique,
        Kind::ForeignKeyViolation => Constraint::ForeignKey,
        Kind::NotNullViolation => Constraint::NotNull,
        Kind::CheckViolation => Constraint::Check,
        _ => return None,
    };
    // SQLite says "UNIQUE constraint failed: users.email": what follows the colon names the columns.
    let message = error.message();
    let detail = message.rsplit_once(": ").map_or(message, |(_, tail)| tail);
    Some(Failure::Violation(constraint, detail.to_owned()))
}
