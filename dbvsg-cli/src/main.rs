//! The `dbvsg` command: what the engine and the server do, for any database, without Rust code.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
mod commands;
mod confirm;
#[cfg(test)]
mod docs;
mod failure;
mod output;
mod progress;
mod session;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    arguments::Arguments,
    commands::Command,
    failure::{Exit, Failure},
    session::Session,
};

/// What a shell answers for a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(&arguments.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Failure::Output(error)),
    };
    let code = runtime.block_on(run(arguments));
    // A question that is still being asked is not waited for.
    runtime.shutdown_background();
    code
}

/// What happens inside is told on standard error, as much as `RUST_LOG` asks for: nothing, but for a server.
fn log(command: &Command) {
    let level = if matches!(command, Command::Serve(_)) { "warn,dbvsg=info,dbvsg_web=info" } else { "off" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn run(arguments: Arguments) -> ExitCode {
    let url = arguments.url.clone();
    let is_server = matches!(arguments.command, Command::Serve(_));
    let interrupted = async {
        // A server ends its calls first.
        if is_server || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        outcome = perform(arguments) => match outcome {
            Ok(exit) => exit.into(),
            Err(failure) => complain(&failure),
        },
        () = interrupted => {
            // What was begun is dropped, and so undone. Where an engine cannot undo a step, whoever connects next does.
            if let Some(url) = url
                && let Ok(session) = Session::connect(&url, None).await
            {
                session.close().await;
            }
            ExitCode::from(INTERRUPTED)
        }
    }
}

async fn perform(arguments: Arguments) -> Result<Exit, Failure> {
    if let Command::Completions(completions) = arguments.command {
        return completions.run();
    }
    let session = Session::open(&arguments).await?;
    let done = commands::run(arguments.command, &session).await;
    session.close().await;
    done
}

/// One line on standard error. Whoever stopped reading our output is not told that we stopped writing.
fn complain(failure: &Failure) -> ExitCode {
    if !failure.is_closed_pipe() {
        output::tell(format_args!("{}: {failure}", output::ERROR.paint("error")));
    }
    failure.exit().into()
}
