use super::Backend;
use crate::model::{Column, TableName};

/// What becomes of a history table.
#[derive(Debug, Default)]
pub(crate) struct Alteration {
    /// Statements of [`super::Retype`], which name columns as they were.
    pub(crate) retyped: Vec<String>,
    /// Columns with another name: the old one and the new one.
    pub(crate) renamed: Vec<(String, String)>,
    /// Columns of the table that come to it.
    pub(crate) added: Vec<Column>,
    /// The name that the history has then, if it is another.
    pub(crate) moved: Option<TableName>,
}

impl Alteration {
    /// Whether a column takes the name that another leaves.
    pub(super) fn is_circular(&self) -> bool {
        let is_left = |name: &str| self.renamed.iter().any(|(from, _)| from.eq_ignore_ascii_case(name));
        self.renamed.iter().any(|(_, to)| is_left(to))
    }

    /// One statement for each rename, where the engine knows no other. Names that change places go by way of others.
    pub(super) fn renames(&self, backend: &dyn Backend, history: &TableName) -> Vec<String> {
        let rename = |from: &str, to: &str| {
            let (from, to) = (backend.quote(from), backend.quote(to));
            format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", backend.quote_table(history))
        };
        if !self.is_circular() {
            return self.renamed.iter().map(|(from, to)| rename(from, to)).collect();
        }
        let between = |place: usize| format!("vsg_move_{place}");
        let away = self.renamed.iter().enumerate().map(|(place, (from, _))| rename(from, &between(place)));
        let back = self.renamed.iter().enumerate().map(|(place, (_, to))| rename(&between(place), to));
        away.chain(back).collect()
    }
}
