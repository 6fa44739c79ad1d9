//! A REST server with three versioned models: `cargo run --example quickstart`.
//!
//! `DATABASE_URL` (the SQLite file `quickstart.db` by default), `LISTEN` (`127.0.0.1:8000`) and `MAX_RECORDS` (no limit)
//! change what it does. On its first start it loads the data set in `examples/data`. `examples/flow.sh` talks to it.

mod data;
mod models;

use dbvsg::Vsg;
use dbvsg_web::Bootstrap;
use models::{client, product, user};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "warn,dbvsg=info,dbvsg_web=info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://quickstart.db".into());
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".into());
    let limit = match std::env::var("MAX_RECORDS") {
        Ok(text) => Some(text.parse::<u64>().map_err(|_| format!("MAX_RECORDS must be a whole number, not `{text}`"))?),
        Err(_) => None,
    };

    let vsg = Vsg::connect(&created(&url)).await?;
    data::load_once(&vsg).await?;

    let mut server = Bootstrap::new(vsg.clone())
        .mount(vsg.accessor::<client::Entity>())
        .mount(vsg.accessor::<user::Entity>())
        .mount(vsg.accessor::<product::Entity>())
        .create_tables(true);
    if let Some(limit) = limit {
        server = server.max_records(limit);
    }
    // What stands before the @ can hold a password.
    let database = url.rsplit_once('@').map_or(url.as_str(), |(_, place)| place);
    println!("DBVSG listens on http://{listen} and keeps every version of {database}. Worth trying:\n");
    println!("  curl http://{listen}/users/1");
    println!(
        "  curl -X PATCH http://{listen}/users/1 -H 'X-User: ann' -H 'X-Reason: she moved' -H 'Content-Type: application/json' -d '{{\"age\": 41}}'"
    );
    println!("  curl http://{listen}/users/1/history");
    println!("  curl 'http://{listen}/users/1?as_of=HEAD~1'");
    println!("  curl http://{listen}/vsg/logs\n");
    println!("The interface is described at http://{listen}/docs. Ctrl-C stops the server.");
    server.serve(&listen).await?;
    Ok(())
}

/// The quickstart makes its database if it is not there.
fn created(url: &str) -> String {
    if !url.starts_with("sqlite:") || url.contains("mode=") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}mode=rwc")
}
