use sqlx::{
    error::{DatabaseError, ErrorKind as Kind},
    mysql::MySqlDatabaseError,
};

use crate::{Constraint, backend::Failure};

/// What an error of the server means, by its number.
pub(in crate::backend) fn failure(error: &MySqlDatabaseError) -> Option<Failure> {
    let violation = |constraint| Some(Failure::Violation(constraint, detail(error.message()).to_owned()));
    match DatabaseError::kind(error) {
        Kind::UniqueViolation => return violation(Constraint::Unique),
        Kind::ForeignKeyViolation => return violation(Constraint::ForeignKey),
        Kind::NotNullViolation => return violation(Constraint::NotNull),
        Kind::CheckViolation => return violation(Constraint::Check),
        _ => {}
    }
    match error.number() {
        1062 | 1169 | 1586 => violation(Constraint::Unique),
        1216 | 1217 | 1451 | 1452 => violation(Constraint::ForeignKey),
        1048 | 1263 | 1364 => violation(Constraint::NotNull),
        // A CHECK; a value that its column cannot take, or whose letters its character set lacks.
        3819 | 4025 | 1267 | 1264 | 1265 | 1292 | 1366 | 1367 | 1406 | 1416 | 3140 => violation(Constraint::Check),
        // No right to a database, table, column, routine or command; log_bin_trust_function_creators; read-only.
        1044 | 1045 | 1142 | 1143 | 1227 | 1290 | 1370 | 1419 | 1698 | 1792 | 1836 => {
            Some(Failure::Denied(error.message().to_owned()))
        }
        // Lock wait timeout, deadlock, killed while it counted, tables altered under it, record changed since; too many
        // connections, shutting down, killed, gone.
        1205 | 1213 | 1467 | 1615 | 1020 | 1040 | 1053 | 1077 | 1203 | 1317 | 1927 | 2006 | 2013 => {
            Some(Failure::Unavailable)
        }
        _ => None,
    }
}

/// What stands before the name of a constraint, of a key (which MySQL puts behind its table's), or of a column.
const BEFORE: [(&str, char); 4] = [("CONSTRAINT `", '`'), (" for key '", '\''), ("Column '", '\''), ("Field '", '\'')];

/// The name that a message says: of the key, the constraint or the column. A value stands before the name of its key, and
/// can hold anything.
fn detail(message: &str) -> &str {
    let name = BEFORE.iter().find_map(|(before, end)| {
        let (_, rest) = message.rsplit_once(before)?;
        let name = rest.split(*end).next()?;
        Some(if before.contains("key") { name.rsplit('.').next().unwrap_or(name) } else { name })
    });
    name.unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::detail;

    #[test]
    fn a_message_tells_the_name() {
        for (message, name) in [
            ("Duplicate entry 'it' for key 'users.email'", "email"),
            ("Duplicate entry 'x' for key 'y' for key 'PRIMARY'", "PRIMARY"),
            ("Field 'email' doesn't have a default value", "email"),
            ("Column 'name' cannot be null", "name"),
            (
                "Cannot delete or update a parent row: a foreign key constraint fails (`d`.`c`, CONSTRAINT `c_p` FOREIGN KEY (`p`) \
                 REFERENCES `p` (`id`))",
                "c_p",
            ),
            ("CONSTRAINT `positive` failed for `d`.`t`", "positive"),
            ("something else", "something else"),
        ] {
            assert_eq!(detail(message), name);
        }
    }
}
