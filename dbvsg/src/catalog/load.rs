use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbErr, QueryResult, Statement};

use super::{KnownColumn, Retained, Tracked, columns, retained};
use crate::{
    Error, Result,
    backend::{Backend, Sql},
    model::TableName,
};

/// The tracked tables, by name. A cheap copy: it is replaced whole when a table is enabled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    tables: Arc<BTreeMap<TableName, Arc<Tracked>>>,
    /// Tables that were dropped or disabled, as they were; their history is part of the journal for ever.
    gone: Arc<Vec<Arc<Tracked>>>,
    stamp: Stamp,
}

/// What changes whenever the list of tracked tables or the shape of one does, in this program or another, or another
/// backup takes its place.
type Stamp = (i64, i64, i64, i64);

impl Catalog {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Tracked>> {
        self.tables.values()
    }

    /// The tracked table of this name (`table` or `schema.table`).
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Tracked>> {
        let found = self.tables.values().find(|tracked| tracked.name() == name);
        found.cloned().ok_or_else(|| Error::NotTracked { table: name.to_owned() })
    }

    /// The tracked table of this name.
    pub(crate) fn of(&self, name: &TableName) -> Option<&Arc<Tracked>> {
        self.tables.get(name)
    }

    /// A tracked table, or one that was.
    pub(crate) fn by_id(&self, id: i64) -> Option<&Arc<Tracked>> {
        self.all().find(|tracked| tracked.id == id)
    }

    /// The tracked tables and those that were dropped or disabled: all that have a part in the journal.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Tracked>> {
        self.tables.values().chain(self.gone.iter())
    }

    /// Whether a table of this id is there.
    pub(crate) fn is_there(&self, id: i64) -> bool {
        self.tables.values().any(|tracked| tracked.id == id)
    }

    /// The table of this name that was tracked until it was dropped or disabled.
    pub(crate) fn gone(&self, name: &str) -> Option<&Arc<Tracked>> {
        self.gone.iter().find(|tracked| tracked.name() == name)
    }

    /// The tables that somebody disabled and that are not tracked anew.
    pub(crate) fn asleep(&self) -> impl Iterator<Item = &Tracked> + Send {
        let is_asleep = |tracked: &&Tracked| tracked.disabled && !self.tables.contains_key(&tracked.table.name);
        self.gone.iter().map(|tracked| &**tracked).filter(is_asleep)
    }

    /// Whether statements made under a catalog before can be wrong under this one.
    pub(crate) fn has_other_shapes(&self, before: &Self) -> bool {
        before.stamp != Stamp::default() && self.stamp.3 != before.stamp.3
    }
}

/// Whether the catalog still lists what the database does. One query.
pub(crate) async fn is_current(db: &DatabaseExecutor<'_>, backend: &dyn Backend, catalog: &Catalog) -> Result<bool> {
    Ok(stamp(db, backend).await? == catalog.stamp)
}

/// The same, and the ids of the first and the last commit that are not sealed, if there are any. One query for both.
pub(crate) async fn look<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    catalog: &Catalog,
) -> Result<(bool, Option<(i64, i64)>)> {
    let pending = "(SELECT min(id) FROM dbvsg_pending) AS first, (SELECT max(id) FROM dbvsg_pending) AS newest";
    let sql = format!("SELECT {}, {pending} {LISTED}", numbers(backend));
    let row = Sql::new(backend, sql).one(db).await?;
    let row = row.ok_or_else(|| Error::Corrupted { detail: "a sum of no rows is no row".into() })?;
    let id = |name: &str| row.try_get::<Option<i64>>("", name);
    Ok((read_stamp(&row)? == catalog.stamp, id("first")?.zip(id("newest")?)))
}

/// The tables that have a part in the journal.
const LISTED: &str = "FROM dbvsg_table WHERE state IN ('active', 'dropped', 'disabled')";

fn numbers(backend: &dyn Backend) -> String {
    let shapes = backend.integer("coalesce(sum(shape), 0)");
    format!("count(*) AS n, coalesce(max(id), 0) AS last, coalesce(max(enabled_at), 0) AS at, {shapes} AS shapes")
}

fn read_stamp(row: &QueryResult) -> Result<Stamp> {
    let number = |name: &str| row.try_get::<i64>("", name);
    Ok((number("n")?, number("last")?, number("at")?, number("shapes")?))
}

async fn stamp(db: &DatabaseExecutor<'_>, backend: &dyn Backend) -> Result<Stamp> {
    let sql = format!("SELECT {} {LISTED}", numbers(backend));
    let row = db.query_one_raw(Statement::from_string(backend.builder(), sql)).await?;
    row.as_ref().map_or_else(|| Ok(Stamp::default()), read_stamp)
}

/// Makes the stamp of a catalog that took the place of another one unlike that one's, so that every program notices.
/// `before`: the sum of the shapes there.
pub(crate) async fn outgrow<C: ConnectionTrait>(db: &C, backend: &'static dyn Backend, before: i64) -> Result<()> {
    let (first, now) = shapes(db, backend).await?;
    if let Some(first) = first.filter(|_| now <= before) {
        let mut sql = Sql::new(backend, "UPDATE dbvsg_table SET shape = shape + ");
        sql.bind(before - now + 1).push(" WHERE id = ").bind(first);
        sql.execute(db).await?;
    }
    Ok(())
}

/// The first of the tables that have a part in the journal, and the sum of their shapes.
pub(crate) async fn shapes<C: ConnectionTrait>(db: &C, backend: &'static dyn Backend) -> Result<(Option<i64>, i64)> {
    let sum = backend.integer("coalesce(sum(shape), 0)");
    let row = Sql::new(backend, format!("SELECT min(id) AS first, {sum} AS shapes {LISTED}")).one(db).await?;
    let Some(row) = row else { return Ok((None, 0)) };
    Ok((row.try_get("", "first")?, row.try_get("", "shapes")?))
}

/// What is read of a table of the catalog. Not all its columns by one star: a connection that was opened before a newer
/// version of DBVSG added one would prepare it for too few.
const TABLES: &str = "SELECT id, schema_name, table_name, history_name, soft_delete, skip_columns, ignore_columns, since_seq, state, \
                      shape, pending_ddl";

/// Reads the tracked tables with their shape now. Costs four queries, and some six a table.
pub(crate) async fn load(db: &DatabaseExecutor<'_>, backend: &'static dyn Backend) -> Result<Catalog> {
    let sql = format!("{TABLES} {LISTED} ORDER BY id");
    let rows = db.query_all_raw(Statement::from_string(backend.builder(), sql)).await?;
    let stamp = stamp(db, backend).await?;
    let mut known = columns::load(db, backend).await?;
    let mut retained = retained::load(db, backend).await?;
    let (mut tables, mut gone) = (BTreeMap::new(), Vec::new());
    for row in &rows {
        let id = row.try_get("", "id")?;
        let (known, retained) = (known.remove(&id).unwrap_or_default(), retained.remove(&id).unwrap_or_default());
        match tracked(db, backend, row, (known, retained)).await? {
            Some(Found::There(tracked)) => drop(tables.insert(tracked.table.name.clone(), Arc::new(tracked))),
            Some(Found::Gone(tracked)) => gone.push(Arc::new(tracked)),
            None => {}
        }
    }
    Ok(Catalog { tables: Arc::new(tables), gone: Arc::new(gone), stamp })
}

/// A table that somebody began to enable, or to forget.
pub(crate) struct HalfDone {
    pub(crate) id: i64,
    pub(crate) history: TableName,
    /// What it is with its history, if that is there.
    pub(crate) tracked: Option<Tracked>,
}

/// The tables in a state in which none stays: those that are at it right now, or were left half-way.
pub(crate) async fn half_done(
    db: &DatabaseExecutor<'_>,
    backend: &'static dyn Backend,
    state: &str,
) -> Result<Vec<HalfDone>> {
    let mut sql = Sql::new(backend, format!("{TABLES} FROM dbvsg_table WHERE state = "));
    sql.bind(state);
    let rows = sql.all(db).await?;
    let mut known = columns::load(db, backend).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.try_get("", "id")?;
        let known = known.remove(&id).unwrap_or_default();
        found.push(HalfDone {
            id,
            history: TableName { schema: row.try_get("", "schema_name")?, name: row.try_get("", "history_name")? },
            tracked: tracked(db, backend, row, (known, Retained::default())).await?.map(Found::into_tracked),
        });
    }
    Ok(found)
}

/// Reads one table of the catalog with its shape now.
pub(crate) async fn one(db: &DatabaseExecutor<'_>, backend: &'static dyn Backend, id: i64) -> Result<Tracked> {
    let damaged = || Error::Corrupted { detail: format!("table {id} is missing from the catalog, or its history is") };
    let sql = format!("{TABLES} FROM dbvsg_table WHERE id = {id}");
    let row = db.query_one_raw(Statement::from_string(backend.builder(), sql)).await?.ok_or_else(damaged)?;
    let known = columns::load(db, backend).await?.remove(&id).unwrap_or_default();
    let retained = retained::load(db, backend).await?.remove(&id).unwrap_or_default();
    tracked(db, backend, &row, (known, retained)).await?.map(Found::into_tracked).ok_or_else(damaged)
}

/// The statements through which histories have yet to go, by the ids of their tables.
pub(crate) async fn pending_ddl<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
) -> Result<Vec<(i64, Vec<String>)>> {
    let sql = "SELECT id, pending_ddl FROM dbvsg_table WHERE pending_ddl IS NOT NULL ORDER BY id";
    let rows = Sql::new(backend, sql).all(db).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, list(row, "pending_ddl")?))).collect()
}

/// A list of texts that the catalog holds.
fn list(row: &QueryResult, column: &str) -> Result<Vec<String>> {
    let text: String = row.try_get("", column)?;
    serde_json::from_str(&text).map_err(|error| Error::Corrupted { detail: format!("dbvsg_table.{column}: {error}") })
}

/// A table of the catalog.
enum Found {
    There(Tracked),
    /// It was dropped or disabled, and is shown as it was.
    Gone(Tracked),
}

impl Found {
    fn into_tracked(self) -> Tracked {
        match self {
            Self::There(tracked) | Self::Gone(tracked) => tracked,
        }
    }
}

async fn tracked(
    db: &DatabaseExecutor<'_>,
    backend: &dyn Backend,
    row: &QueryResult,
    (mut known, retained): (Vec<KnownColumn>, Retained),
) -> Result<Option<Found>> {
    let schema: Option<String> = row.try_get("", "schema_name")?;
    let name = TableName { schema: schema.clone(), name: row.try_get("", "table_name")? };
    let history = TableName { schema, name: row.try_get("", "history_name")? };
    if row.try_get::<Option<String>>("", "pending_ddl")?.is_some() {
        let detail = format!("the history of table `{name}` is being altered; try again in a moment");
        return Err(Error::Unavailable(DbErr::Custom(detail)));
    }
    let Some(stored) = backend.describe(db, &history).await? else {
        tracing::error!(table = %name, history = %history, "the history of a tracked table is missing from the database");
        return Ok(None);
    };
    for known in &mut known {
        known.column = known.stored.as_ref().and_then(|name| stored.column(name)).cloned();
    }
    let state: String = row.try_get("", "state")?;
    let live = if state == "active" { backend.describe(db, &name).await? } else { None };
    let is_there = live.is_some();
    let table = live.unwrap_or_else(|| columns::remembered(name, &known));
    let is_held = |name: &String| known.iter().any(|known| known.live.as_ref() == Some(name) && known.column.is_some());
    let tracked = Tracked {
        id: row.try_get("", "id")?,
        captured: table.columns.iter().map(|column| is_held(&column.name)).collect(),
        table,
        history,
        soft_delete: row.try_get("", "soft_delete")?,
        skip: list(row, "skip_columns")?,
        ignore: list(row, "ignore_columns")?,
        known,
        shape: row.try_get("", "shape")?,
        since: row.try_get("", "since_seq")?,
        retained,
        disabled: state == "disabled",
    };
    Ok(Some(if is_there { Found::There(tracked) } else { Found::Gone(tracked) }))
}
