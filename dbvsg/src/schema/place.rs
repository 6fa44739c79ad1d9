//! Where a tracked table is by now.

use sea_orm::DatabaseExecutor;

use crate::{
    Result,
    backend::Backend,
    catalog::{Catalog, Tracked},
    model::TableName,
};

/// The name under which a tracked table is found; none if it is gone.
///
/// A table of its own name is the table, even if it was made anew: names are what statements say. Only where there is none
/// is it looked for by the triggers that it carries.
pub(super) async fn find(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    catalog: &Catalog,
    tracked: &Tracked,
) -> Result<Option<TableName>> {
    let name = &tracked.table.name;
    let is_taken = catalog.iter().any(|other| other.id != tracked.id && other.table.name == *name);
    if !is_taken && backend.describe(db, name).await?.is_some() {
        return Ok(Some(name.clone()));
    }
    let mut carriers = elsewhere(db, backend, tracked).await?;
    Ok(if carriers.len() == 1 { carriers.pop() } else { None })
}

/// Other tables that carry its triggers.
pub(super) async fn elsewhere(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    tracked: &Tracked,
) -> Result<Vec<TableName>> {
    let mut carriers = backend.carriers(db, tracked).await?;
    carriers.retain(|carrier| *carrier != tracked.table.name);
    Ok(carriers)
}
