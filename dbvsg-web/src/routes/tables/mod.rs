//! `/vsg/tables`: tables over time.

mod compare;
mod enable;
mod past;
mod status;

use dbvsg::Error;

use crate::{call::Call, operation::Operation, problem::Problem};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = Vec::from(status::operations());
    operations.push(enable::operation());
    operations.extend(past::operations());
    operations.push(compare::operation());
    operations.into_iter().map(|operation| operation.tag("tables")).collect()
}

/// The tracked table that the path names.
async fn tracked(call: &Call) -> Result<String, Problem> {
    call.table(&call.segment("table")?).await
}

/// The table that the path names, tracked or not, or not there at all.
async fn named(call: &Call) -> Result<String, Problem> {
    let name = call.segment("table")?;
    match call.vsg().tracked(&name).await {
        Ok(_) => Ok(name),
        Err(Error::NotTracked { .. } | Error::UnknownTable { .. }) => {
            Ok(call.shared().table_of(&name).map_or(name.clone(), str::to_owned))
        }
        Err(error) => Err(error.into()),
    }
}
