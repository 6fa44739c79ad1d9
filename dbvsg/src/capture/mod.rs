//! Capture: the database writes history, in the writer's own transaction.

mod enable;
mod stepwise;
mod txn;

pub use enable::Policy;
pub(crate) use enable::{enable, enable_within, obstacle};
pub(crate) use stepwise::{clean_up, try_turn, turn};
pub use txn::{Txn, TxnConnection};
pub(crate) use txn::{begin, begin_on, begin_patiently, begin_read, begin_write, transaction};
