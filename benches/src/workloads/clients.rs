use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use tokio::task::JoinSet;

use super::SEED;
use crate::{
    Error, Result, person,
    side::{Side, Way},
};

/// Clients that update random rows, as fast as they can: one statement each, which returns nothing of the row.
pub(super) struct Clients {
    running: JoinSet<Result<u64>>,
    /// How many updates are to be begun yet.
    left: Arc<AtomicI64>,
}

impl Clients {
    /// Starts so many.
    pub(super) fn start(side: &Side, way: Way, clients: usize, size: u64, updates: i64) -> Self {
        let (mut running, left) = (JoinSet::new(), Arc::new(AtomicI64::new(updates)));
        for client in 0..clients as u64 {
            running.spawn(update(side.clone(), way, size, client, left.clone()));
        }
        Self { running, left }
    }

    /// Tells them to begin no more.
    pub(super) fn stop(&self) {
        self.left.store(0, Ordering::Relaxed);
    }

    /// Waits until they have ended; returns how many updates they did.
    pub(super) async fn end(mut self) -> Result<u64> {
        let mut updates = 0;
        while let Some(client) = self.running.join_next().await {
            updates += client.map_err(|_| Error::Unexpected("a client panicked".to_owned()))??;
        }
        Ok(updates)
    }
}

async fn update(side: Side, way: Way, size: u64, client: u64, left: Arc<AtomicI64>) -> Result<u64> {
    let mut random = fastrand::Rng::with_seed(SEED + client);
    let mut updates = 0;
    while left.fetch_sub(1, Ordering::Relaxed) > 0 {
        let write = side.begin(way).await?;
        person::age(&write, random.i32(1..=size as i32)).await?;
        write.end().await?;
        updates += 1;
    }
    Ok(updates)
}
