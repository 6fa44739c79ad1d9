//! How much of the past of a table retention has left.

use std::collections::HashMap;

use sea_orm::DatabaseExecutor;

use crate::{
    Result,
    backend::{Backend, Sql},
    model::time,
};

/// What is left of the past of a table. By default all of it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Retained {
    /// The seq from which it is whole; zero if it was never pruned.
    pub(crate) horizon: i64,
    /// The commit there and its time, for people.
    pub(crate) from: String,
    /// The states before that which are kept: each from one seq (included) to another (excluded), in their order.
    pub(crate) kept: Vec<(i64, i64)>,
}

impl Retained {
    /// Whether the state at this seq can be told.
    pub(crate) fn holds(&self, seq: i64) -> bool {
        let after = self.kept.partition_point(|(first, _)| *first <= seq);
        seq >= self.horizon || after > 0 && seq < self.kept[after - 1].1
    }
}

/// What is left of each table that was pruned, by its id. One query, and another if there are any.
pub(super) async fn load(db: &DatabaseExecutor<'_>, backend: &'static dyn Backend) -> Result<HashMap<i64, Retained>> {
    let sql = "SELECT h.table_id, h.seq, c.uuid, c.committed_at FROM dbvsg_horizon h LEFT JOIN dbvsg_commit c ON c.seq = h.seq";
    let mut found = HashMap::new();
    for row in Sql::new(backend, sql).all(db).await? {
        let uuid: Option<String> = row.try_get("", "uuid")?;
        let at: Option<i64> = row.try_get("", "committed_at")?;
        let at = time::to_text(time::from_micros(at.unwrap_or_default()));
        let from = format!("commit {} of {at}", uuid.unwrap_or_default());
        let retained = Retained { horizon: row.try_get("", "seq")?, from, kept: Vec::new() };
        found.insert(row.try_get::<i64>("", "table_id")?, retained);
    }
    if found.is_empty() {
        return Ok(found);
    }
    let sql = "SELECT table_id, first_seq, end_seq FROM dbvsg_kept ORDER BY table_id, first_seq";
    for row in Sql::new(backend, sql).all(db).await? {
        if let Some(retained) = found.get_mut(&row.try_get::<i64>("", "table_id")?) {
            retained.kept.push((row.try_get("", "first_seq")?, row.try_get("", "end_seq")?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_and_what_is_kept_can_be_told() {
        let retained = Retained { horizon: 20, from: String::new(), kept: vec![(3, 5), (9, 10)] };
        let told: Vec<i64> = (0..23).filter(|seq| retained.holds(*seq)).collect();
        assert_eq!(told, [3, 4, 9, 20, 21, 22]);
        assert!(Retained::default().holds(0));
    }
}
