//! The calls of one component.

mod blame;
mod create;
mod delete;
mod diff;
mod export;
mod history;
mod import;
mod lineage;
mod list;
mod replace;
mod restore;
mod rollback;
mod row;
mod update;

use std::{future::Future, sync::Arc};

use serde_json::Value as Json;

use crate::{
    call::Call,
    component::{Component, Shape},
    openapi::schema,
    operation::Operation,
    problem::Problem,
    reply::Reply,
};

/// A component as its handlers have it.
type Rows = Arc<dyn Component>;

pub(super) fn operations(component: &Rows) -> Vec<Operation> {
    let mut operations = vec![list::operation(component), row::operation(component)];
    operations.extend(create::operations(component));
    operations.extend([replace::operation(component), update::operation(component)]);
    operations.extend(delete::operations(component));
    operations.extend([
        restore::operation(component),
        export::operation(component),
        import::operation(component),
        history::operation(component),
        diff::operation(component),
        blame::operation(component),
        lineage::operation(component),
        rollback::operation(component),
    ]);
    let name = &component.shape().component;
    operations.into_iter().map(|operation| operation.tag(name)).collect()
}

/// The path of a component's call: `/users` and what follows.
fn path(component: &Rows, rest: &str) -> String {
    format!("/{}{rest}", component.shape().segment())
}

/// The id of a component's call.
fn id(component: &Rows, call: &str) -> String {
    format!("{}.{call}", component.shape().component)
}

/// The schema of a component, by what it is for: a row that is answered, or `.create`, `.replace`, `.update`.
fn schema_of(component: &Rows, purpose: &str) -> Json {
    schema::named(&format!("{}{purpose}", component.shape().schema_name()))
}

/// A handler of this component.
fn of<F, R>(component: &Rows, handler: F) -> impl Fn(Call) -> R + Send + Sync + 'static
where
    F: Fn(Rows, Call) -> R + Send + Sync + 'static,
    R: Future<Output = Reply> + Send + 'static,
{
    let component = component.clone();
    move |call| handler(component.clone(), call)
}

/// What the engine has to say of a row, with the component it belongs to.
fn problem(shape: &Shape) -> impl FnOnce(dbvsg::Error) -> Problem {
    |error| Problem::from(error).component(&shape.component)
}

/// There is no row with this key.
fn unknown_row(shape: &Shape, key: &str) -> Problem {
    let error = dbvsg::Error::UnknownRow { table: shape.table.clone(), key: key.to_owned() };
    Problem::from(error).component(&shape.component)
}
