use clap::Args;
use dbvsg::{Period, Reference, Retention, Rule};

use super::tables::size;
use crate::{
    arguments::Writing,
    confirm::Caution,
    failure::{Exit, Failure},
    output::{COMMIT, Grid, count, grouped},
    progress::Progress,
    session::{Session, short},
};

/// Take old versions of rows away, for good. What is left is still proven.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg prune --before 2025-01-01T00:00:00Z --dry-run\n  \
                  dbvsg prune --table sessions --keep-versions 10 --yes\n  dbvsg prune --one-per day --before HEAD~1000")]
pub(crate) struct Prune {
    /// Only this table; all if it is left out.
    #[arg(long)]
    table: Option<String>,
    /// Versions that ended before this commit or moment.
    #[arg(long, value_name = "REF", required_unless_present = "keep_versions")]
    before: Option<Reference>,
    /// Versions beyond so many of each row.
    #[arg(long, value_name = "N", conflicts_with = "before")]
    keep_versions: Option<u64>,
    /// Of what was before, keep the last state of each hour, day, week or month.
    #[arg(long, value_name = "PERIOD", requires = "before")]
    one_per: Option<Period>,
    #[command(flatten)]
    caution: Caution,
    #[command(flatten)]
    writing: Writing,
}

impl Prune {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let author = self.writing.author(&session.author);
        let mut retention = Retention::new(self.rule()?).dry_run(true);
        retention.table = self.table.clone();
        let working = Progress::new("Looking for versions that may go");
        let planned = session.vsg.prune(&author, &retention).await?;
        drop(working);
        if self.caution.dry_run && session.json {
            return session.show_json(&planned);
        }
        if !session.json {
            let mut grid = Grid::new(&session.screen, ["table", "goes", "about", "stays", "about", "past from"])
                .numbers([false, true, true, true, true, false]);
            for table in &planned.tables {
                grid.push(vec![
                    table.table.clone(),
                    grouped(table.removed),
                    size(table.removed_bytes as i64),
                    grouped(table.kept),
                    size(table.kept_bytes as i64),
                    table.horizon.map(|horizon| horizon.at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
                ])?;
            }
            grid.end()?;
        }
        let removed: u64 = planned.tables.iter().map(|table| table.removed).sum();
        if self.caution.dry_run || removed == 0 && !session.json {
            if removed == 0 {
                session.screen.line("Nothing is to go.")?;
            }
            return Ok(Exit::Fine);
        }
        self.caution.asking.confirm(session, &format!("Take {} away for good?", count(removed, "version"))).await?;
        let working = Progress::new(format!("Taking {} away", count(removed, "version")));
        let pruned = session.vsg.prune(author, &retention.dry_run(false)).await?;
        drop(working);
        if session.json {
            return session.show_json(&pruned);
        }
        if let Some(commit) = pruned.commit {
            session.screen.line(format_args!("PRUNE {}", COMMIT.paint(short(commit))))?;
        }
        Ok(Exit::Fine)
    }

    fn rule(&self) -> Result<Rule, Failure> {
        match (self.keep_versions, self.one_per, &self.before) {
            (Some(versions), _, _) => Ok(Rule::KeepVersions(versions)),
            (None, Some(period), Some(before)) => Ok(Rule::OnePer { period, before: before.clone() }),
            (None, None, Some(before)) => Ok(Rule::Before(before.clone())),
            _ => Err(Failure::Usage("say what goes: --before or --keep-versions".into())),
        }
    }
}
