use std::{future::Future, pin::Pin, sync::Arc};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};

use super::{Position, rewrite::Scanned};
use crate::{
    Result, Vsg,
    backend::Backend,
    catalog::{Catalog, Tracked},
    error::READ_ONLY,
    model::CommitId,
};

/// The database as it was at one commit: a read-only SeaORM connection.
///
/// Any SELECT works: filters, joins over several tracked tables, aggregates, pagination, partial models, statements that
/// begin with WITH. Tracked tables are read as they were, columns that history does not hold are NULL; tables that are
/// not tracked are read as they are now. Writes are refused, and so are views and tables with a schema before their name,
/// because those would show the present.
#[derive(Clone, Debug)]
pub struct AsOf {
    db: DatabaseConnection,
    backend: &'static dyn Backend,
    catalog: Catalog,
    position: Position,
    views: Arc<Vec<String>>,
}

pub(crate) async fn as_of(vsg: &Vsg, position: Position) -> Result<AsOf> {
    let views = vsg.db().query_all_raw(vsg.backend().views()).await?;
    let views = views.iter().map(|row| row.try_get("", "name")).collect::<Result<Vec<String>, _>>()?;
    Ok(AsOf { db: vsg.connection(), backend: vsg.backend(), catalog: vsg.catalog(), position, views: Arc::new(views) })
}

impl AsOf {
    /// The commit whose state this is.
    pub fn commit(&self) -> CommitId {
        self.position.uuid
    }

    fn past(&self, mut statement: Statement) -> Result<Statement, DbErr> {
        let scanned = Scanned::new(&statement.sql);
        if let Some(reason) = scanned.refusal() {
            return Err(refused(&reason));
        }
        if let Some(view) = self.views.iter().find(|view| scanned.names(view)) {
            return Err(refused(&format!("the view `{view}` shows the present; select from its tables")));
        }
        let mut expressions = Vec::new();
        for tracked in self.catalog.iter().filter(|tracked| scanned.names(&tracked.table.name.name)) {
            let name = &tracked.table.name.name;
            if scanned.qualifies(name, self.backend.qualifiers()) {
                return Err(refused(&format!(
                    "`{name}` with a schema before it is the present; leave the schema away"
                )));
            }
            if self.position.check(tracked).is_err() {
                return Err(refused(&format!("table `{name}` was not tracked yet at this commit")));
            }
            expressions.push(self.expression(tracked));
        }
        statement.sql = scanned.with(&expressions);
        Ok(statement)
    }

    fn expression(&self, tracked: &Tracked) -> String {
        let columns = tracked.table.columns.iter().zip(&tracked.captured).map(|(column, captured)| {
            let name = self.backend.quote(&column.name);
            if *captured { format!("h.{name} AS {name}") } else { format!("NULL AS {name}") }
        });
        format!(
            "{} AS (SELECT {} FROM {} h WHERE {})",
            self.backend.quote(&tracked.table.name.name),
            columns.collect::<Vec<_>>().join(", "),
            self.backend.quote_table(&tracked.history),
            self.position.valid("h"),
        )
    }
}

fn refused(reason: &str) -> DbErr {
    DbErr::Custom(format!("{READ_ONLY}{reason}"))
}

#[async_trait::async_trait]
impl ConnectionTrait for AsOf {
    fn get_database_backend(&self) -> DbBackend {
        self.backend.builder()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(refused("only SELECT is possible; write through a transaction"))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(refused("only SELECT is possible; write through a transaction"))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.db.query_one_raw(self.past(statement)?).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.db.query_all_raw(self.past(statement)?).await
    }
}

impl StreamTrait for AsOf {
    type Stream<'a> = <DatabaseConnection as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        self.backend.builder()
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        match self.past(statement) {
            Ok(statement) => self.db.stream_raw(statement),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}
