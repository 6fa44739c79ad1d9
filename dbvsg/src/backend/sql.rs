use sea_orm::{ConnectionTrait, ExecResult, QueryResult, Statement, Value as Bound};

use super::Backend;
use crate::{Result, catalog::Tracked, model::Key};

/// A statement in the making: text of ours and values of anybody's, which never mix.
pub(crate) struct Sql {
    backend: &'static dyn Backend,
    text: String,
    values: Vec<Bound>,
}

impl Sql {
    pub(crate) fn new(backend: &'static dyn Backend, text: impl Into<String>) -> Self {
        Self { backend, text: text.into(), values: Vec::new() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a bound value.
    pub(crate) fn bind(&mut self, value: impl Into<Bound>) -> &mut Self {
        self.values.push(value.into());
        let placeholder = self.backend.placeholder(self.values.len());
        self.push(&placeholder)
    }

    /// Adds an expression with a bound value, made from its placeholder.
    pub(crate) fn bind_as(&mut self, expression: impl FnOnce(&str) -> String, value: impl Into<Bound>) -> &mut Self {
        self.values.push(value.into());
        let expression = expression(&self.backend.placeholder(self.values.len()));
        self.push(&expression)
    }

    /// Adds bound values, separated by commas.
    pub(crate) fn bind_all(&mut self, values: impl IntoIterator<Item = impl Into<Bound>>) -> &mut Self {
        for (position, value) in values.into_iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Adds a condition that holds where an alias of a table or its history has this key.
    pub(crate) fn has_key(&mut self, tracked: &Tracked, alias: &str, key: &Key) -> &mut Self {
        for (position, (column, value)) in tracked.table.key_columns().zip(&key.0).enumerate() {
            self.values.push(value.clone().into());
            let bound = self.backend.parameter(column, &self.backend.placeholder(self.values.len()));
            let name = self.backend.quote(&column.name);
            self.push(if position > 0 { " AND " } else { "" }).push(&format!("{alias}.{name} = {bound}"));
        }
        self
    }

    /// The statement.
    pub(crate) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend.builder(), self.text, self.values)
    }

    pub(crate) async fn execute(self, db: &impl ConnectionTrait) -> Result<ExecResult> {
        Ok(db.execute_raw(self.statement()).await?)
    }

    pub(crate) async fn one(self, db: &impl ConnectionTrait) -> Result<Option<QueryResult>> {
        Ok(db.query_one_raw(self.statement()).await?)
    }

    pub(crate) async fn all(self, db: &impl ConnectionTrait) -> Result<Vec<QueryResult>> {
        Ok(db.query_all_raw(self.statement()).await?)
    }
}
