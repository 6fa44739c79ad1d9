//! Proof: the chain is recomputed, the intervals are checked, the live tables are compared with their heads.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, StreamTrait, TransactionTrait};
use serde::Serialize;

use super::{
    canonical::{Header, TableDigest, TableEntry, commit_hash},
    drift,
    entry::{self, LINE},
    stored::{ChangeReader, ENTRY, count, header},
};
use crate::{
    Result, Vsg,
    backend::{Backend, Sql},
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
    fn problem(&mut self, table: Option<&Tracked>, commit: Option<&Header>, problem: impl Into<String>) {
        self.problems.push(Problem {
            table: table.map(Tracked::name),
            commit: commit.map(|header| header.uuid.clone()),
            problem: problem.into(),
        });
    }
}

/// Checks everything, in one read transaction. Reads the whole history once.
pub(crate) async fn verify(vsg: &Vsg) -> Result<Verification> {
    let backend = vsg.backend();
    let txn = vsg.db().begin_with_config(backend.snapshot(), None).await?;
    let catalog = vsg.catalog_now(&sea_orm::DatabaseExecutor::Transaction(&txn)).await?;
    let mut found = Verification::default();
    chain(&txn, backend, &catalog, &mut found).await?;
    for name in catalog_gaps(&txn, backend, &catalog).await? {
        let problem =
            "it is tracked, but the table or its history is missing; refresh finds it again, or notes that it is gone";
        found.problems.push(Problem { table: Some(name), commit: None, problem: problem.into() });
    }
    for tracked in catalog.all() {
        intervals(&txn, backend, tracked, &mut found).await?;
    }
    for tracked in catalog.iter() {
        let ids = backend.column_ids(&sea_orm::DatabaseExecutor::Transaction(&txn), &tracked.table.name).await?;
        if tracked.has_other_shape(&ids) {
            let problem = "its columns are not those that its history knows; refresh lets history follow";
            found.problem(Some(tracked), None, problem);
            continue;
        }
        triggers(&txn, backend, tracked, &mut found).await?;
        for drifted in drift::find(&txn, backend, tracked).await? {
            found.problem(Some(tracked), None, drifted);
        }
    }
    txn.rollback().await?;
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
            let tables = entries.get(&header.id).cloned().unwrap_or_default();
            line.check(&header, previous.as_ref().map(|(previous, _)| previous), &tables, &digests, found);
            let before = previous.as_ref().map_or(&[][..], |(_, hash)| hash);
            let digested: Vec<(TableEntry, Hash)> = tables
                .into_iter()
                .map(|entry| {
                    let digest = digests
                        .get(&(header.id, entry.table))
                        .map_or_else(|| TableDigest::new().finish(), |(digest, _)| *digest);
                    (entry, digest)
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
    Ok(())
}

async fn entries(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    headers: &mut [(Header, Vec<u8>)],
) -> Result<HashMap<i64, Vec<TableEntry>>> {
    let seq = |header: Option<&(Header, Vec<u8>)>| header.map_or(0, |(header, _)| header.seq);
    let noted = entry::sealed(txn, backend, (seq(headers.first()), seq(headers.last()))).await?;
    let reset = |commit: i64, table: i64| noted.get(&commit).and_then(|entries| *entries.get(&table)?);
    for (header, _) in headers.iter_mut() {
        header.reset = reset(header.id, LINE);
    }
    let mut sql = Sql::new(backend, format!("SELECT {ENTRY} FROM dbvsg_commit_table x WHERE x.commit_id IN ("));
    sql.bind_all(headers.iter().map(|(header, _)| header.id)).push(") ORDER BY x.commit_id, x.table_id");
    let mut found: HashMap<i64, Vec<TableEntry>> = HashMap::new();
    for row in sql.all(txn).await? {
        let number = |name: &str| row.try_get::<i64>("", name);
        found.entry(number("commit_id")?).or_default().push(TableEntry {
            table: number("table_id")?,
            first_change: number("first_change")?,
            last_change: number("last_change")?,
            baseline: number("baseline")?,
            inserted: number("inserted")?,
            updated: number("updated")?,
            deleted: number("deleted")?,
            soft_deleted: number("soft_deleted")?,
            restored: number("restored")?,
            rows: number("live_rows")?,
            parent: row.try_get("", "parent_id")?,
            reset: reset(number("commit_id")?, number("table_id")?),
        });
    }
    Ok(found)
}

/// The digest and the counts of each commit's rows in each table, read from the rows themselves.
type Digests = HashMap<(i64, i64), (Hash, TableEntry)>;

async fn digests(
    txn: &DatabaseTransaction,
    backend: &'static dyn Backend,
    catalog: &Catalog,
    entries: &HashMap<i64, Vec<TableEntry>>,
    counted: &mut HashMap<i64, i64>,
    found: &mut Verification,
) -> Result<Digests> {
    let mut ranges: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for entry in entries.values().flatten().filter(|entry| !entry.is_empty()) {
        let range = ranges.entry(entry.table).or_insert((entry.first_change, entry.last_change));
        *range = (range.0.min(entry.first_change), range.1.max(entry.last_change));
    }
    let mut digests = Digests::new();
    for (table, (first, last)) in ranges {
        let Some(tracked) = catalog.by_id(table) else {
            continue;
        };
        let mut open: HashMap<i64, (TableDigest, TableEntry)> = HashMap::new();
        let mut reader = ChangeReader::new(backend, tracked);
        let mut sql = reader.select();
        sql.push(" WHERE vsg_id BETWEEN ").bind(first).push(" AND ").bind(last).push(" ORDER BY vsg_id");
        let mut rows = txn.stream_raw(sql.statement()).await?;
        while let Some(row) = rows.try_next().await? {
            let change = reader.read(&row)?;
            let Some(begin) = change.begin.filter(|begin| entries.contains_key(begin)) else {
                continue;
            };
            found.rows += 1;
            *counted.entry(table).or_default() += 1;
            let (digest, entry) = open.entry(begin).or_insert_with(|| (TableDigest::new(), TableEntry::default()));
            reader.digest(digest, &change);
            count(entry, &change.op);
        }
        digests.extend(open.into_iter().map(|(commit, (digest, entry))| ((commit, table), (digest.finish(), entry))));
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
         WHERE h.vsg_begin IS NULL OR h.vsg_begin NOT IN ({})",
        backend.unsealed(),
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
        digests: &Digests,
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
            let mut actual = digests.get(&(header.id, entry.table)).map(|(_, entry)| entry.clone()).unwrap_or_default();
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
    let history = backend.quote_table(&tracked.history);
    let next = format!(
        "(SELECT c.seq FROM {history} n JOIN dbvsg_commit c ON c.id = n.vsg_begin WHERE {} AND n.vsg_id > h.vsg_id ORDER BY n.vsg_id LIMIT 1)",
        tracked.same_key(backend, "n", "h"),
    );
    let sql =
        format!("SELECT h.vsg_id FROM {history} h WHERE coalesce(h.vsg_end, -1) <> coalesce({next}, -1) LIMIT 10");
    for row in txn.query_all_raw(Sql::new(backend, sql).statement()).await? {
        let id: i64 = row.try_get("", "vsg_id")?;
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
