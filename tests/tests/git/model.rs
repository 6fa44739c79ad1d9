//! Random writes and operations against a plain model in memory: after each step the table, the state at every commit, the
//! log, the heads, the marks and the proof agree with it.

use std::collections::{BTreeMap, BTreeSet};

use dbvsg::{ApplyOptions, CommitId, Error, LogFilter};
use dbvsg_tests::{Engine, Scene, scenarios};
use proptest::{prelude::*, test_runner::TestRunner};
use tokio::runtime::Handle;

scenarios!(random_operations_match_the_model);

/// A row: a text, and a number that no other row has.
type Cells = (Option<String>, Option<i64>);
type State = BTreeMap<i64, Cells>;

/// One statement; what would violate the key of another row is left out.
#[derive(Clone, Debug)]
enum Step {
    Put(i64, Option<String>, Option<i64>),
    Text(i64, Option<String>),
    Number(i64, Option<i64>),
    Swap(i64, i64),
    Delete(i64),
}

#[derive(Clone, Debug)]
enum Move {
    Write(Vec<Step>),
    Rollback,
    RollbackTo(usize),
    Checkout(usize),
    Restore(usize),
    Merge(usize),
    Revert(usize),
    CherryPick(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (key, text, number) = (1..7_i64, prop::option::of("[ab]{1,2}"), prop::option::of(0..6_i64));
    prop_oneof![
        4 => (key.clone(), text.clone(), number.clone()).prop_map(|(key, text, number)| Step::Put(key, text, number)),
        3 => (key.clone(), text).prop_map(|(key, text)| Step::Text(key, text)),
        2 => (key.clone(), number).prop_map(|(key, number)| Step::Number(key, number)),
        2 => (key.clone(), key.clone()).prop_map(|(a, b)| Step::Swap(a, b)),
        2 => key.prop_map(Step::Delete),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    let back = 0..12_usize;
    prop_oneof![
        8 => prop::collection::vec(step(), 1..5).prop_map(Move::Write),
        1 => Just(Move::Rollback),
        2 => back.clone().prop_map(Move::RollbackTo),
        1 => back.clone().prop_map(Move::Checkout),
        2 => back.clone().prop_map(Move::Restore),
        1 => back.clone().prop_map(Move::Merge),
        2 => back.clone().prop_map(Move::Revert),
        2 => back.prop_map(Move::CherryPick),
    ]
}

fn literal<T: std::fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or("NULL".into(), |value| format!("'{value}'"))
}

fn is_taken(state: &State, number: Option<i64>, but: i64) -> bool {
    number.is_some() && state.iter().any(|(key, cells)| *key != but && cells.1 == number)
}

impl Step {
    /// Applies it to a state; its statements, if it can be.
    fn apply(&self, state: &mut State) -> Option<String> {
        match self {
            Self::Put(key, text, number) => {
                if state.contains_key(key) || is_taken(state, *number, *key) {
                    return None;
                }
                state.insert(*key, (text.clone(), *number));
                Some(format!("INSERT INTO t VALUES ({key}, {}, {})", literal(text), literal(number)))
            }
            Self::Text(key, text) => {
                state.get_mut(key)?.0 = text.clone();
                Some(format!("UPDATE t SET a = {} WHERE id = {key}", literal(text)))
            }
            Self::Number(key, number) => {
                if is_taken(state, *number, *key) {
                    return None;
                }
                state.get_mut(key)?.1 = *number;
                Some(format!("UPDATE t SET b = {} WHERE id = {key}", literal(number)))
            }
            Self::Swap(one, other) => {
                let (a, b) = (state.get(one)?.1, state.get(other)?.1);
                state.get_mut(one)?.1 = b;
                state.get_mut(other)?.1 = a;
                let set =
                    |key: &i64, number: &Option<i64>| format!("UPDATE t SET b = {} WHERE id = {key}", literal(number));
                Some([set(one, &None), set(other, &None), set(one, &b), set(other, &a)].join("; "))
            }
            Self::Delete(key) => {
                state.remove(key)?;
                Some(format!("DELETE FROM t WHERE id = {key}"))
            }
        }
    }
}

/// An entry of the journal.
#[derive(Clone, Debug)]
struct Entry {
    id: CommitId,
    state: State,
    is_reset: bool,
    is_marked: bool,
    parent: Option<CommitId>,
}

/// The model.
struct Model {
    entries: Vec<Entry>,
    /// The entry that is current.
    head: usize,
}

/// What an operation comes to.
#[derive(Debug, PartialEq)]
enum Outcome {
    State(State),
    Conflict(BTreeSet<i64>),
    Violation,
}

impl Model {
    fn now(&self) -> &State {
        &self.entries[self.entries.len() - 1].state
    }

    /// A commit of the log, counted from the first.
    fn commit(&self, number: usize) -> usize {
        let log: Vec<usize> = (0..self.entries.len()).filter(|place| !self.entries[*place].is_reset).collect();
        log[number % log.len()]
    }

    fn three_way(&self, base: &State, theirs: &State) -> Outcome {
        let (mut state, mut conflicts) = (self.now().clone(), BTreeSet::new());
        let keys: BTreeSet<i64> = base.keys().chain(theirs.keys()).copied().collect();
        for key in keys {
            let (o, b, t) = (self.now().get(&key), base.get(&key), theirs.get(&key));
            if b == t || o == t {
                continue;
            }
            if o == b {
                match t {
                    Some(row) => drop(state.insert(key, row.clone())),
                    None => drop(state.remove(&key)),
                }
                continue;
            }
            let (Some(o), Some(b), Some(t)) = (o, b, t) else {
                conflicts.insert(key);
                continue;
            };
            let text = cell(&o.0, &b.0, &t.0);
            let number = cell(&o.1, &b.1, &t.1);
            match (text, number) {
                (Some(text), Some(number)) => drop(state.insert(key, (text, number))),
                _ => drop(conflicts.insert(key)),
            }
        }
        if conflicts.is_empty() { self.checked(state) } else { Outcome::Conflict(conflicts) }
    }

    fn checked(&self, state: State) -> Outcome {
        let is_double = state.iter().any(|(key, cells)| is_taken(&state, cells.1, *key));
        if is_double { Outcome::Violation } else { Outcome::State(state) }
    }
}

/// A cell of both, or none if they cannot be brought together.
fn cell<T: Clone + PartialEq>(ours: &T, base: &T, theirs: &T) -> Option<T> {
    if theirs == base || ours == theirs {
        Some(ours.clone())
    } else if ours == base {
        Some(theirs.clone())
    } else {
        None
    }
}

struct Play {
    scene: Scene,
    model: Model,
}

impl Play {
    fn table() -> ApplyOptions {
        ApplyOptions::table("t")
    }

    async fn make(&mut self, wanted: &Move) {
        let vsg = self.scene.vsg.clone();
        let model = &self.model;
        let id = |place: usize| model.entries[place].id;
        let table = Self::table();
        let (outcome, place, told) = match wanted {
            Move::Write(steps) => return self.write(steps).await,
            Move::Rollback => {
                if model.head == 0 {
                    let refused = vsg.rollback("ann", &table).await;
                    assert!(matches!(refused, Err(Error::UnknownReference { .. })), "{refused:?}");
                    return;
                }
                let state = model.entries[model.head - 1].state.clone();
                (Outcome::State(state), model.head, vsg.rollback("ann", &table).await)
            }
            Move::RollbackTo(back) => {
                let place = model.commit(*back);
                (
                    Outcome::State(model.entries[place].state.clone()),
                    place,
                    vsg.rollback_to("ann", id(place), &table).await,
                )
            }
            Move::Checkout(back) => {
                let place = model.commit(*back);
                (
                    Outcome::State(model.entries[place].state.clone()),
                    place,
                    vsg.checkout("ann", id(place), &table).await,
                )
            }
            Move::Restore(back) => {
                let place = model.commit(*back);
                (
                    Outcome::State(model.entries[place].state.clone()),
                    place,
                    vsg.restore_to("ann", id(place), &table).await,
                )
            }
            Move::Merge(back) => {
                let place = model.commit(*back);
                let mut state = model.now().clone();
                state.extend(model.entries[place].state.clone());
                (model.checked(state), place, vsg.merge("ann", id(place), &table).await)
            }
            Move::Revert(back) | Move::CherryPick(back) => {
                let place = model.commit(*back);
                let is_revert = matches!(wanted, Move::Revert(_));
                if place == 0 {
                    let refused = match is_revert {
                        true => vsg.revert("ann", id(0), &table).await,
                        false => vsg.cherry_pick("ann", id(0), &table).await,
                    };
                    assert!(matches!(refused, Err(Error::UnknownReference { .. })), "{refused:?}");
                    return;
                }
                let (before, after) = (&model.entries[place - 1].state, &model.entries[place].state);
                match is_revert {
                    true => (model.three_way(after, before), place, vsg.revert("ann", id(place), &table).await),
                    false => (model.three_way(before, after), place, vsg.cherry_pick("ann", id(place), &table).await),
                }
            }
        };
        let told = match (&outcome, told) {
            (Outcome::Violation, told) => {
                assert!(matches!(told, Err(Error::Violation { .. })), "{told:?}");
                return;
            }
            (Outcome::Conflict(keys), told) => {
                let conflicts = told.unwrap().conflicts;
                let found: BTreeSet<String> = conflicts
                    .iter()
                    .map(|conflict| conflict.key.to_text(&self.scene.vsg.all_tracked()[0].table))
                    .collect();
                assert_eq!(found, keys.iter().map(ToString::to_string).collect());
                return;
            }
            (Outcome::State(_), told) => told.unwrap(),
        };
        let Outcome::State(state) = outcome else { return };
        let changes = state != *self.model.now();
        if let Move::Restore(_) = wanted {
            assert_eq!(told.commit, Some(self.model.entries[place].id));
            if changes || self.model.head != place {
                let reset = self.newest().await;
                self.push(reset, state, true);
                self.model.head = place;
            }
            return;
        }
        assert_eq!(told.commit.is_some(), changes, "{told:?}");
        let Some(made) = told.commit else { return };
        let marked = match wanted {
            Move::Rollback => place..place + 1,
            Move::RollbackTo(_) => place + 1..self.model.entries.len(),
            _ => 0..0,
        };
        for entry in marked.filter(|entry| !self.model.entries[*entry].is_reset).collect::<Vec<_>>() {
            self.model.entries[entry].is_marked = true;
        }
        self.push(made, state, false);
    }

    /// Whatever was written last, resets included.
    async fn newest(&self) -> CommitId {
        let mut filter = LogFilter::default();
        filter.all = true;
        self.scene.vsg.log(&filter).await.unwrap().items[0].uuid
    }

    fn push(&mut self, id: CommitId, state: State, is_reset: bool) {
        let parent = Some(self.model.entries[self.model.head].id);
        self.model.entries.push(Entry { id, state, is_reset, is_marked: false, parent });
        self.model.head = self.model.entries.len() - 1;
    }

    async fn write(&mut self, steps: &[Step]) {
        let mut state = self.model.now().clone();
        for step in steps {
            let before = state.clone();
            if let Some(sql) = step.apply(&mut state) {
                // What changes something makes a commit, even if it is changed back.
                let txn = self.scene.vsg.begin("ann").await.unwrap();
                for sql in sql.split("; ") {
                    dbvsg::sea_orm::ConnectionTrait::execute_unprepared(&txn, sql).await.unwrap();
                }
                if let Some(id) = txn.commit().await.unwrap() {
                    self.push(id, state.clone(), false);
                } else {
                    assert_eq!(before, state);
                }
            }
        }
    }

    async fn agree(&self) {
        let rows = |state: &State| -> Vec<String> {
            let show = |value: Option<String>| value.unwrap_or("-".into());
            state
                .iter()
                .map(|(key, (a, b))| format!("{key}|{}|{}", show(a.clone()), show(b.map(|b| b.to_string()))))
                .collect()
        };
        let sql = "SELECT id, a, b FROM t ORDER BY id";
        assert_eq!(self.scene.rows(sql).await, rows(self.model.now()));
        for entry in &self.model.entries {
            assert_eq!(self.scene.rows_at(entry.id, sql).await, rows(&entry.state));
        }
        let mut filter = LogFilter::table("t");
        filter.limit = 1000;
        let log = self.scene.vsg.log(&filter).await.unwrap().items;
        let expected: Vec<&Entry> = self.model.entries.iter().rev().filter(|entry| !entry.is_reset).collect();
        assert_eq!(
            log.iter().map(|commit| commit.uuid).collect::<Vec<_>>(),
            expected.iter().map(|entry| entry.id).collect::<Vec<_>>()
        );
        for (commit, entry) in log.iter().zip(expected) {
            assert_eq!(commit.rollbacked, entry.is_marked);
            assert_eq!(commit.is_current, commit.uuid == self.model.entries[self.model.head].id);
            assert_eq!(commit.tables[0].parent, entry.parent);
            assert_eq!(commit.tables[0].rows, entry.state.len() as i64);
        }
        self.scene.verify().await;
    }
}

async fn check(engine: Engine, moves: Vec<Move>) {
    let scene = Scene::with(
        engine,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9), b INTEGER UNIQUE)",
            "INSERT INTO t VALUES (1, 'a', 1), (2, NULL, 2)",
        ],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let state: State = [(1, (Some("a".into()), Some(1))), (2, (None, Some(2)))].into();
    let id = scene.vsg.commit("HEAD").await.unwrap().uuid;
    let first = Entry { id, state, is_reset: false, is_marked: false, parent: None };
    let mut play = Play { scene, model: Model { entries: vec![first], head: 0 } };
    for wanted in &moves {
        play.make(wanted).await;
        play.agree().await;
    }
    play.scene.vsg.close().await.unwrap();
}

async fn random_operations_match_the_model(engine: Engine) {
    // A server takes longer to make a database than a folder does.
    let config = ProptestConfig { cases: engine.pick(60, 10, 10), failure_persistence: None, ..Default::default() };
    let runtime = Handle::current();
    let run = move || {
        TestRunner::new(config).run(&prop::collection::vec(moves(), 1..14), |moves| {
            runtime.block_on(check(engine, moves));
            Ok(())
        })
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}
