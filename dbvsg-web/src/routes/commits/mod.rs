//! `/vsg`: commits and what they hold.

mod comments;
mod diff;
mod logs;
mod one;
mod state;
mod verify;

use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = vec![logs::operation()];
    operations.extend(one::operations());
    operations.extend(comments::operations());
    operations.extend([state::operation(), diff::operation(), verify::operation()]);
    operations
}
