use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::names;
use crate::{
    Figure, Result, Run,
    measure::{Sample, Turns},
    person,
    side::{Side, Way},
};

/// Many rows in one transaction: inserted by a thousand, updated by one statement, deleted by one.
pub(crate) async fn bulk(run: &mut Run<'_>) -> Result<()> {
    let pair = run.pair(run.engine().durabilities()[0]).await?;
    let (count, mut samples) = (run.settings.scale.bulk, <[[Sample; 3]; 2]>::default());
    for turn in Turns::within(run.settings.scale.turns * 2) {
        for (side, [inserts, updates, deletes]) in pair.sides().iter().zip(&mut samples) {
            let last = last_key(side).await?;
            inserts.time(turn, insert(side, count)).await?;
            updates.time(turn, update(side, last)).await?;
            deletes.time(turn, delete(side, last)).await?;
        }
        pair.vsg().seal().await?;
    }
    let [plain, versioned] = &samples;
    for (what, (plain, versioned)) in names::WRITES.into_iter().zip(plain.iter().zip(versioned)) {
        run.add(Figure::times(names::bulk(what), pair.size, plain, versioned).of(count))?;
    }
    pair.close().await
}

/// The greatest key before the rows are inserted that are then updated and deleted.
async fn last_key(side: &Side) -> Result<i32> {
    let last = person::Entity::find().select_only().column_as(person::Column::Id.max(), "last");
    Ok(last.into_tuple::<Option<i32>>().one(&side.db()).await?.flatten().unwrap_or_default())
}

async fn insert(side: &Side, count: u64) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    person::insert_many(&write, 0..count).await?;
    write.end().await
}

async fn update(side: &Side, last: i32) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    let update = person::Entity::update_many().col_expr(person::Column::Age, Expr::col(person::Column::Age).add(1));
    update.filter(person::Column::Id.gt(last)).exec(&write).await?;
    write.end().await
}

async fn delete(side: &Side, last: i32) -> Result<()> {
    let write = side.begin(Way::Transaction).await?;
    person::Entity::delete_many().filter(person::Column::Id.gt(last)).exec(&write).await?;
    write.end().await
}
