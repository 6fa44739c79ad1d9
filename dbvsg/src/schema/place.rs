//! Where a tracked table is by now.

use sea_orm::DatabaseExecutor;

use super::{Refresh, pair::renamed};
use crate::{
    Error, Result,
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
    if !is_taken && backend.describe(db, name).await?.is_some() && !is_of_another(db, backend, catalog, tracked).await?
    {
        return Ok(Some(name.clone()));
    }
    let mut carriers = elsewhere(db, backend, tracked).await?;
    Ok(if carriers.len() == 1 { carriers.pop() } else { None })
}

/// Whether the table of its name is another tracked table, which was renamed.
async fn is_of_another(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    catalog: &Catalog,
    tracked: &Tracked,
) -> Result<bool> {
    let name = &tracked.table.name;
    if backend.carriers(db, tracked).await?.contains(name) {
        return Ok(false);
    }
    for other in catalog.all().filter(|other| other.id != tracked.id) {
        if backend.carriers(db, other).await?.contains(name) && backend.describe(db, &other.table.name).await?.is_none()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses hints that fit none of the tables, which are where they are by now.
pub(super) async fn check_hints(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    places: &[(Tracked, Option<TableName>)],
    hints: &Refresh,
) -> Result<()> {
    for (from, to) in &hints.renamed {
        let (mut fits, mut was) = (false, false);
        for (tracked, home) in places {
            was |= tracked.known.iter().any(|known| known.live.as_ref() == Some(from));
            let Some(home) = home else { continue };
            let table = backend.describe(db, home).await?;
            fits |= table.is_some_and(|table| renamed(&tracked.known, &table, from, to).is_some());
        }
        if !fits {
            let tables: Vec<String> = places.iter().map(|(tracked, _)| tracked.name()).collect();
            let column = if was { to } else { from };
            return Err(Error::UnknownColumn { table: tables.join("`, `"), column: column.clone() });
        }
    }
    Ok(())
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
