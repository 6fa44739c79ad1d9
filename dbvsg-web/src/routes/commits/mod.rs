//! `/vsg`: commits and what they hold.

mod diff;
mod logs;
mod one;
mod state;
mod verify;

pub(super) use diff::Kind;

use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = vec![logs::operation()];
    operations.extend(one::operations());
    operations.extend([state::operation(), diff::operation(), verify::operation()]);
    operations
}
