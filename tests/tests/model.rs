//! Random histories against a plain model in memory: the state at every commit must match, the proof must hold, and one
//! altered byte must be found.

use std::collections::BTreeMap;

use dbvsg::sea_orm::{ConnectionTrait, TransactionTrait};
use dbvsg_tests::{Engine, Scene, scenarios};
use proptest::{prelude::*, test_runner::TestRunner};
use tokio::runtime::Handle;

scenarios!(random_histories_match_the_model);

/// One statement.
#[derive(Clone, Debug)]
enum Step {
    Insert(i64, String),
    Replace(i64, String),
    Upsert(i64, String),
    Update(i64, String),
    Move(i64, i64),
    Delete(i64),
    UpdateAll(String),
    DeleteAbove(i64),
}

/// One transaction: its statements, who runs it, and whether it is committed.
#[derive(Clone, Debug)]
struct Work {
    steps: Vec<Step>,
    own: bool,
    commit: bool,
    savepoint: bool,
}

type State = BTreeMap<i64, String>;

fn step() -> impl Strategy<Value = Step> {
    let (key, text) = (0..12_i64, "[a-cé'\"]{0,3}");
    prop_oneof![
        4 => (key.clone(), text).prop_map(|(key, text)| Step::Insert(key, text)),
        2 => (key.clone(), text).prop_map(|(key, text)| Step::Replace(key, text)),
        2 => (key.clone(), text).prop_map(|(key, text)| Step::Upsert(key, text)),
        3 => (key.clone(), text).prop_map(|(key, text)| Step::Update(key, text)),
        1 => (key.clone(), key.clone()).prop_map(|(from, to)| Step::Move(from, to)),
        2 => key.clone().prop_map(Step::Delete),
        1 => text.prop_map(Step::UpdateAll),
        1 => key.prop_map(Step::DeleteAbove),
    ]
}

fn work() -> impl Strategy<Value = Work> {
    (prop::collection::vec(step(), 0..6), any::<bool>(), prop::bool::weighted(0.8), prop::bool::weighted(0.2))
        .prop_map(|(steps, own, commit, savepoint)| Work { steps, own, commit, savepoint })
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Step {
    /// The statement; where a model would refuse, SQL is told to ignore.
    fn sql(&self, engine: Engine) -> String {
        let row = |key: &i64, text: &str| format!("{key}, {}", quote(text));
        match self {
            Self::Insert(key, text) => engine.insert_or_ignore("t", &row(key, text)),
            Self::Replace(key, text) if engine == Engine::Postgres => {
                format!("DELETE FROM t WHERE id = {key}; INSERT INTO t VALUES ({})", row(key, text))
            }
            Self::Replace(key, text) => format!("REPLACE INTO t VALUES ({})", row(key, text)),
            Self::Upsert(key, text) => engine.upsert("t", &row(key, text), "v"),
            Self::Update(key, text) => format!("UPDATE t SET v = {} WHERE id = {key}", quote(text)),
            Self::Move(from, to) if engine == Engine::Sqlite => {
                format!("UPDATE OR REPLACE t SET id = {to} WHERE id = {from}")
            }
            Self::Move(from, to) => format!(
                "DELETE FROM t WHERE id = {to} AND {to} <> {from} AND EXISTS (SELECT * FROM (SELECT id FROM t) x \
                 WHERE x.id = {from}); UPDATE t SET id = {to} WHERE id = {from}"
            ),
            Self::Delete(key) => format!("DELETE FROM t WHERE id = {key}"),
            Self::UpdateAll(text) => format!("UPDATE t SET v = {}", quote(text)),
            Self::DeleteAbove(key) => format!("DELETE FROM t WHERE id > {key}"),
        }
    }

    fn apply(&self, state: &mut State) {
        match self {
            Self::Insert(key, text) => {
                state.entry(*key).or_insert_with(|| text.clone());
            }
            Self::Replace(key, text) | Self::Upsert(key, text) => {
                state.insert(*key, text.clone());
            }
            Self::Update(key, text) => {
                state.entry(*key).and_modify(|value| *value = text.clone());
            }
            Self::Move(from, to) => {
                if let Some(text) = state.remove(from) {
                    state.insert(*to, text);
                }
            }
            Self::Delete(key) => {
                state.remove(key);
            }
            Self::UpdateAll(text) => state.values_mut().for_each(|value| *value = text.clone()),
            Self::DeleteAbove(key) => state.retain(|other, _| other <= key),
        }
    }
}

async fn run(scene: &Scene, work: &Work) -> dbvsg::Result<()> {
    let vsg = &scene.vsg;
    let statements = async |db: &dyn Execute| -> dbvsg::Result<()> {
        for step in &work.steps {
            db.run(&step.sql(scene.engine())).await?;
        }
        Ok(())
    };
    if work.own {
        let txn = vsg.begin("ann").await?;
        if work.savepoint {
            let undone = TransactionTrait::begin(&txn).await?;
            statements(&undone).await?;
            undone.rollback().await?;
        }
        statements(&txn).await?;
        if work.commit { txn.commit().await.map(drop) } else { txn.rollback().await }
    } else {
        let txn = vsg.connection().begin().await?;
        statements(&txn).await?;
        if work.commit {
            txn.commit().await?
        } else {
            txn.rollback().await?
        }
        Ok(())
    }
}

/// Any connection, behind one type.
#[dbvsg::async_trait]
trait Execute: Sync {
    async fn run(&self, sql: &str) -> dbvsg::Result<()>;
}

#[dbvsg::async_trait]
impl<C: ConnectionTrait> Execute for C {
    async fn run(&self, sql: &str) -> dbvsg::Result<()> {
        self.execute_unprepared(sql).await?;
        Ok(())
    }
}

async fn check(engine: Engine, history: Vec<Work>, victim: usize, place: usize) {
    let scene = Scene::with(
        engine,
        &["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'one'), (5, 'five')"],
    )
    .await;
    scene.vsg.enable("t").await.unwrap();
    let mut state: State = [(1, "one".into()), (5, "five".into())].into();
    let mut states = Vec::new();
    let mut commits = vec![scene.vsg.commit("HEAD").await.unwrap().uuid];
    states.push(state.clone());
    for work in &history {
        run(&scene, work).await.unwrap();
        if work.commit {
            work.steps.iter().for_each(|step| step.apply(&mut state));
        }
        let head = scene.vsg.commit("HEAD").await.unwrap().uuid;
        if head != commits[commits.len() - 1] {
            commits.push(head);
            states.push(state.clone());
        }
        assert_eq!(states[states.len() - 1], state, "a change made no commit");
    }
    assert_eq!(scene.log().await.len(), commits.len());
    for (commit, state) in commits.iter().zip(&states) {
        let expected: Vec<String> = state.iter().map(|(key, text)| format!("{key}|{text}")).collect();
        assert_eq!(scene.rows_at(commit, "SELECT id, v FROM t ORDER BY id").await, expected);
    }
    scene.verify().await;
    if alter_one_byte(&scene, victim, place).await {
        assert!(!scene.vsg.verify().await.unwrap().ok, "an altered byte went unnoticed");
    }
}

/// Alters one byte of one text or blob, or one digit of one number, in a history or commit row. Returns whether the
/// database let it happen: it refuses a second commit with the same id or place.
async fn alter_one_byte(scene: &Scene, victim: usize, place: usize) -> bool {
    let mut cells = Vec::new();
    for (table, key) in [("t_history", "vsg_id"), ("dbvsg_commit", "id")] {
        for column in scene.columns(table).await.iter().filter(|column| *column != key) {
            let name = scene.quote(column);
            for cell in scene.rows(&format!("SELECT {key}, {name} FROM {table} WHERE {name} IS NOT NULL")).await {
                let (row, value) = cell.split_once('|').unwrap();
                if !value.is_empty() {
                    cells.push((table, name.clone(), format!("{key} = {row}"), value.to_owned()));
                }
            }
        }
    }
    let (table, column, row, value) = &cells[victim % cells.len()];
    let kind = scene.pick(
        format!("SELECT typeof({column}) FROM {table} WHERE {row}"),
        format!("SELECT pg_typeof({column})::text FROM {table} WHERE {row}"),
        format!(
            "SELECT data_type FROM information_schema.columns WHERE table_schema = database() \
             AND table_name = '{table}' AND column_name = '{}'",
            column.trim_matches('`')
        ),
    );
    let altered = match scene.rows(&kind).await[0].as_str() {
        "blob" | "bytea" | "binary" | "varbinary" => {
            let mut digits = value.clone().into_bytes();
            let digit = place % digits.len();
            digits[digit] = if digits[digit] == b'0' { b'1' } else { b'0' };
            scene.bytes(&String::from_utf8(digits).unwrap())
        }
        // Bit 0 turns one letter or digit into another.
        kind => {
            let mut bytes = value.clone().into_bytes();
            let byte = place % bytes.len();
            bytes[byte] ^= 1;
            let text = String::from_utf8(bytes).unwrap();
            if kind.contains("int") { text } else { quote(&text) }
        }
    };
    scene.db().execute_unprepared(&format!("UPDATE {table} SET {column} = {altered} WHERE {row}")).await.is_ok()
}

async fn random_histories_match_the_model(engine: Engine) {
    // A server takes longer to make a database than a folder does.
    let config = ProptestConfig { cases: engine.pick(120, 24, 24), failure_persistence: None, ..Default::default() };
    let histories = (prop::collection::vec(work(), 1..20), any::<usize>(), any::<usize>());
    let runtime = Handle::current();
    let run = move || {
        TestRunner::new(config).run(&histories, |(history, victim, place)| {
            runtime.block_on(check(engine, history, victim, place));
            Ok(())
        })
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}
