//! Which commit a change belongs to.
//!
//! The first captured change of a transaction puts a row into `dbvsg_pending`. Its id is kept in a variable of the session,
//! which outlives the transaction, so it is never believed by itself. Within a statement it holds: `UTC_TIMESTAMP(6)` is
//! the same for the whole of it, triggers and functions included, and another one for the next. At the first change of
//! each statement `dbvsg_begin` looks whether the row is still there, and whether the transaction is still the one that
//! wrote it. It is read before it is locked, because to lock a row that is gone would lock the gap in which every other
//! writer's next row comes to stand; and by SELECT INTO, the one way to read in a trigger without taking locks.
//!
//! A commit that is sealed has no row there any more, and a row that is locked is not sealed. So no change can come to
//! belong to a commit that is sealed, or undone.

use super::{NOW, flavour::Flavour};

/// What stands in a trigger before it captures. A clock that was stopped by `SET timestamp` makes plain statements one, as
/// long as their commit is not sealed. It mostly stands at a full second, where the commit is checked for each row; else
/// once in a millisecond.
pub(super) const BEGIN: &str = "IF NOT (@dbvsg_at <=> UTC_TIMESTAMP(6)) OR MICROSECOND(UTC_TIMESTAMP(6)) = 0 \
    OR SYSDATE(6) > @dbvsg_until THEN CALL dbvsg_begin(); END IF;";

/// The name of whoever is connected, without the host. It can hold an `@` itself.
const USER: &str = "LEFT(USER(), CHAR_LENGTH(USER()) - CHAR_LENGTH(SUBSTRING_INDEX(USER(), '@', -1)) - 1)";

pub(super) fn routines(flavour: Flavour) -> Vec<String> {
    let procedure = |name: &str, body: &str| flavour.replace_procedure(name, &format!("() MODIFIES SQL DATA {body}"));
    [procedure("dbvsg_begin", &begin(flavour)), procedure("dbvsg_close", &close())].concat()
}

/// Sets `@dbvsg_commit` to the commit of this transaction, and opens one if there is none: the one that DBVSG opened
/// itself, or an outside writer's.
fn begin(flavour: Flavour) -> String {
    format!(
        "BEGIN DECLARE found BIGINT; DECLARE here TEXT; \
         IF @dbvsg_own IS NOT NULL THEN \
         SELECT MAX(captured) INTO found FROM dbvsg_pending WHERE id = @dbvsg_own AND {in_transaction}; \
         IF found IS NULL THEN SET @dbvsg_own = NULL; ELSE SET @dbvsg_commit = @dbvsg_own; END IF; \
         IF found = 0 THEN UPDATE dbvsg_pending SET captured = 1 WHERE id = @dbvsg_own; END IF; \
         END IF; \
         IF @dbvsg_own IS NULL THEN \
         {transaction} \
         IF here <=> @dbvsg_transaction AND (here IS NOT NULL OR @dbvsg_at <=> UTC_TIMESTAMP(6)) THEN \
         SELECT MAX(id) INTO found FROM dbvsg_pending WHERE id = @dbvsg_commit; \
         IF found IS NOT NULL THEN \
         UPDATE dbvsg_pending SET written_at = GREATEST(written_at + 1, {NOW}) WHERE id = found; \
         IF ROW_COUNT() = 0 THEN SET found = NULL; END IF; \
         END IF; \
         END IF; \
         IF found IS NULL THEN \
         INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) \
         VALUES (@dbvsg_commit := {next}, {USER}, 'EXTERNAL', 1, {NOW}); \
         END IF; \
         SET @dbvsg_transaction = here; \
         END IF; \
         SET @dbvsg_at = UTC_TIMESTAMP(6), @dbvsg_until = SYSDATE(6) + INTERVAL 1000 MICROSECOND; END",
        in_transaction = flavour.in_transaction(),
        transaction = flavour.transaction(),
        next = flavour.next_change(),
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
