use std::{future::Future, pin::Pin, sync::Arc};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait,
    Value as Bound, Values,
};

use super::{Position, Selected, rewrite::Scanned, select, state::state_of};
use crate::{
    Error, Result, Vsg,
    backend::Backend,
    catalog::Tracked,
    error::{PRUNED, READ_ONLY},
    model::CommitId,
};

/// The database as it was at one commit: a read-only SeaORM connection.
///
/// Any SELECT works: filters, joins over several tracked tables, aggregates, pagination, partial models, statements that
/// begin with WITH. Tracked tables are read as they were, columns that history does not hold are NULL; tables that are
/// not tracked are read as they are now. Writes are refused, and so are views, because those would show the present, and
/// statements on two tables that only differ in their schema.
#[derive(Clone, Debug)]
pub struct AsOf {
    vsg: Vsg,
    db: DatabaseConnection,
    position: Position,
    views: Arc<Vec<String>>,
}

pub(crate) async fn as_of(vsg: &Vsg, position: Position) -> Result<AsOf> {
    let views = vsg.db().query_all_raw(vsg.backend().views()).await?;
    let views = views.iter().map(|row| row.try_get("", "name")).collect::<Result<Vec<String>, _>>()?;
    Ok(AsOf { vsg: vsg.clone(), db: vsg.connection(), position, views: Arc::new(views) })
}

impl AsOf {
    /// The commit whose state this is.
    pub fn commit(&self) -> CommitId {
        self.position.uuid
    }

    pub(crate) fn backend(&self) -> &'static dyn Backend {
        self.vsg.backend()
    }

    /// Runs a SELECT in SQL, of any columns and types. One query, whose rows are read while the stream is.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] for anything else; [`Error::Pruned`].
    pub async fn select(&self, sql: &str) -> Result<Selected> {
        let statement = self.past(Statement::from_string(self.backend().builder(), sql))?;
        select::select(&self.db, self.backend(), statement.sql).await
    }

    fn past(&self, mut statement: Statement) -> Result<Statement, DbErr> {
        let scanned = Scanned::new(&statement.sql);
        if let Some(reason) = scanned.refusal() {
            return Err(refused(&reason));
        }
        if let Some(view) = self.views.iter().find(|view| scanned.names(view)) {
            return Err(refused(&format!("the view `{view}` shows the present; select from its tables")));
        }
        // Asked for anew each time: a table may have been pruned or disabled since.
        let catalog = self.vsg.catalog();
        let default = self.backend().default_schemas();
        let schemas =
            |tracked: &Tracked| tracked.table.name.schema.clone().map_or(default.clone(), |schema| vec![schema]);
        let is_meant = |(tracked, schemas): &(&Tracked, Vec<String>)| {
            let name = &tracked.table.name;
            scanned.names(&name.name) && scanned.means(schemas, name.schema.is_none(), &name.name)
        };
        let with_schemas = |tracked| (tracked, schemas(tracked));
        let meant: Vec<(&Tracked, Vec<String>)> =
            catalog.iter().map(|tracked| with_schemas(&**tracked)).filter(is_meant).collect();
        if let Some((gone, _)) = catalog.asleep().map(with_schemas).find(is_meant) {
            return Err(refused(&format!("table `{}` is not tracked any more; enable it again", gone.name())));
        }
        let mut expressions = Vec::with_capacity(meant.len());
        for (position, (tracked, _)) in meant.iter().enumerate() {
            let name = &tracked.table.name.name;
            if meant[..position].iter().any(|(other, _)| other.table.name.name == *name) {
                return Err(refused(&format!(
                    "two tables named `{name}` in one statement can't be told apart in the past"
                )));
            }
            match self.position.check(tracked) {
                Ok(()) => {}
                Err(Error::Pruned { table, from }) => return Err(DbErr::Custom(format!("{PRUNED}{from}: {table}"))),
                Err(_) => {
                    return Err(refused(&format!("table `{}` was not tracked yet at this commit", tracked.name())));
                }
            }
            expressions.push(self.expression(tracked));
        }
        let tables: Vec<(&[String], &str)> =
            meant.iter().map(|(tracked, schemas)| (&schemas[..], tracked.table.name.name.as_str())).collect();
        let bare = scanned.without_schemas(&tables);
        let mut past = Scanned::new(&bare).with(&expressions);
        if self.backend().plans_by_limit() {
            settle_limit(&mut past, &mut statement.values);
        }
        statement.sql = past;
        Ok(statement)
    }

    fn expression(&self, tracked: &Tracked) -> String {
        let backend = self.backend();
        let name = backend.quote(&tracked.table.name.name);
        format!("{name} AS {}({})", backend.inlined(), state_of(backend, tracked, &self.position))
    }
}

/// Writes the limit into a statement that ends with its parameter. The text of a table's past is long, so to plan it is most of the
/// work of reading a single row; the limits of a program are few, so its statements stay few.
fn settle_limit(sql: &mut String, values: &mut Option<Values>) {
    let Some(place) = Scanned::new(sql).bound_limit() else { return };
    let Some(Values(values)) = values else { return };
    let limit = match values.last() {
        Some(Bound::BigUnsigned(Some(limit))) => limit.to_string(),
        Some(Bound::BigInt(Some(limit))) => limit.to_string(),
        _ => return,
    };
    values.pop();
    sql.replace_range(place.., &limit);
}

fn refused(reason: &str) -> DbErr {
    DbErr::Custom(format!("{READ_ONLY}{reason}"))
}

#[async_trait::async_trait]
impl ConnectionTrait for AsOf {
    fn get_database_backend(&self) -> DbBackend {
        self.backend().builder()
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
        self.backend().builder()
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
