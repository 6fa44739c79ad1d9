use sqlx::{
    error::{DatabaseError, ErrorKind as Kind},
    postgres::PgDatabaseError,
};

use crate::{Constraint, backend::Failure};

/// What an error of the server means, by its SQLSTATE.
pub(in crate::backend) fn failure(error: &PgDatabaseError) -> Option<Failure> {
    let code = error.code();
    let named = |name: Option<&str>| name.unwrap_or(error.message()).to_owned();
    let violation = |constraint, name| Some(Failure::Violation(constraint, named(name)));
    match DatabaseError::kind(error) {
        Kind::UniqueViolation => return violation(Constraint::Unique, DatabaseError::constraint(error)),
        Kind::ForeignKeyViolation => return violation(Constraint::ForeignKey, DatabaseError::constraint(error)),
        Kind::NotNullViolation => return violation(Constraint::NotNull, error.column()),
        Kind::CheckViolation => return violation(Constraint::Check, DatabaseError::constraint(error)),
        _ => {}
    }
    match (code, &code[..2.min(code.len())]) {
        // A value that its column cannot take; an exclusion constraint.
        (_, "22") | ("23P01", _) => violation(Constraint::Check, None),
        // Not allowed to; in a read-only transaction, or on a standby.
        ("42501" | "25006", _) => Some(Failure::Denied(error.message().to_owned())),
        // Serialisation, deadlock, lock not available; shutting down, starting up, too many connections, gone.
        ("40001" | "40P01" | "55P03", _) | (_, "08" | "53" | "57") => Some(Failure::Unavailable),
        _ => None,
    }
}
