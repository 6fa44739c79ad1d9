use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{clients::Clients, names, sealing::Sealing};
use crate::{
    Engine, Error, Figure, Result, Run,
    side::{Side, Way, connect},
    tables::{settle, track},
};

/// A small table: it is about its updates, not about its baseline.
const SIZE: u64 = 1000;

/// So many times the commits of a sealing are counted; as many as one sealing has come before, so that the indexes are as
/// full as they are in the long run.
const TIMES: u64 = 10;

/// What the history and the commits grow by at each single-row update, once it is sealed.
pub(crate) async fn bytes(run: &mut Run<'_>) -> Result<()> {
    let engine = run.engine();
    let url = run.databases.make().await?;
    track(engine, &url, SIZE).await?.close().await?;
    let commits = run.settings.scale.commits;
    // However durable: the bytes are the same.
    let vsg = connect(&url, engine.durabilities()[engine.durabilities().len() - 1]).await?;
    let (side, db) = (Side::Versioned(vsg.clone()), vsg.connection());
    let (mut history, mut journal) = ([0.0; 2], [0.0; 2]);
    for (position, updates) in [commits, commits * TIMES].into_iter().enumerate() {
        let sealing = Sealing::start(&vsg);
        Clients::start(&side, Way::Transaction, engine.pick(1, 8, 8), SIZE, updates as i64).end().await?;
        sealing.end(&vsg).await?;
        settle(&db, engine).await?;
        history[position] = used(&db, engine, "person!_history%").await?;
        journal[position] = used(&db, engine, "dbvsg!_%").await?;
    }
    let updates = (commits * TIMES) as f64;
    for (name, [before, after]) in [(names::HISTORY_BYTES, history), (names::JOURNAL_BYTES, journal)] {
        run.add(Figure::bytes(name, SIZE, (after - before) / updates).of(commits * TIMES))?;
    }
    Ok(vsg.close().await?)
}

/// The bytes of the pages that tables and their indexes use.
async fn used(db: &DatabaseConnection, engine: Engine, tables: &str) -> Result<f64> {
    let sql = match engine {
        Engine::Sqlite => format!(
            "SELECT CAST(SUM(pgsize) AS REAL) FROM dbstat WHERE name IN \
             (SELECT name FROM sqlite_master WHERE tbl_name LIKE '{tables}' ESCAPE '!')"
        ),
        Engine::Postgres => format!(
            "SELECT CAST(SUM(pg_total_relation_size(oid)) AS double precision) FROM pg_class \
             WHERE relkind = 'r' AND relname LIKE '{tables}' ESCAPE '!'"
        ),
        // Of so young a table all pages are in memory. What the server says of its size counts whole extents.
        Engine::MariaDb => format!(
            "SELECT CAST(COUNT(*) * @@innodb_page_size AS DOUBLE) FROM information_schema.innodb_buffer_page \
             WHERE page_type = 'INDEX' AND table_name LIKE CONCAT('`', DATABASE(), '`.`{tables}') ESCAPE '!'"
        ),
    };
    let row = db.query_one_raw(Statement::from_string(engine.backend(), sql)).await?;
    let bytes = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    bytes.ok_or_else(|| Error::Unexpected(format!("{engine} does not tell how large the history is")))
}
