//! The database as a whole: `/db/diagram.svg`, `/db/export.zip`, `/db/backup.sqlite`, `/db/backup.zip` and `/db/restore`

use dbvsg::{RestoreOptions, transfer::export};
use futures_util::TryStreamExt;
use poem::{
    Response,
    http::{Method, header},
};
use serde_json::json;

use crate::{
    backup,
    call::Call,
    diagram,
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
    problem::Problem,
    reply::{self, Reply},
    stream,
};

pub(super) fn operations() -> Vec<Operation> {
    let file = |media| Some(Content { media, schema: json!({"type": "string", "format": "binary"}) });
    let form = Content {
        media: "multipart/form-data",
        schema: schema::object(json!({"file": {"type": "string", "format": "binary"}})),
    };
    let restored = schema::object(json!({
        "status": {"type": "string", "enum": ["ok"]},
        "restored": {"type": "boolean"},
        "bytes": {"type": "integer", "format": "int64"},
    }));
    let operations = vec![
        Operation::get("/db/diagram.svg", "db.diagram")
            .summary("Draws the tables and their foreign keys")
            .answers(200, "the picture", file("image/svg+xml"))
            .run(diagram),
        Operation::get("/db/export.zip", "db.export")
            .summary("Packs all tables as CSV files, all of one moment")
            .answers(200, "the archive", file("application/zip"))
            .run(export),
        Operation::get("/db/backup.sqlite", "db.backup")
            .summary("Copies a SQLite database while others go on writing")
            .answers(200, "the copy", file("application/vnd.sqlite3"))
            .errors(&[409])
            .run(backup),
        Operation::get("/db/backup.zip", "db.bundle")
            .summary("Packs schema, rows, histories and digests of any database, all of one moment")
            .answers(200, "the bundle", file("application/zip"))
            .run(bundle),
        Operation::acting(Method::POST, "/db/restore", "db.restore")
            .summary("Puts a backup of either kind in place of the database, all or nothing")
            .parameters([
                Parameter::query(
                    "integrity_check",
                    json!({"type": "boolean", "default": true}),
                    "whether a SQLite file is read as a whole for damage first, and foreign keys are checked",
                ),
                Parameter::flag("dry_run", "whether the backup is only checked"),
            ])
            .body(form)
            .answers(200, "the backup is sound, and in place unless this was a dry run", Some(Content::json(restored)))
            .errors(&[404])
            .run(restore),
    ];
    operations.into_iter().map(|operation| operation.tag("database")).collect()
}

async fn diagram(call: Call) -> Reply {
    let mut tables = Vec::new();
    for status in call.vsg().tables().await? {
        // A table may be dropped in between.
        tables.extend(call.vsg().describe(&status.table).await?);
    }
    Ok(Response::builder().header(header::CONTENT_TYPE, "image/svg+xml").body(diagram::svg(&tables)))
}

async fn export(call: Call) -> Reply {
    let parts = export::zip(call.vsg()).await?;
    let answer = stream::answer("application/zip", parts.map_err(|_| Problem::internal())).await?;
    Ok(reply::attached(answer, "export.zip"))
}

async fn backup(call: Call) -> Reply {
    let copy = backup::download(call.vsg()).await?;
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/vnd.sqlite3")
        .header(header::CONTENT_LENGTH, copy.bytes)
        .body(copy.body);
    Ok(reply::attached(answer, "backup.sqlite"))
}

async fn bundle(call: Call) -> Reply {
    let parts = backup::bundle(call.vsg()).await?;
    let answer = stream::answer("application/zip", parts.map_err(Problem::from)).await?;
    Ok(reply::attached(answer, "backup.zip"))
}

async fn restore(mut call: Call) -> Reply {
    if let Some(parent) = call.expecting_author()?.expected_parent {
        call.vsg().expect_head(parent).await?;
    }
    let components = call.shared().components.iter();
    let options = components.fold(RestoreOptions::default(), |options, one| options.require(&one.shape().table));
    let options = options.dry_run(call.flag("dry_run", false)?).integrity_check(call.flag("integrity_check", true)?);
    let limit = call.shared().limits.upload;
    let (vsg, body) = (call.vsg().clone(), call.take_body());
    let restored = backup::upload(&vsg, call.header("Content-Type")?, body, limit, options).await?;
    reply::ok(&json!({"status": "ok", "restored": restored.restored, "bytes": restored.bytes}))
}
