//! The least that answers the same two calls: poem over SeaORM, each call one statement where the engine can do that. No history,
//! no author, no checks but the types, no document.

use poem::{
    EndpointExt, IntoEndpoint, Route, Server,
    error::{InternalServerError, NotFoundError},
    get, handler,
    listener::TcpAcceptor,
    web::{Data, Json, Path},
};
use sea_orm::{ActiveModelTrait, DatabaseConnection, DbErr, EntityTrait, Set};
use serde::Deserialize;

use crate::{Error, Result, person};

/// Serves the table until `end`.
pub(super) async fn serve(
    db: DatabaseConnection,
    listener: std::net::TcpListener,
    end: impl Future<Output = ()>,
) -> Result<()> {
    let failed = || Error::io("the server cannot serve");
    listener.set_nonblocking(true).map_err(failed())?;
    let acceptor = TcpAcceptor::from_std(listener).map_err(failed())?;
    let row = get(read).put(replace).data(db).into_endpoint();
    let routes = Route::new().at(format!("/{}/:id", person::TABLE), row);
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(routes, end, None).await.map_err(failed())
}

#[derive(Deserialize)]
struct Body {
    name: String,
    email: String,
    age: i32,
    note: String,
}

#[handler]
async fn read(Path(id): Path<i32>, Data(db): Data<&DatabaseConnection>) -> poem::Result<Json<person::Model>> {
    let row = person::Entity::find_by_id(id).one(db).await.map_err(InternalServerError)?;
    Ok(Json(row.ok_or(NotFoundError)?))
}

#[handler]
async fn replace(
    Path(id): Path<i32>,
    Data(db): Data<&DatabaseConnection>,
    Json(body): Json<Body>,
) -> poem::Result<Json<person::Model>> {
    let Body { name, email, age, note } = body;
    let row = person::ActiveModel { id: Set(id), name: Set(name), email: Set(email), age: Set(age), note: Set(note) };
    match row.update(db).await {
        Ok(row) => Ok(Json(row)),
        Err(DbErr::RecordNotUpdated) => Err(NotFoundError.into()),
        Err(error) => Err(InternalServerError(error)),
    }
}
