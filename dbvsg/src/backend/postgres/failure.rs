use sqlx::{
    error::{DatabaseError, ErrorKind as Kind},
    postgres::PgDatabaseError,
};

use crate::{Constraint, backend::Failure};

/// What an error of the server means, by its SQLSTATE.
pub(in crate::backend) fn failure(error: &PgDatabaseError) -> Option<Failure> {
    let code = error.code();
    let violation = |constraint, name: Option<String>| {
        let name = name.or_else(|| DatabaseError::constraint(error).map(str::to_owned));
        Some(Failure::Violation(constraint, name.unwrap_or_else(|| error.message().to_owned())))
    };
    match DatabaseError::kind(error) {
        Kind::UniqueViolation => return violation(Constraint::Unique, columns(error)),
        Kind::ForeignKeyViolation => return violation(Constraint::ForeignKey, None),
        Kind::NotNullViolation => {
            let place = error.table().zip(error.column()).map(|(table, column)| format!("{table}.{column}"));
            return violation(Constraint::NotNull, place);
        }
        Kind::CheckViolation => return violation(Constraint::Check, None),
        _ => {}
    }
    match (code, &code[..2.min(code.len())]) {
        // A value that its column cannot take; one for a key that is always automatic; an exclusion constraint.
        (_, "22") | ("428C9" | "23P01", _) => violation(Constraint::Check, Some(error.message().to_owned())),
        // Not allowed to; in a read-only transaction, or on a standby.
        ("42501" | "25006", _) => Some(Failure::Denied(error.message().to_owned())),
        // Serialisation, deadlock, lock not available; shutting down, starting up, too many connections, gone.
        ("40001" | "40P01" | "55P03", _) | (_, "08" | "53" | "57") => Some(Failure::Unavailable),
        _ => None,
    }
}

/// The columns of a unique key, from `Key (a, b)=(1, 2) already exists.`; the values are nobody's business.
fn columns(error: &PgDatabaseError) -> Option<String> {
    let (columns, _) = error.detail()?.strip_prefix("Key (")?.split_once(")=(")?;
    let table = error.table()?;
    Some(columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", "))
}
