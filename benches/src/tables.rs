use dbvsg::Vsg;
use sea_orm::{ConnectionTrait, Schema};

use crate::{
    Engine, Result,
    databases::Databases,
    engine::Durability,
    person,
    side::{Side, connect},
};

/// The same rows twice: in a database without versions, and in one where their table is tracked.
///
/// They are two databases, not two tables of one: so the plain one has no triggers, no tables and no pool of DBVSG's, and
/// the pages, the statistics and the vacuum of one side are none of the other's. What they share is the disk, and on a server
/// its buffers and its log, as the databases of one server do.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) size: u64,
    pub(crate) plain: String,
    pub(crate) versioned: String,
}

impl Tables {
    /// Makes and fills both. The rows of the tracked one are its baseline, and sealed.
    pub(crate) async fn make(databases: &mut Databases, engine: Engine, size: u64) -> Result<Self> {
        let (plain, versioned) = (databases.make().await?, databases.make().await?);
        let db = Side::plain(engine, &plain, engine.durabilities()[0]).await?.db();
        let schema = Schema::new(engine.backend());
        db.execute(&schema.create_table_from_entity(person::Entity)).await?;
        person::fill(&db, engine, size).await?;
        settle(&db, engine).await?;
        db.close().await?;
        let vsg = track(engine, &versioned, size).await?;
        settle(&vsg.connection(), engine).await?;
        vsg.close().await?;
        Ok(Self { size, plain, versioned })
    }

    /// Connects to both.
    pub(crate) async fn open(&self, engine: Engine, durability: Durability) -> Result<Pair> {
        let plain = Side::plain(engine, &self.plain, durability).await?;
        Ok(Pair { size: self.size, plain, vsg: connect(&self.versioned, durability).await? })
    }
}

/// Fills the table of an empty database and tracks it.
pub(crate) async fn track(engine: Engine, url: &str, size: u64) -> Result<Vsg> {
    let vsg = connect(url, engine.durabilities()[0]).await?;
    vsg.create_table::<person::Entity>().await?;
    person::fill(&vsg.connection(), engine, size).await?;
    vsg.track::<person::Entity>().await?;
    vsg.seal().await?;
    Ok(vsg)
}

/// Does what the engine would do in the background after a table was filled, so that it does not do it while the first
/// workload is measured.
pub(crate) async fn settle(db: &impl ConnectionTrait, engine: Engine) -> Result<()> {
    match engine {
        Engine::Sqlite => _ = db.query_all_raw(statement(engine, "PRAGMA wal_checkpoint(TRUNCATE)")).await?,
        Engine::Postgres => {
            db.execute_unprepared("VACUUM (ANALYZE)").await?;
            // Only a superuser may; without it, one comes when it comes.
            _ = db.execute_unprepared("CHECKPOINT").await;
        }
        Engine::MariaDb => _ = db.query_all_raw(statement(engine, "ANALYZE TABLE person")).await?,
    }
    Ok(())
}

fn statement(engine: Engine, sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(engine.backend(), sql)
}

/// Both sides of a comparison, connected.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) size: u64,
    plain: Side,
    vsg: Vsg,
}

impl Pair {
    /// The plain side, then the versioned one.
    pub(crate) fn sides(&self) -> [Side; 2] {
        [self.plain.clone(), Side::Versioned(self.vsg.clone())]
    }

    /// The plain side.
    pub(crate) fn plain(&self) -> &Side {
        &self.plain
    }

    /// The versioned side.
    pub(crate) fn vsg(&self) -> &Vsg {
        &self.vsg
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.plain.close().await?;
        Ok(self.vsg.close().await?)
    }
}
