//! The table that everything is measured on: rows of about 110 bytes.

use sea_orm::{ConnectionTrait, ExprTrait, Set, entity::prelude::*};

use crate::{Engine, Result};

mod model {
    use dbvsg::Versioned;
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned, Serialize, Deserialize)]
    #[sea_orm(table_name = "person")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
        pub(crate) email: String,
        pub(crate) age: i32,
        pub(crate) note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use model::{ActiveModel, Column, Entity, Model};

/// The table's name.
pub(crate) const TABLE: &str = "person";

/// As many statements as hold the rows of a bulk insert.
const CHUNK: usize = 1000;

/// What stands in every row, to make it as long as rows are.
const NOTE: &str = "met at the fair in spring, wrote twice, wants to be called";

/// A row without its key, which the database gives.
pub(crate) fn row(number: u64) -> ActiveModel {
    let (name, email, age, note) = values(number);
    ActiveModel { name: Set(name), email: Set(email), age: Set(age), note: Set(note.to_owned()), ..Default::default() }
}

/// Its values: name, email, age and note.
pub(crate) fn values(number: u64) -> (String, String, i32, &'static str) {
    (format!("Person number {number}"), format!("person-{number}@example.org"), (number % 90) as i32, NOTE)
}

/// Fills an empty table in one statement, with the keys from 1.
pub(crate) async fn fill(db: &impl ConnectionTrait, engine: Engine, rows: u64) -> Result<()> {
    let series = engine.pick(
        format!("(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s)"),
        format!("(SELECT generate_series(1, {rows}) AS n)"),
        format!("(SELECT seq AS n FROM seq_1_to_{rows})"),
    );
    let sql = format!(
        "INSERT INTO {TABLE} (name, email, age, note) \
         SELECT CONCAT('Person number ', n), CONCAT('person-', n, '@example.org'), n % 90, '{NOTE}' FROM {series} AS s"
    );
    db.execute_unprepared(&sql).await?;
    Ok(())
}

/// Inserts rows as an application would; returns nothing of them.
pub(crate) async fn insert_many(db: &impl ConnectionTrait, numbers: impl Iterator<Item = u64>) -> Result<()> {
    let numbers: Vec<u64> = numbers.collect();
    for chunk in numbers.chunks(CHUNK) {
        Entity::insert_many(chunk.iter().map(|number| row(*number))).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Sets the age of one row through its model.
pub(crate) async fn update(db: &impl ConnectionTrait, id: i32, age: i32) -> Result<()> {
    ActiveModel { id: Set(id), age: Set(age), ..Default::default() }.update(db).await?;
    Ok(())
}

/// Adds a year to the age of one row, so that it is changed whatever it was: one statement, which returns nothing of it.
pub(crate) async fn age(db: &impl ConnectionTrait, id: i32) -> Result<()> {
    let update = Entity::update_many().col_expr(Column::Age, Expr::col(Column::Age).add(1)).filter(Column::Id.eq(id));
    expect_rows(1, update.exec(db).await?.rows_affected)
}

/// Changes every `step`th row of the first `rows`, in one statement.
pub(crate) async fn touch(db: &impl ConnectionTrait, rows: u64, step: u64) -> Result<()> {
    let update = Entity::update_many()
        .col_expr(Column::Age, Expr::col(Column::Age).add(1))
        .filter(Column::Id.lte(rows))
        .filter(Expr::col(Column::Id).modulo(step as i64).eq(0));
    expect_rows(rows / step, update.exec(db).await?.rows_affected)
}

fn expect_rows(expected: u64, written: u64) -> Result<()> {
    if expected == written {
        return Ok(());
    }
    Err(crate::Error::Unexpected(format!("{written} rows were updated, not {expected}")))
}
