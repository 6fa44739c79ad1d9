use clap::{Args, ValueEnum};
use dbvsg::{Column, ColumnKind, Reference, model::json, transfer::csv};
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    failure::{Exit, Failure},
    output::{Grid, WEAK, count, tell},
    session::{Call, Session, segment},
};

/// Show a table as it was at a commit.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  dbvsg at 2026-01-31T12:00:00Z users\n  dbvsg at v1 users --format csv > users.csv"
)]
pub(crate) struct At {
    /// The commit; HEAD and ~n count those of the table.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The table.
    table: String,
    /// The form of the rows.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// In aligned columns.
    Table,
    /// With commas, as a spreadsheet reads it.
    Csv,
    /// An array of objects.
    Json,
}

impl At {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if session.json || self.format == Format::Json {
            let call = Call::get(format!("/vsg/tables/{}/at", segment(&self.table)));
            return session.show_call(call.with("ref", Some(&self.reference))).await;
        }
        if self.format == Format::Csv {
            let parts = csv::export(&session.vsg, &self.table, Some(&self.reference)).await?;
            let mut parts = std::pin::pin!(parts);
            while let Some(part) = parts.try_next().await? {
                session.screen.bytes(&part)?;
            }
            return Ok(Exit::Fine);
        }
        let tracked = session.vsg.tracked(&self.table).await?;
        let mut rows = session.vsg.rows_at(&self.table, &self.reference, None).await?.boxed();
        let names = tracked.table.columns.iter().map(|column| column.name.as_str());
        let is_number =
            |column: &Column| matches!(column.kind, ColumnKind::Integer | ColumnKind::Float | ColumnKind::Decimal);
        let mut grid = Grid::new(&session.screen, names).numbers(tracked.table.columns.iter().map(is_number));
        while let Some(row) = rows.try_next().await? {
            let cells = tracked.table.columns.iter().zip(&row.values);
            grid.push(
                cells
                    .map(|(column, value)| if value.is_null() { "NULL".into() } else { json::to_text(column, value) })
                    .collect(),
            )?;
        }
        let rows = grid.end()?;
        tell(format_args!("{}", WEAK.paint(format_args!("({})", count(rows, "row")))));
        Ok(Exit::Fine)
    }
}
