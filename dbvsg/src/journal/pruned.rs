//! Proof of what retention took away.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{DatabaseTransaction, QueryResult};

use super::{
    canonical::{Header, TableEntry},
    kept::{self, PruneNote},
    stored::Loss,
    verify::Verification,
};
use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Catalog,
};

/// What retention took away, as the PRUNE commits and the catalog tell it.
pub(super) struct Pruned {
    /// By table: the seq from which the catalog says that its past is whole.
    horizons: HashMap<i64, i64>,
    /// By table: what its newest PRUNE commit says.
    said: HashMap<i64, PruneNote>,
}

impl Pruned {
    pub(super) async fn read(txn: &DatabaseTransaction, backend: &'static dyn Backend) -> Result<Self> {
        let rows = Sql::new(backend, "SELECT table_id, seq FROM dbvsg_horizon").all(txn).await?;
        let horizon = |row: &QueryResult| Result::Ok((row.try_get("", "table_id")?, row.try_get("", "seq")?));
        Ok(Self { horizons: rows.iter().map(horizon).collect::<Result<_>>()?, said: HashMap::new() })
    }

    /// Nothing may be gone but from before the horizon: what is after it is proven by its rows.
    pub(super) fn see(
        &mut self,
        header: &Header,
        tables: &[TableEntry],
        losses: &HashMap<(i64, i64), Loss>,
        found: &mut Verification,
    ) {
        for entry in tables.iter().filter(|entry| losses.contains_key(&(header.id, entry.table))) {
            if self.horizons.get(&entry.table).is_none_or(|horizon| *horizon < header.seq) {
                found.problem(None, Some(header), "its changes are said to be pruned, and no horizon is after it");
            }
        }
        self.said.extend(kept::notes(header, tables).into_iter().map(|note| (note.id, note)));
    }

    /// What is left must be what the newest PRUNE commits left.
    pub(super) async fn check(
        self,
        txn: &DatabaseTransaction,
        backend: &'static dyn Backend,
        catalog: &Catalog,
        found: &mut Verification,
    ) -> Result<()> {
        let tables: BTreeSet<i64> = self.horizons.keys().chain(self.said.keys()).copied().collect();
        for id in tables {
            let tracked = catalog.by_id(id).map(|tracked| &**tracked);
            let (horizon, said) = (self.horizons.get(&id), self.said.get(&id));
            let agree = said.filter(|said| horizon == Some(&said.horizon));
            let Some(said) = agree else {
                found.problem(tracked, None, "its horizon is not the one that its newest PRUNE commit tells");
                continue;
            };
            let digest = match tracked {
                Some(tracked) => kept::kept_digest(txn, backend, tracked, &tracked.retained).await?,
                None => kept::nothing_kept(said.horizon),
            };
            if digest.to_string() != said.digest {
                found.problem(tracked, None, "what is left from before its horizon is not what was left there");
            }
        }
        Ok(())
    }
}
