use clap::Args;
use dbvsg::TableStatus;
use serde_json::Value as Json;

use crate::{
    failure::{Exit, Failure},
    output::{Grid, grouped},
    session::{Call, Session},
};

/// List all tables, tracked or not.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dbvsg tables --url sqlite://app.db")]
pub(crate) struct Tables {}

impl Tables {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if session.json {
            return session.show_list(Call::get("/vsg/tables"), u64::MAX).await;
        }
        let mut grid = Grid::new(&session.screen, ["table", "tracked", "rows", "versions", "history size", ""])
            .numbers([false, false, true, true, true, false]);
        for status in session.vsg.tables().await? {
            let bytes = match status.tracked {
                true => session.vsg.table_statistics(&status.table).await?.history_bytes,
                false => None,
            };
            let number = |number: Option<i64>| number.map(|n| grouped(n.unsigned_abs())).unwrap_or_default();
            grid.push(vec![
                status.table.clone(),
                tracked(&status).into(),
                number(status.rows),
                number(status.versions),
                bytes.map(size).unwrap_or_default(),
                status.reason.unwrap_or_default(),
            ])?;
        }
        if grid.end()? == 0 {
            session.screen.line("There are no tables in this database.")?;
        }
        Ok(Exit::Fine)
    }
}

fn tracked(status: &TableStatus) -> &'static str {
    match (status.tracked, &status.reason) {
        (true, _) => "yes",
        (false, None) => "no",
        (false, Some(_)) => "cannot be",
    }
}

/// The tables that are wanted, as the REST interface lists them.
pub(super) async fn listed(session: &Session, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Json>, Failure> {
    let mut found = Vec::new();
    let take = |table: Json| {
        if table["table"].as_str().is_some_and(&is_wanted) {
            found.push(table);
        }
        Ok(())
    };
    session.each(Call::get("/vsg/tables"), u64::MAX, take).await?;
    Ok(found)
}

/// Bytes for people.
pub(super) fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (bytes.max(0) as f64, 0);
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_easily() {
        assert_eq!([0, 1023, 1024, 1_572_864].map(size), ["0 B", "1023 B", "1.0 KiB", "1.5 MiB"]);
    }
}
