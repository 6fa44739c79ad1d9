//! Plain values: what a row, a table, a commit, a reference is. Nothing here touches a database.

mod annotation;
mod array;
mod author;
mod commit;
mod key;
mod reference;
mod row;
mod table;
mod value;

pub use annotation::{Comment, Tag};
pub use author::Author;
pub use commit::{Change, Commit, CommitId, CommitTable, Hash, Op, Version};
pub use key::Key;
pub(crate) use key::{percent_decode, percent_encode};
pub use reference::Reference;
pub use row::Row;
pub(crate) use table::{Action, Cascade};
pub use table::{Column, ColumnKind, ForeignKey, Form, Table, TableName, UniqueKey};
pub(crate) use value::Stored;
pub use value::Value;

pub mod json;
pub mod time;
