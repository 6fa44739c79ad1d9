use sea_orm::{ConnectionTrait, ExecResult, QueryResult, Statement, Value as Bound};

use super::Backend;
use crate::{
    Result,
    catalog::Tracked,
    model::{Column, Form, Key, Value},
};

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
        let placeholder = self.hold(value);
        self.push(&placeholder)
    }

    /// Adds a bound value of a column.
    pub(crate) fn bind_to(&mut self, column: &Column, value: &Value) -> &mut Self {
        let bound = self.held_for(column, value);
        self.push(&bound)
    }

    /// Adds a bound value of a column, to be compared with [`Backend::comparable`].
    pub(crate) fn bind_comparable(&mut self, column: &Column, value: &Value) -> &mut Self {
        let bound = self.held_for(column, value);
        let comparable = self.backend.comparable(column, &bound);
        self.push(&comparable)
    }

    /// Binds a value and returns its placeholder, which must be the next that is added.
    pub(crate) fn hold(&mut self, value: impl Into<Bound>) -> String {
        self.values.push(value.into());
        self.backend.placeholder(self.values.len())
    }

    fn held_for(&mut self, column: &Column, value: &Value) -> String {
        let placeholder = self.hold(bound(column, value));
        self.backend.parameter(column, &placeholder)
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
            let name = self.backend.quote(&column.name);
            self.push(if position > 0 { " AND " } else { "" })
                .push(&format!("{alias}.{name} = "))
                .bind_to(column, value);
        }
        self
    }

    /// Adds a condition that holds where a table has one of these keys. `before` stands before each name of a column.
    pub(crate) fn has_one_of(&mut self, tracked: &Tracked, before: &str, keys: &[Key]) -> &mut Self {
        let columns: Vec<(&Column, String)> = tracked
            .table
            .key_columns()
            .map(|column| (column, format!("{before}{}", self.backend.quote(&column.name))))
            .collect();
        if let [(column, name)] = &columns[..] {
            self.push(&format!("{name} IN ("));
            for (position, value) in keys.iter().flat_map(|key| &key.0).enumerate() {
                self.push(if position > 0 { ", " } else { "" }).bind_to(column, value);
            }
            return self.push(")");
        }
        self.push("(");
        for (number, key) in keys.iter().enumerate() {
            self.push(if number > 0 { " OR (" } else { "(" });
            for (position, ((column, name), value)) in columns.iter().zip(&key.0).enumerate() {
                self.push(if position > 0 { " AND " } else { "" }).push(&format!("{name} = ")).bind_to(column, value);
            }
            self.push(")");
        }
        self.push(")")
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

/// What a value of a column is bound as. A NULL has the type of the column's other values: PostgreSQL's driver takes the types of the first
/// call of a statement for those of all that follow.
pub(crate) fn bound(column: &Column, value: &Value) -> Bound {
    match (value, column.form) {
        (Value::Null, Form::Bool) => Bound::Bool(None),
        (Value::Null, Form::Integer) => Bound::BigInt(None),
        (Value::Null, Form::Real) => Bound::Double(None),
        (Value::Null, Form::Bytes) => Bound::Bytes(None),
        (value, _) => value.clone().into(),
    }
}
