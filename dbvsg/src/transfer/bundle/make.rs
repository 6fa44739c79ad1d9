//! Tables and whatever else a bundle's schema holds, made where they are missing.

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};

use crate::{Result, backend::Object, transfer::backup::damaged};

/// Makes objects in the order in which they stand, as far as it goes: one that needs another waits for it. `made` is told of
/// each, in the order in which they are made.
pub(super) async fn make<'a, C>(
    db: &C,
    objects: impl IntoIterator<Item = &'a Object>,
    mut made: impl FnMut(&'a Object) + Send,
) -> Result<()>
where
    C: ConnectionTrait + TransactionTrait,
{
    let mut waiting: Vec<&Object> = objects.into_iter().collect();
    while !waiting.is_empty() {
        let (before, mut refused) = (waiting.len(), None);
        for object in std::mem::take(&mut waiting) {
            match one(db, object).await {
                Ok(()) => made(object),
                Err(error) => {
                    refused.get_or_insert((object, error));
                    waiting.push(object);
                }
            }
        }
        if let Some((object, error)) = refused.filter(|_| waiting.len() == before) {
            let error = crate::Error::from(error);
            if error.is_busy() {
                return Err(error);
            }
            let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            return Err(damaged(format!("its `{}` cannot be made here ({error}{cause})", object.name)));
        }
    }
    Ok(())
}

/// Makes one, or leaves everything as it was: a statement that fails would end the whole transaction on some engines.
async fn one<C: ConnectionTrait + TransactionTrait>(db: &C, object: &Object) -> Result<(), DbErr> {
    use sea_orm::TransactionSession;
    let point = db.begin().await?;
    for sql in &object.sql {
        if let Err(error) = point.execute_unprepared(sql).await {
            point.rollback().await?;
            return Err(error);
        }
    }
    point.commit().await
}
