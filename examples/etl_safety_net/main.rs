//! A bad bulk transformation, written in raw SQL by a program that has never heard of DBVSG, is seen and undone.
//! Run it with `cargo run --example etl_safety_net`.

use dbvsg::{ApplyOptions, Author, Reference, RowDiff, Vsg, model::json};
use futures_util::TryStreamExt;
use sea_orm::ConnectionTrait;

#[tokio::main]
async fn main() -> dbvsg::Result<()> {
    let folder = tempfile::tempdir().map_err(dbvsg::Error::file("a temporary folder"))?;
    let vsg = Vsg::connect(&format!("sqlite://{}/shop.db?mode=rwc", folder.path().display())).await?;
    let db = vsg.connection();
    db.execute_unprepared(
        "CREATE TABLE price (sku TEXT PRIMARY KEY, country TEXT NOT NULL, cents INTEGER NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO price SELECT 'sku-' || i, CASE i % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' ELSE 'IT' END, i * 10 FROM n",
    )
    .await?;

    // One call, and whatever happens to the table from now on is kept.
    vsg.enable("price").await?;
    let before = vsg.commit("HEAD").await?.uuid;

    // The nightly job. It means to raise the German prices by 5 %, and a bracket is missing.
    db.execute_unprepared("UPDATE price SET cents = cents * 105 / 100 WHERE country = 'DE' OR cents > 0").await?;
    db.execute_unprepared("DELETE FROM price WHERE cents < 100").await?;
    // Meanwhile somebody does honest work.
    let work = Author::new("ann").because("a new article");
    vsg.execute(work, Some("price"), "INSERT INTO price VALUES ('sku-new', 'DE', 999)").await?;

    println!("what happened since:");
    let mut seen = [0, 0, 0];
    let mut example = None;
    let mut rows = Box::pin(vsg.diff("price", &before.into(), &"HEAD".parse::<Reference>()?).await?);
    let table = vsg.tracked("price").await?;
    while let Some(row) = rows.try_next().await? {
        match row {
            RowDiff::Added { .. } => seen[0] += 1,
            RowDiff::Removed { .. } => seen[1] += 1,
            RowDiff::Changed { from, to, .. } => {
                seen[2] += 1;
                let shown = |row| json::encode_row(&table.table, row)["cents"].clone();
                example.get_or_insert((shown(&from), shown(&to)));
            }
            _ => {}
        }
    }
    println!("  {} added, {} removed, {} changed", seen[0], seen[1], seen[2]);
    if let Some((from, to)) = example {
        println!("  for example from {from} to {to} cents");
    }
    for commit in vsg.log(&Default::default()).await?.items {
        let (inserted, updated, deleted) =
            commit.tables.iter().fold((0, 0, 0), |sum, t| (sum.0 + t.inserted, sum.1 + t.updated, sum.2 + t.deleted));
        println!("  {:<9} by {:<9} +{inserted} ~{updated} -{deleted}", commit.operation, commit.actor);
    }

    // The job's commits are taken back one by one, newest first, and what came later stays.
    let log = vsg.log(&Default::default()).await?.items;
    let bad: Vec<_> = log.iter().filter(|commit| commit.operation == "EXTERNAL").map(|commit| commit.uuid).collect();
    let author = Author::new("ops").because("the job was wrong");
    for commit in bad {
        let told = vsg.revert(&author, commit, &ApplyOptions::table("price").dry_run()).await?;
        println!("to be taken back: {} rows, {} conflicts", told.rows(), told.conflicts.len());
        vsg.revert(&author, commit, &ApplyOptions::table("price")).await?;
    }

    let left: Vec<RowDiff> =
        vsg.diff("price", &before.into(), &"HEAD".parse::<Reference>()?).await?.try_collect().await?;
    println!("left of it: {} row(s) differ, the new article", left.len());
    println!("history is sound: {}", vsg.verify().await?.ok);
    Ok(())
}
