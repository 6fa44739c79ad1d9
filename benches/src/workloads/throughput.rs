use std::time::{Duration, Instant};

use super::{clients::Clients, names, sealing::Sealing};
use crate::{
    Figure, Result, Run,
    measure::{Sample, Turns},
    side::{Side, Way},
};

/// How many rounds each side has, one more to warm up.
const ROUNDS: u32 = 5;

/// How many clients there are.
const CLIENTS: [usize; 2] = [1, 8];

/// Updates a second: of the plain table; of the tracked one, sealed after each round; and of the tracked one while it is
/// sealed.
pub(crate) async fn throughput(run: &mut Run<'_>) -> Result<()> {
    for durability in run.engine().durabilities() {
        let pair = run.pair(*durability).await?;
        let round = run.settings.scale.round;
        for (way, clients) in Way::ALL.into_iter().flat_map(|way| CLIENTS.map(|clients| (way, clients))) {
            let [mut plain, mut versioned, mut sealed] = <[Sample; 3]>::default();
            for turn in Turns::within(round * 3 * ROUNDS) {
                let [one, other] = pair.sides();
                plain.add(turn, rate(&one, way, clients, pair.size, round).await?);
                versioned.add(turn, rate(&other, way, clients, pair.size, round).await?);
                pair.vsg().seal().await?;
                let sealing = Sealing::start(pair.vsg());
                sealed.add(turn, rate(&other, way, clients, pair.size, round).await?);
                sealing.end(pair.vsg()).await?;
            }
            let name = names::throughput(way, clients, durability.suffix());
            run.add(Figure::rates(&name, pair.size, &plain, &versioned))?;
            run.add(Figure::rates(names::sealed_meanwhile(&name), pair.size, &plain, &sealed))?;
        }
        pair.close().await?;
    }
    Ok(())
}

/// How many updates a second so many clients do in a round.
async fn rate(side: &Side, way: Way, clients: usize, size: u64, round: Duration) -> Result<f64> {
    let begun = Instant::now();
    let clients = Clients::start(side, way, clients, size, i64::MAX);
    tokio::time::sleep(round).await;
    clients.stop();
    let updates = clients.end().await?;
    Ok(updates as f64 / begun.elapsed().as_secs_f64())
}
