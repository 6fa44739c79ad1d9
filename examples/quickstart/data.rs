//! The data set, loaded as one commit.

use dbvsg::{Author, LogFilter, Vsg};
use sea_orm::{ActiveModelTrait, IntoActiveModel, sea_query::prelude::rust_decimal::Decimal};

use crate::{
    Failure,
    models::{client, product, user},
};

/// Creates the tables and loads the data, unless the database has a history already.
pub async fn load_once(vsg: &Vsg) -> Result<(), Failure> {
    vsg.create_table::<client::Entity>().await?;
    vsg.create_table::<user::Entity>().await?;
    vsg.create_table::<product::Entity>().await?;
    let clients = vsg.track::<client::Entity>().await?;
    let users = vsg.track::<user::Entity>().await?;
    let products = vsg.track::<product::Entity>().await?;
    if vsg.log(&LogFilter::default()).await?.total > 0 {
        return Ok(());
    }
    let author = Author::new("quickstart").because("the example data set").operation("IMPORT");
    let txn = vsg.begin(author).await?;
    clients.insert_many(&txn, rows(include_str!("../data/clients.csv"), client)?).await?;
    users.insert_many(&txn, rows(include_str!("../data/users.csv"), user)?).await?;
    products.insert_many(&txn, rows(include_str!("../data/products.csv"), product)?).await?;
    txn.commit().await?;
    Ok(())
}

fn client((id, name): (i32, String)) -> client::Model {
    client::Model { id, name }
}

fn user((id, name, email, age): (i32, String, String, Option<i32>)) -> user::Model {
    user::Model { id, name, email, age, deleted_at: None }
}

fn product((id, sku, name, price, stock): (i32, String, String, Decimal, i32)) -> product::Model {
    product::Model { id, sku, name, price, stock }
}

fn rows<T, M, A>(text: &str, model: impl Fn(T) -> M) -> Result<Vec<A>, csv::Error>
where
    T: serde::de::DeserializeOwned,
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.deserialize::<T>();
    records.map(|record| Ok(model(record?).into_active_model().reset_all())).collect()
}
