//! The untyped layer: the rows of any tracked table, by the table's name, as JSON.

mod insert;
mod query;
mod read;
mod rollback;
mod write;

use std::sync::Arc;

use serde_json::{Map, Value as Json};

pub use query::{Compare, Query};
pub use read::GatewayAt;

use crate::{Error, Key, Result, Tracked, Vsg, accessor::Session};

/// A row as JSON: its columns by their names, in the forms of [`model::json`](crate::model::json).
pub type Fields = Map<String, Json>;

/// What is wrong with rows that were to be inserted, and with which, if that can be told.
#[derive(Debug)]
pub struct Refused {
    /// The position of the row.
    pub row: Option<usize>,
    /// What is wrong.
    pub error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { row: None, error }
    }
}

/// The rows of one tracked table, without a model of it: an [`Accessor`](crate::Accessor) by the table's name.
///
/// Rows are JSON objects, keys are [`Key`](crate::Key)s. What a row leaves out gets its default. Every write takes a
/// [`Scope`](crate::Scope): the author of a commit of its own, or `&txn` to join a transaction. There are neither hooks
/// nor record limits, and a delete deletes: those are what a model says of its table.
///
/// It is cheap to make and to clone. It follows a table whose shape changes.
///
/// ```
/// use dbvsg::{Compare, Key, Vsg, sea_orm::ConnectionTrait};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dbvsg::Result<()> {
/// let vsg = Vsg::connect("sqlite::memory:").await?;
/// vsg.connection().execute_unprepared("CREATE TABLE pay (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER)").await?;
/// vsg.enable("pay").await?;
///
/// let pay = vsg.gateway("pay").await?;
/// let ann = json!({"name": "Ann", "amount": 100}).as_object().cloned().unwrap_or_default();
/// let row = pay.insert("bob", ann).await?;
/// assert_eq!(row["id"], 1);
///
/// let key = Key::parse(&pay.table().await?, "1")?;
/// let more = json!({"amount": 200}).as_object().cloned().unwrap_or_default();
/// pay.update("bob", &key, more).await?;
/// assert_eq!(pay.find().filter("amount", Compare::Greater(json!(150))).count().await?, 1);
///
/// assert_eq!(pay.at("HEAD~1").await?.get(&key).await?.unwrap()["amount"], 100);
/// pay.rollback("bob", &key, "HEAD~1").await?;
/// assert_eq!(pay.get(&key).await?.unwrap()["amount"], 100);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Gateway {
    vsg: Vsg,
    name: String,
}

impl Vsg {
    /// The rows of a tracked table, by its name. No query, unless the table is not known yet to be tracked.
    ///
    /// # Errors
    /// [`Error::NotTracked`](crate::Error::NotTracked), [`Error::UnknownTable`](crate::Error::UnknownTable).
    pub async fn gateway(&self, table: &str) -> Result<Gateway> {
        let name = self.tracked(table).await?.name();
        Ok(Gateway { vsg: self.clone(), name })
    }
}

impl Gateway {
    /// The database.
    pub fn vsg(&self) -> &Vsg {
        &self.vsg
    }

    /// The table's name as it is written in calls and answers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table as it is now, and how it is tracked. No query, unless it is not tracked any more.
    ///
    /// # Errors
    /// As [`Vsg::gateway`].
    pub async fn tracked(&self) -> Result<Arc<Tracked>> {
        self.vsg.tracked(&self.name).await
    }

    /// The table as it is now.
    ///
    /// # Errors
    /// As [`Vsg::gateway`].
    pub async fn table(&self) -> Result<crate::Table> {
        Ok(self.tracked().await?.table.clone())
    }

    /// The table, for a call about rows with these keys.
    async fn tracked_for(&self, keys: &[Key]) -> Result<Arc<Tracked>> {
        let tracked = self.tracked().await?;
        keys.iter().try_for_each(|key| key.check(&tracked.table))?;
        Ok(tracked)
    }

    async fn open<'a>(&self, scope: impl Into<crate::Scope<'a>>) -> Result<Session<'a>> {
        crate::accessor::open(&self.vsg, &self.name, scope).await
    }
}
