//! A writer to be killed, or to be one of many: moves amounts between accounts until it is told to stop, and prints each
//! commit as soon as it is safe. Usage: `writer URL NAME [COUNT]`.

use std::io::Write;

use dbvsg::{Error, Vsg, sea_orm::ConnectionTrait};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err(Error::UnsupportedDatabase { reason: "usage: writer URL NAME [COUNT]".into() });
    };
    let count = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(u64::MAX);
    let vsg = Vsg::connect(&url).await?;
    let sealer = vsg.seal_in_background(std::time::Duration::from_millis(3));
    let mut seed = u64::from(std::process::id());
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % below
    };
    for round in 0..count {
        let (from, to, amount) = (random(20), random(20), random(9) as i64 + 1);
        // In the order of the keys, as all do who write here: so nobody waits in a circle.
        let (low, high, amount) = if from < to { (from, to, amount) } else { (to, from, -amount) };
        let txn = vsg.begin(name.as_str()).await?;
        txn.execute_unprepared(&format!("UPDATE account SET amount = amount - {amount} WHERE id = {low}")).await?;
        txn.execute_unprepared(&format!("UPDATE account SET amount = amount + {amount} WHERE id = {high}")).await?;
        txn.execute_unprepared(&format!("INSERT INTO transfer (who, n) VALUES ('{name}', {round})")).await?;
        if round % 5 == 3 {
            txn.rollback().await?;
        } else if let Some(commit) = txn.commit().await? {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{commit}").and_then(|()| out.flush());
        }
    }
    sealer.abort();
    Ok(())
}
