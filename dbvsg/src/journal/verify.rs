//! Proof: the chain is recomputed, the intervals are checked, the live tables are compared with their heads.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::Serialize;

use super::{
    canonical::{Header, TableDigest, TableEntry, commit_hash},
    drift,
    entry::{self, LINE},
    kept,
    pruned::Pruned,
    recompute::recompute,
    stored::{ENTRY, LOSS, Loss, header, loss, table_entry},
};
use crate::{
    Result, Vsg,
    backend::{Backend, Sql},
    capture,
    catalog::{Catalog, Tracked},
    model::Hash,
};

/// How many commits are recomputed at a time.
const BATCH: i64 = 500;

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The table it is in, if it is in one.
    pub table: Option<String>,
    /// The commit it is in, if it is in one.
    pub commit: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// What [`crate::Vsg::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// How many commits were recomputed.
    pub commits: u64,
    /// How many row versions were recomputed.
    pub rows: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Verification {
    pub(super) fn problem(&mut self, table: Option<&Tracked>, commit: Option<&Header>, problem: impl Into<String>) {
        self.problems.push(Problem {
            table: table.map(Tracked::name),
            commit: commit.map(|header| header.uuid.clone()),
            problem: problem.into(),
        });
    }
}

/// Checks everything, in one read transaction. Reads the whole history once.
pub(crate) async fn verify(vsg: &Vsg) -> Result<Verification> {
    let txn = capture::begin_read(vsg.db(), vsg.backend()).await?;
    // As it was read to be sealed.
    for sql in vsg.backend().exact() {
        txn.execute_unprepared(&sql).await?;
    }
    let catalog = vsg.catalog_now(&sea_orm::DatabaseExecutor::Transaction(&txn)).await?;
    let found = prove(&txn, vsg.backend(), &catalog, true).await?;
    txn.rollback().await?;
    Ok(found)
}

/// The same as a transaction sees it. `captured`: whether the triggers have to be in place.
pub(crate) async fn prove(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    captured: bool,
) -> Result<Verification> {
    let mut found = Verification::default();
    chain(txn, backend, catalog, &mut found).await?;
    for name in catalog_gaps(txn, backend, catalog).await? {
        let problem =
            "it is tracked, but the table or its history is missing; refresh finds it again, or notes that it is gone";
        found.problems.push(Problem { table: Some(name), commit: None, problem: problem.into() });
    }
    for tracked in catalog.all() {
        intervals(txn, backend, tracked, &mut found).await?;
    }
    for tracked in catalog.iter() {
        let ids = backend.column_ids(&sea_orm::DatabaseExecutor::Transaction(txn), &tracked.table.name).await?;
        if tracked.has_other_shape(&ids) {
            let problem = "its columns are not those that its history knows; refresh lets history follow";
            found.problem(Some(tracked), None, problem);
            continue;
        }
        if captured {
            triggers(txn, backend, tracked, &mut found).await?;
        }
        for drifted in drift::find(txn, backend, tracked).await? {
            found.problem(Some(tracked), None, drifted);
        }
    }
    found.ok = found.problems.is_empty();
    Ok(found)
}

async fn catalog_gaps(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
) -> Result<Vec<String>> {
    let rows = Sql::new(backend, "SELECT id, table_name FROM dbvsg_table WHERE state = 'active'").all(txn).await?;
    let mut missing = Vec::new();
    for row in rows {
        if !catalog.is_there(row.try_get("", "id")?) {
            missing.push(row.try_get("", "table_name")?);
        }
    }
    Ok(missing)
}

async fn chain(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    found: &mut Verification,
) -> Result<()> {
    let mut previous: Option<(Header, Vec<u8>)> = None;
    let mut line = Line::default();
    let mut counted: HashMap<i64, i64> = HashMap::new();
    let mut pruned = Pruned::read(txn, backend).await?;
    loop {
        let after = previous.as_ref().map_or(0, |(header, _)| header.seq);
        let mut sql = Sql::new(backend, "SELECT * FROM dbvsg_commit WHERE seq > ");
        sql.bind(after).push(" ORDER BY seq LIMIT ").bind(BATCH);
        let rows = sql.all(txn).await?;
        if rows.is_empty() {
            break;
        }
        let mut headers = Vec::with_capacity(rows.len());
        for row in &rows {
            let hash = row.try_get::<Option<Vec<u8>>>("", "hash");
            let (Ok(header), Ok(hash)) = (header(row), hash) else {
                found.problem(None, None, format!("a commit after number {after} holds values of the wrong type"));
                return Ok(());
            };
            headers.push((header, hash.unwrap_or_default()));
        }
        let entries = entries(txn, backend, &mut headers).await?;
        let digests = digests(txn, backend, catalog, &entries, &mut counted, found).await?;
        for (header, stored) in headers {
            let tables = entries.by_commit.get(&header.id).cloned().unwrap_or_default();
            let previous_header = previous.as_ref().map(|(previous, _)| previous);
            line.check(&header, previous_header, &tables, (&digests, &entries.losses), found);
            pruned.see(&header, &tables, &entries.losses, found);
            let before = previous.as_ref().map_or(&[][..], |(_, hash)| hash);
            let digested: Vec<(TableEntry, Hash)> = tables
                .into_iter()
                .map(|entry| {
                    let key = (header.id, entry.table);
                    let left = || digests.get(&key).map(|(digest, _)| *digest);
                    let digest = entries.losses.get(&key).and_then(|loss| loss.digest).or_else(left);
                    (entry, digest.unwrap_or_else(|| TableDigest::new().finish()))
                })
                .collect();
            if commit_hash(before, &header, &digested).0[..] != stored[..] {
                found.problem(
                    None,
                    Some(&header),
                    "its hash does not match its content: it or one of its rows was altered",
                );
            }
            found.commits += 1;
            previous = Some((header, stored));
        }
    }
    for tracked in catalog.all() {
        strays(txn, backend, tracked, counted.get(&tracked.id).copied().unwrap_or_default(), found).await?;
    }
    pruned.check(txn, backend, catalog, found).await
}

async fn entries(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    headers: &mut [(Header, Vec<u8>)],
) -> Result<Entries> {
    let seq = |header: Option<&(Header, Vec<u8>)>| header.map_or(0, |(header, _)| header.seq);
    let noted = entry::sealed(txn, backend, (seq(headers.first()), seq(headers.last()))).await?;
    let reset = |commit: i64, table: i64| noted.get(&commit).and_then(|entries| *entries.get(&table)?);
    for (header, _) in headers.iter_mut() {
        header.reset = reset(header.id, LINE);
    }
    let mut sql = Sql::new(backend, format!("SELECT {ENTRY}, {LOSS} FROM dbvsg_commit_table x WHERE x.commit_id IN ("));
    sql.bind_all(headers.iter().map(|(header, _)| header.id)).push(") ORDER BY x.commit_id, x.table_id");
    let mut found = Entries::default();
    for row in sql.all(txn).await? {
        let (commit, mut entry) = (row.try_get("", "commit_id")?, table_entry(&row)?);
        entry.reset = reset(commit, entry.table);
        if let Some(loss) = loss(&row)? {
            found.losses.insert((commit, entry.table), loss);
        }
        found.by_commit.entry(commit).or_default().push(entry);
    }
    Ok(found)
}

/// What commits say of tables.
#[derive(Default)]
struct Entries {
    by_commit: HashMap<i64, Vec<TableEntry>>,
    /// What retention took away, by commit and table.
    losses: HashMap<(i64, i64), Loss>,
}

/// The digest and the counts of each commit's rows in each table, read from the rows themselves.
type Digests = HashMap<(i64, i64), (Hash, TableEntry)>;

async fn digests(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    entries: &Entries,
    counted: &mut HashMap<i64, i64>,
    found: &mut Verification,
) -> Result<Digests> {
    let mut wanted: BTreeMap<i64, (i64, i64, HashSet<i64>)> = BTreeMap::new();
    for (commit, entries) in &entries.by_commit {
        for entry in entries.iter().filter(|entry| !entry.is_empty()) {
            let fresh = || (entry.first_change, entry.last_change, HashSet::new());
            let (first, last, commits) = wanted.entry(entry.table).or_insert_with(fresh);
            (*first, *last) = ((*first).min(entry.first_change), (*last).max(entry.last_change));
            commits.insert(*commit);
        }
    }
    let mut digests = Digests::new();
    for (table, (first, last, commits)) in wanted {
        let Some(tracked) = catalog.by_id(table) else { continue };
        let recomputed = recompute(txn, backend, tracked, (first, last), &commits).await?;
        found.rows += recomputed.versions;
        *counted.entry(table).or_default() += recomputed.versions as i64;
        digests.extend(recomputed.commits.into_iter().map(|(commit, found)| ((commit, table), found)));
    }
    Ok(digests)
}

/// Rows that no sealed commit accounts for.
async fn strays(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    counted: i64,
    found: &mut Verification,
) -> Result<()> {
    let history = backend.quote_table(&tracked.history);
    let sql = format!(
        "SELECT count(*) AS n FROM {history} h \
         WHERE h.vsg_begin IS NULL OR h.vsg_begin NOT IN (SELECT id FROM dbvsg_pending)"
    );
    let rows =
        Sql::new(backend, sql).one(txn).await?.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or_default();
    if rows != counted {
        found.problem(
            Some(tracked),
            None,
            format!("its history holds {rows} sealed versions, its commits account for {counted}"),
        );
    }
    Ok(())
}

/// What must hold from one commit to the next.
#[derive(Default)]
struct Line {
    rows: HashMap<i64, i64>,
    heads: HashMap<i64, i64>,
}

impl Line {
    fn check(
        &mut self,
        header: &Header,
        previous: Option<&Header>,
        tables: &[TableEntry],
        (digests, losses): (&Digests, &HashMap<(i64, i64), Loss>),
        found: &mut Verification,
    ) {
        if header.seq != previous.map_or(1, |previous| previous.seq + 1) {
            found.problem(None, Some(header), "the commit before it is missing");
        }
        if previous.is_some_and(|previous| previous.committed_at >= header.committed_at) {
            found.problem(None, Some(header), "its time is not after that of the commit before it");
        }
        if previous.is_some_and(|previous| previous.id >= header.id) {
            found.problem(
                None,
                Some(header),
                "its id is not after that of the commit before it, so its versions are out of place",
            );
        }
        for entry in tables {
            let key = (header.id, entry.table);
            let mut actual = digests.get(&key).map(|(_, entry)| entry.clone()).unwrap_or_default();
            if let Some(loss) = losses.get(&key) {
                actual.add(&loss.gone);
            }
            let rows = self.rows.entry(entry.table).or_default();
            *rows += actual.baseline + actual.inserted - actual.deleted;
            actual.rows = *rows;
            actual.parent = self.heads.insert(entry.table, entry.reset.unwrap_or(header.id));
            (actual.table, actual.first_change, actual.last_change, actual.reset) =
                (entry.table, entry.first_change, entry.last_change, entry.reset);
            if actual != *entry {
                found.problem(None, Some(header), "its counts do not match its rows");
            }
        }
    }
}

/// Each version must end where the next of its key begins.
async fn intervals(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    found: &mut Verification,
) -> Result<()> {
    for id in kept::wrong_ends(txn, backend, tracked).await? {
        found.problem(Some(tracked), None, format!("version {id} does not end where the next of its key begins"));
    }
    Ok(())
}

/// Capture must be in place, word for word.
async fn triggers(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    tracked: &Tracked,
    found: &mut Verification,
) -> Result<()> {
    for name in drift::broken_triggers(txn, backend, tracked).await? {
        found.problem(Some(tracked), None, format!("the capture trigger `{name}` is missing or altered"));
    }
    Ok(())
}
