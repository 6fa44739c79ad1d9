//! Which commit a change belongs to.
//!
//! The first captured change of a transaction puts a row into `dbvsg_pending`. Its id is kept in a variable of the session,
//! which outlives the transaction, so it is never believed by itself. Within a statement it holds: `@@timestamp`, to the
//! microsecond, is the same for the whole of it, triggers and functions included, and another one for the next. At the first
//! change of each statement it is looked up whether the row is still there, and whether the transaction is still the one that
//! wrote it. It is read before it is locked, because to lock a row that is gone would lock the gap in which every other
//! writer's next row comes to stand; and by SELECT INTO, the one way to read in a trigger without taking locks.
//!
//! A commit that is sealed has no row there any more, and a row that is locked is not sealed. So no change can come to
//! belong to a commit that is sealed, or undone.
//!
//! Each instruction of a trigger costs some microseconds, whatever it does, and each table that a routine names is opened and
//! locked by every statement, whether it is read or not. So a plain statement's commit is opened in the trigger itself, by as
//! few instructions as can be.

use super::{NOW, flavour::Flavour};

/// What stands in a trigger before it captures. A clock that was stopped by `SET timestamp` makes plain statements one, as
/// long as their commit is not sealed. It mostly stands at a full second, where the commit is looked up for each row; else
/// once in a millisecond. The second row of a statement finds no such time, or one that is past, and sets it.
///
/// A statement that is its own transaction, where nothing is left of another one, needs no look: its commit is new.
pub(super) fn begin(flavour: Flavour) -> String {
    format!(
        "IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN \
         IF NOT {in_transaction} AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL \
         AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN {open} ELSE CALL dbvsg_begin(); END IF; END IF;",
        in_transaction = flavour.in_transaction(),
        open = open(flavour),
    )
}

pub(super) fn routines(flavour: Flavour) -> Vec<String> {
    let procedure = |name: &str, body: &str| flavour.replace_procedure(name, &format!("() MODIFIES SQL DATA {body}"));
    [procedure("dbvsg_begin", &find(flavour)), procedure("dbvsg_close", &close())].concat()
}

/// Opens the commit of an outside writer. The actor is whoever is connected, without the host; the name can hold an `@` itself.
fn open(flavour: Flavour) -> String {
    format!(
        "INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := {next}, \
         LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, {NOW});",
        next = flavour.next_change(),
    )
}

/// Sets `@dbvsg_commit` to the commit of this transaction, and opens one if there is none: the one that DBVSG opened
/// itself, or an outside writer's. A statement that goes on for longer than a millisecond is still of the transaction that it
/// was of, which is dear to find out; only whether the commit is there is looked up again.
fn find(flavour: Flavour) -> String {
    format!(
        "BEGIN DECLARE found BIGINT; DECLARE here TEXT; \
         IF @dbvsg_own IS NOT NULL THEN \
         SELECT MAX(captured) INTO found FROM dbvsg_pending WHERE id = @dbvsg_own AND {in_transaction}; \
         IF found IS NULL THEN SET @dbvsg_own = NULL; ELSE SET @dbvsg_commit = @dbvsg_own; END IF; \
         IF found = 0 THEN UPDATE dbvsg_pending SET captured = 1 WHERE id = @dbvsg_own; END IF; \
         END IF; \
         IF @dbvsg_own IS NULL THEN \
         IF @dbvsg_statement <=> @@timestamp AND MICROSECOND(UTC_TIMESTAMP(6)) > 0 THEN SET here = @dbvsg_transaction; \
         ELSE {transaction} END IF; \
         IF here <=> @dbvsg_transaction AND (here IS NOT NULL OR @dbvsg_statement <=> @@timestamp) THEN \
         SELECT MAX(id) INTO found FROM dbvsg_pending WHERE id = @dbvsg_commit; \
         IF found IS NOT NULL THEN \
         UPDATE dbvsg_pending SET written_at = GREATEST(written_at + 1, {NOW}) WHERE id = found; \
         IF ROW_COUNT() = 0 THEN SET found = NULL; END IF; \
         END IF; \
         END IF; \
         IF found IS NULL THEN {open} END IF; \
         SET @dbvsg_transaction = here; \
         END IF; \
         SET @dbvsg_statement = @@timestamp, \
         @dbvsg_until = SYSDATE(6) + INTERVAL IF(MICROSECOND(UTC_TIMESTAMP(6)) = 0, 0, 1000) MICROSECOND; END",
        in_transaction = flavour.in_transaction(),
        transaction = flavour.transaction(),
        open = open(flavour),
    )
}

/// Ends a transaction of DBVSG's: notes the time, or takes the commit back if nothing was captured. Selects 1 if something
/// was. No function, because a server that writes a binary log takes none that writes.
fn close() -> String {
    format!(
        "BEGIN DECLARE found BIGINT; \
         SELECT MAX(captured) INTO found FROM dbvsg_pending WHERE id = @dbvsg_own; \
         IF found = 1 THEN UPDATE dbvsg_pending SET written_at = {NOW} WHERE id = @dbvsg_own; \
         ELSEIF found = 0 THEN DELETE FROM dbvsg_pending WHERE id = @dbvsg_own; END IF; \
         SET @dbvsg_own = NULL; SELECT found AS captured; END"
    )
}
