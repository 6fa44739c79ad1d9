//! Whole copies: `/db/diagram.svg`, `/db/export.zip`, `/db/backup.sqlite`, `/db/restore`

use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    Vec::new()
}
