use std::io::Read;

use clap::Args;
use dbvsg::{Error, Reference, Row, Selected, Value, model::json};
use futures_util::TryStreamExt;
use serde_json::{Map, Value as Json};

use crate::{
    arguments::Writing,
    failure::{Exit, Failure},
    output::{Array, COMMIT, Grid, WEAK, count},
    session::{Session, short},
};

/// Run SQL as one commit; a SELECT prints its rows, of now or of any commit.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  dbvsg sql \"UPDATE users SET active = false WHERE id = 7\" -m 'left the company'\n  \
                  dbvsg sql \"SELECT * FROM users WHERE id = 7\" --as-of HEAD~1"
)]
pub(crate) struct Sql {
    /// The SQL; `-` reads it from standard input.
    statement: String,
    /// Read the tables as they were at this commit.
    #[arg(long, value_name = "REF", conflicts_with_all = ["message", "parent"])]
    as_of: Option<Reference>,
    #[command(flatten)]
    writing: Writing,
}

impl Sql {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let sql = self.text()?;
        let selected = match &self.as_of {
            Some(reference) => session.vsg.as_of(reference).await?.select(&sql).await?,
            None => match session.vsg.select(&sql).await {
                Err(Error::ReadOnly { .. }) => return self.execute(session, &sql).await,
                selected => selected?,
            },
        };
        show(session, selected).await
    }

    fn text(&self) -> Result<String, Failure> {
        if self.statement != "-" {
            return Ok(self.statement.clone());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(Error::file("standard input"))?;
        Ok(text)
    }

    async fn execute(&self, session: &Session, sql: &str) -> Result<Exit, Failure> {
        let done = session.vsg.execute(self.writing.author(&session.author), None, sql).await?;
        if session.json {
            return session.show_json(&serde_json::json!({"rows_affected": done.rows_affected, "commit": done.commit}));
        }
        let rows = count(done.rows_affected, "row");
        match done.commit {
            Some(commit) => {
                session.screen.line(format_args!("{rows} affected, commit {}", COMMIT.paint(short(commit))))?;
            }
            None => session.screen.line(format_args!("{rows} affected; no tracked row was changed"))?,
        }
        Ok(Exit::Fine)
    }
}

async fn show(session: &Session, mut selected: Selected) -> Result<Exit, Failure> {
    if session.json {
        let mut array = Array::new(&session.screen);
        while let Some(row) = selected.rows.try_next().await? {
            array.push(&object(&selected.columns, &row))?;
        }
        return array.end();
    }
    let mut grid = Grid::new(&session.screen, &selected.columns);
    while let Some(row) = selected.rows.try_next().await? {
        grid.push(row.values.iter().map(text).collect())?;
    }
    let rows = if selected.columns.is_empty() { 0 } else { grid.end()? };
    session.screen.line(WEAK.paint(format_args!("({})", count(rows, "row"))))?;
    Ok(Exit::Fine)
}

/// A row by the names of its columns. Those that share a name with one before are numbered.
fn object(columns: &[String], row: &Row) -> Map<String, Json> {
    let mut object = Map::new();
    for (name, value) in columns.iter().zip(&row.values) {
        let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}_{n}") });
        let name = free.into_iter().find(|name| !object.contains_key(name)).unwrap_or_default();
        object.insert(name, json::encode_untyped(value));
    }
    object
}

fn text(value: &Value) -> String {
    match json::encode_untyped(value) {
        Json::Null => "NULL".into(),
        Json::String(text) => text,
        other => other.to_string(),
    }
}
