//! All calls, a file each or a file for a few that belong together.

mod audit;
mod commits;
mod compared;
mod component;
mod copies;
mod git;
mod health;
mod key;
mod meta;
mod retention;
mod shown;
mod tables;
mod tags;

use std::sync::Arc;

use crate::{component::Component, operation::Operation};

/// Every operation of the interface.
pub(crate) fn operations(components: &[Arc<dyn Component>]) -> Vec<Operation> {
    let mut operations: Vec<Operation> = components.iter().flat_map(component::operations).collect();
    operations.extend(health::operations());
    operations.extend(audit::operations());
    operations.extend(copies::operations());
    operations.extend(commits::operations());
    operations.extend(tags::operations());
    operations.extend(tables::operations());
    operations.extend(git::operations());
    operations.extend(retention::operations());
    operations.extend(meta::operations());
    operations
}
