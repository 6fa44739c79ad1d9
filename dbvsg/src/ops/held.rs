//! The application's own triggers, where dropping and creating one ends the transaction: what makes them again is in the
//! catalog before they go, and guards keep everybody else off the tables until they are back. What a program left half-way
//! that was killed meanwhile is finished by whoever connects next.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction};

use crate::{
    Error, Result, Vsg,
    backend::{Held, Sql},
    capture,
    catalog::Tracked,
    schema,
};

/// Tables whose own triggers hold still. Let go with [`HeldTables::release`].
pub(crate) struct HeldTables {
    turn: DatabaseTransaction,
    tables: Vec<(Tracked, Vec<String>)>,
}

/// Holds the own triggers of these tables still, while only the connection `own` may write to them; none if they have none.
/// `beside`: what is held and noted with the first of them.
pub(crate) async fn hold(
    vsg: &Vsg,
    own: &DatabaseConnection,
    tables: &[&Tracked],
    mut beside: Held,
) -> Result<Option<HeldTables>> {
    let (backend, db) = (vsg.backend(), DatabaseExecutor::Connection(vsg.db()));
    let mut found: Vec<(&Tracked, Held)> = Vec::new();
    for tracked in tables {
        let mut held = backend.own_triggers(&db, &tracked.table.name).await?;
        held.hold.append(&mut beside.hold);
        held.release.append(&mut beside.release);
        if !held.hold.is_empty() {
            found.push((*tracked, held));
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let turn = capture::turn(vsg).await?;
    let exempt = backend.connection_id(own).await?;
    let mut held = HeldTables { turn, tables: Vec::new() };
    for (tracked, Held { hold, release }) in found {
        held.tables.push((tracked.clone(), release.clone()));
        let done = async {
            note(vsg, vsg.db(), tracked.id, Some(&release)).await?;
            schema::guard(vsg, tracked, exempt).await?;
            run(vsg, &hold).await
        };
        if let Err(error) = done.await {
            held.release(vsg).await?;
            return Err(error);
        }
    }
    Ok(Some(held))
}

impl HeldTables {
    /// Notes them in a catalog that is about to take the place of the one in which they are noted.
    pub(crate) async fn keep_noted<C: ConnectionTrait>(&self, vsg: &Vsg, txn: &C) -> Result<()> {
        for (tracked, release) in &self.tables {
            note(vsg, txn, tracked.id, Some(release)).await?;
        }
        Ok(())
    }

    /// Whether the table of this number is one of them.
    pub(crate) fn holds(&self, table: i64) -> bool {
        self.tables.iter().any(|(tracked, _)| tracked.id == table)
    }

    /// Lets them act again.
    pub(crate) async fn release(self, vsg: &Vsg) -> Result<()> {
        let mut failed = None;
        for (tracked, release) in &self.tables {
            if let Err(error) = let_act(vsg, tracked, release).await {
                failed = Some(error);
            }
        }
        self.turn.commit().await?;
        failed.map_or(Ok(()), Err)
    }
}

async fn let_act(vsg: &Vsg, tracked: &Tracked, release: &[String]) -> Result<()> {
    run(vsg, release).await?;
    schema::unguard(vsg, tracked).await?;
    note(vsg, vsg.db(), tracked.id, None).await
}

async fn run(vsg: &Vsg, statements: &[String]) -> Result<()> {
    for sql in statements {
        vsg.db().execute_unprepared(sql).await?;
    }
    Ok(())
}

async fn note<C: ConnectionTrait>(vsg: &Vsg, db: &C, table: i64, statements: Option<&[String]>) -> Result<()> {
    let text = statements.map(|statements| serde_json::Value::from(statements.to_vec()).to_string());
    let mut sql = Sql::new(vsg.backend(), "UPDATE dbvsg_table SET held_triggers = ");
    sql.bind(text).push(" WHERE id = ").bind(table);
    sql.execute(db).await?;
    Ok(())
}

/// Lets triggers act again that a program held still which was killed. Does nothing while one is at it. One query if there
/// are none.
pub(crate) async fn finish(vsg: &Vsg) -> Result<()> {
    let backend = vsg.backend();
    if backend.transactional_ddl() || left(vsg).await?.is_empty() {
        return Ok(());
    }
    let turn = match capture::try_turn(vsg).await {
        Ok(turn) => turn,
        Err(error) if error.is_busy() => return Ok(()),
        Err(error) => return Err(error),
    };
    let catalog = vsg.catalog_now(&DatabaseExecutor::Connection(vsg.db())).await?;
    for (table, release) in left(vsg).await? {
        if let Some(tracked) = catalog.by_id(table) {
            let_act(vsg, tracked, &release).await?;
        }
    }
    Ok(turn.commit().await?)
}

async fn left(vsg: &Vsg) -> Result<Vec<(i64, Vec<String>)>> {
    let sql = "SELECT id, held_triggers FROM dbvsg_table WHERE held_triggers IS NOT NULL ORDER BY id";
    let rows = Sql::new(vsg.backend(), sql).all(vsg.db()).await?;
    let read = rows.iter().map(|row| {
        let text: String = row.try_get("", "held_triggers")?;
        let statements = serde_json::from_str(&text);
        let statements = statements.map_err(|error| Error::Corrupted { detail: format!("held triggers: {error}") })?;
        Ok((row.try_get("", "id")?, statements))
    });
    read.collect()
}
