//! A plan: what is to become of each row of a table that is to be changed.
//!
//! It is a temporary table that is made like the history: its columns hold the row as it becomes (as it is, where it goes),
//! and those of a version say what happens. `vsg_op` is the kind of change, or `conflict`; `vsg_begin`, `vsg_end` and
//! `vsg_branch` are the versions that are ours, base and theirs, or zero.

use std::sync::Arc;

use sea_orm::ConnectionTrait;

use crate::{
    Result,
    backend::{Backend, Sql},
    catalog::Tracked,
    history::{Position, touched},
    model::Column,
};

/// What the rows of a table are to become.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// What they were at a position.
    State(Position),
    /// What they were at a position; those that were not there stay.
    Over(Position),
    /// What one commit made of them, done again or taken back.
    Change {
        /// The commit.
        commit: Position,
        /// Whether it is taken back.
        undone: bool,
    },
}

impl Target {
    /// Refuses states that the table has none of, or none any more.
    pub(super) fn check(&self, tracked: &Tracked) -> Result<()> {
        match self {
            Self::State(position) | Self::Over(position) => position.check(tracked),
            Self::Change { commit, .. } => commit.before().check(tracked).and_then(|()| commit.check(tracked)),
        }
    }

    /// The positions of base and theirs; no base where that is what is there now.
    fn sides(&self) -> (Option<Position>, Position) {
        match self {
            Self::State(position) | Self::Over(position) => (None, position.clone()),
            Self::Change { commit, undone: true } => (Some(commit.clone()), commit.before()),
            Self::Change { commit, undone: false } => (Some(commit.before()), commit.clone()),
        }
    }
}

/// Conditions on a row `p` of a plan.
pub(super) const INSERTS: &str = "p.vsg_op = 'insert'";
pub(super) const UPDATES: &str = "p.vsg_op IN ('update', 'soft_delete', 'restore')";
pub(super) const DELETES: &str = "p.vsg_op = 'delete'";
pub(super) const SETS: &str = "p.vsg_op IN ('insert', 'update', 'soft_delete', 'restore')";

/// A filled plan.
pub(super) struct Plan {
    pub(super) tracked: Arc<Tracked>,
    /// The temporary table, quoted.
    pub(super) name: String,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
    pub(super) conflicts: u64,
    /// The columns that can be put back.
    pub(super) columns: Vec<Column>,
    /// Sentences about those that cannot.
    pub(super) notes: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.inserted + self.updated + self.deleted + self.conflicts == 0
    }

    /// How many versions it makes.
    pub(super) fn versions(&self) -> u64 {
        self.inserted + self.updated + self.deleted
    }

    /// Whether it knows these columns.
    pub(super) fn holds<'a>(&self, mut columns: impl Iterator<Item = &'a String>) -> bool {
        columns.all(|name| self.columns.iter().any(|column| column.name == *name))
    }
}

/// Makes and fills the plan of a table. Everything written to it is sealed, and nobody else writes, unless it is only
/// looked at. Six to nine statements.
pub(super) async fn plan<C: ConnectionTrait>(
    db: &C,
    backend: &'static dyn Backend,
    tracked: &Arc<Tracked>,
    target: &Target,
    now: &Position,
) -> Result<Plan> {
    let filling = Filling::new(backend, tracked, target, now);
    for sql in backend.drop_plan(tracked).into_iter().chain(backend.create_plan(tracked)) {
        db.execute_unprepared(&sql).await?;
    }
    if let Some(keys) = filling.keys(db, target).await? {
        for sql in filling.statements(target, &keys) {
            db.execute_unprepared(&backend.copying(sql)).await?;
        }
        for sql in backend.plan_is_filled(tracked) {
            db.execute_unprepared(&sql).await?;
        }
    }
    let mut plan = Plan {
        tracked: tracked.clone(),
        name: filling.plan.clone(),
        inserted: 0,
        updated: 0,
        deleted: 0,
        conflicts: 0,
        columns: filling.columns.into_iter().cloned().collect(),
        notes: filling.notes,
    };
    let sql = format!("SELECT p.vsg_op AS op, count(*) AS n FROM {} p GROUP BY p.vsg_op", plan.name);
    for row in Sql::new(backend, sql).all(db).await? {
        let rows = row.try_get::<i64>("", "n")?.unsigned_abs();
        match row.try_get::<String>("", "op")?.as_str() {
            "insert" => plan.inserted += rows,
            "delete" => plan.deleted += rows,
            "conflict" => plan.conflicts += rows,
            _ => plan.updated += rows,
        }
    }
    Ok(plan)
}

/// The texts that a plan is filled with: `o` is the version that is ours, `b` base, `t` theirs, `k` has the key.
struct Filling<'a> {
    backend: &'static dyn Backend,
    tracked: &'a Tracked,
    plan: String,
    history: String,
    base: Option<Position>,
    theirs: Position,
    now: &'a Position,
    columns: Vec<&'a Column>,
    notes: Vec<String>,
}

impl<'a> Filling<'a> {
    fn new(backend: &'static dyn Backend, tracked: &'a Tracked, target: &Target, now: &'a Position) -> Self {
        let (base, theirs) = target.sides();
        let earliest = base.as_ref().map_or(theirs.seq, |base| base.seq.min(theirs.seq));
        let mut notes = Vec::new();
        let (name, mut columns) = (tracked.name(), Vec::new());
        for known in &tracked.known {
            let Some(column) = known.live.as_ref().and_then(|name| tracked.table.column(name)) else {
                // One that only had its type changed goes on under its successor.
                if known.successor.is_none() && known.live.is_none() && known.stored.is_some() {
                    let gone = known.stored.as_deref().unwrap_or_default().to_owned();
                    notes.push(format!("column `{gone}` of `{name}` is gone; its values stay in the history"));
                }
                continue;
            };
            if column.generated {
                continue;
            }
            if known.column.is_none() {
                notes.push(format!(
                    "column `{}` of `{name}` is not kept in history; rows keep its value, and those that come back get its default",
                    column.name
                ));
            } else if known.since.is_some_and(|since| since >= earliest) {
                notes.push(format!(
                    "column `{}` of `{name}` came later; rows keep its value, and those that come back get its default",
                    column.name
                ));
            } else {
                columns.push(column);
            }
        }
        let (plan, history) = (backend.plan_name(tracked), backend.quote_table(&tracked.history));
        Self { backend, tracked, plan, history, base, theirs, now, columns, notes }
    }

    /// The keys of the rows that can differ, as a query; none if there are none. One query.
    async fn keys<C: ConnectionTrait>(&self, db: &C, target: &Target) -> Result<Option<String>> {
        let (commits, only) = match target {
            Target::State(position) | Target::Over(position) => (position.seq + 1..=i64::MAX, String::new()),
            Target::Change { commit, .. } => (commit.seq..=commit.seq, format!(" AND h.vsg_begin = {}", commit.id)),
        };
        let touched = touched(db, self.backend, self.tracked, commits).await?;
        Ok(touched.map(|touched| format!("{touched}{only}")))
    }

    fn statements(&self, target: &Target, keys: &str) -> Vec<String> {
        match target {
            Target::State(_) => vec![self.put_back(keys), self.take_away(keys)],
            Target::Over(_) => vec![self.put_back(keys)],
            Target::Change { .. } => self.three_way(keys),
        }
    }

    /// The beginning of a statement that fills the plan with these values of the columns.
    fn insert(&self, values: impl Fn(&Column) -> String, op: &str, base: &str) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| self.backend.quote(&column.name)).collect();
        let values: Vec<String> = self.columns.iter().map(|column| values(column)).collect();
        format!(
            "INSERT INTO {} ({}, vsg_id, vsg_branch, vsg_begin, vsg_end, vsg_op) \
             SELECT {}, coalesce(t.vsg_id, {base}), coalesce(t.vsg_id, 0), coalesce(o.vsg_id, 0), coalesce({base}, 0), {op}",
            self.plan,
            names.join(", "),
            values.join(", "),
        )
    }

    fn of(&self, alias: &str) -> impl Fn(&Column) -> String {
        move |column| self.tracked.past(self.backend, column, alias)
    }

    /// The version of the key of `k` that is valid at a position.
    fn join(&self, kind: &str, alias: &str, position: &Position) -> String {
        let (same, valid) = (self.tracked.same_key(self.backend, alias, "k"), position.valid(self.backend, alias));
        format!(" {kind} {} {alias} ON {same} AND {valid}", self.history)
    }

    /// Whether two versions differ in a column whose change makes a version.
    fn differ(&self, a: &str, b: &str) -> String {
        self.any(|column| self.differs(column, a, b))
    }

    fn differs(&self, column: &Column, a: &str, b: &str) -> String {
        let of = |alias: &str| self.tracked.past(self.backend, column, alias);
        self.backend.differs(column, &of(a), &of(b))
    }

    /// A condition that holds if one does that is made for a column.
    fn any(&self, condition: impl Fn(&Column) -> String) -> String {
        let watched = self.columns.iter().filter(|column| !self.tracked.ignore.contains(&column.name));
        let conditions: Vec<String> = watched.map(|column| condition(column)).collect();
        format!("({})", conditions.join(" OR "))
    }

    /// What an update of `o` is called, by what the soft-delete column becomes.
    fn update(&self, becomes: impl Fn(&Column) -> String) -> String {
        let column = self.columns.iter().find(|column| self.tracked.soft_delete.as_ref() == Some(&column.name));
        let Some(column) = column else { return "'update'".into() };
        let (is, becomes) = (self.of("o")(column), becomes(column));
        format!(
            "CASE WHEN {is} IS NULL AND {becomes} IS NOT NULL THEN 'soft_delete' \
             WHEN {is} IS NOT NULL AND {becomes} IS NULL THEN 'restore' ELSE 'update' END"
        )
    }

    fn put_back(&self, keys: &str) -> String {
        let op = format!("CASE WHEN o.vsg_id IS NULL THEN 'insert' ELSE {} END", self.update(self.of("t")));
        format!(
            "{} FROM ({keys}) k{}{} WHERE o.vsg_id IS NULL OR {}",
            self.insert(self.of("t"), &op, "o.vsg_id"),
            self.join(self.backend.then_join(), "t", &self.theirs),
            self.join("LEFT JOIN", "o", self.now),
            self.differ("o", "t"),
        )
    }

    fn take_away(&self, keys: &str) -> String {
        format!(
            "{} FROM ({keys}) k{}{} WHERE t.vsg_id IS NULL",
            self.insert(self.of("o"), "'delete'", "o.vsg_id"),
            self.join(self.backend.then_join(), "o", self.now),
            self.join("LEFT JOIN", "t", &self.theirs),
        )
    }

    /// A row that is as base is becomes theirs. One that is not gets the cells that differ between base and theirs, unless
    /// one of them is also changed here, to something else.
    fn three_way(&self, keys: &str) -> Vec<String> {
        let base = self.base.as_ref().unwrap_or(self.now);
        let source = format!(
            " FROM ({keys}) k{}{}{} WHERE ",
            self.join("LEFT JOIN", "o", self.now),
            self.join("LEFT JOIN", "b", base),
            self.join("LEFT JOIN", "t", &self.theirs),
        );
        let same = |a: &str, b: &str| {
            format!(
                "({a}.vsg_id IS NULL AND {b}.vsg_id IS NULL OR {a}.vsg_id IS NOT NULL AND {b}.vsg_id IS NOT NULL AND NOT {})",
                self.differ(a, b),
            )
        };
        let clean = format!("{} AND NOT {}", same("o", "b"), same("o", "t"));
        let both = format!("NOT {} AND NOT {}", same("o", "b"), same("o", "t"));
        let all = "o.vsg_id IS NOT NULL AND b.vsg_id IS NOT NULL AND t.vsg_id IS NOT NULL";
        let clash = self.any(|column| {
            format!(
                "({} AND {} AND {})",
                self.differs(column, "o", "b"),
                self.differs(column, "t", "b"),
                self.differs(column, "o", "t"),
            )
        });
        let news =
            self.any(|column| format!("({} AND {})", self.differs(column, "t", "b"), self.differs(column, "o", "t")));
        let merged = |column: &Column| {
            let (ours, theirs) = (self.of("o")(column), self.of("t")(column));
            if self.tracked.table.key_columns().any(|key| key.name == column.name) {
                return ours;
            }
            format!("CASE WHEN {} THEN {theirs} ELSE {ours} END", self.differs(column, "t", "b"))
        };
        let put = format!("CASE WHEN o.vsg_id IS NULL THEN 'insert' ELSE {} END", self.update(self.of("t")));
        // A row in conflict is never applied, so only its key matters.
        let named = |column: &Column| match self.tracked.table.key_columns().any(|key| key.name == column.name) {
            true => format!("k.{}", self.backend.quote(&column.name)),
            false => self.of("o")(column),
        };
        vec![
            self.insert(self.of("t"), &put, "b.vsg_id") + &source + &format!("t.vsg_id IS NOT NULL AND {clean}"),
            self.insert(self.of("o"), "'delete'", "b.vsg_id") + &source + &format!("t.vsg_id IS NULL AND {clean}"),
            self.insert(merged, &self.update(merged), "b.vsg_id")
                + &source
                + &format!("{all} AND {both} AND NOT {clash} AND {news}"),
            self.insert(named, "'conflict'", "b.vsg_id")
                + &source
                + &format!("{both} AND NOT {} AND (NOT ({all}) OR {clash})", same("b", "t")),
        ]
    }
}
