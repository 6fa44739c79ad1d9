use clap::Args;
use dbvsg::{Commit, LogFilter};

use crate::{
    arguments::Span,
    failure::{Exit, Failure},
    output::{Array, Graph, WEAK, grouped, heading, one_line, tell},
    session::{Session, all_or},
};

/// List commits, newest first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg log\n  dbvsg log users -n 5 --oneline\n  \
                        dbvsg log --actor ann --since 2026-01-01T00:00:00Z | less -R")]
pub(crate) struct Log {
    /// Only commits that touched this table.
    table: Option<String>,
    /// How many; 0 for all.
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    number: u64,
    /// One line a commit.
    #[arg(long)]
    oneline: bool,
    /// Draw lines from each commit to those that it came from.
    #[arg(long)]
    graph: bool,
    /// Only what this user changed.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this operation, as in UPDATE or ROLLBACK.
    #[arg(long)]
    operation: Option<String>,
    #[command(flatten)]
    span: Span,
    /// List resets of tables as well, which are not part of the line of commits.
    #[arg(long)]
    all: bool,
}

/// How many commits are read at a time.
const PAGE: u64 = 500;

impl Log {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if let Some(table) = &self.table {
            session.vsg.tracked_before(table).await?;
        }
        let mut filter = LogFilter::default();
        filter.table = self.table.clone();
        filter.actor = self.actor.clone();
        filter.operation = self.operation.as_ref().map(|operation| operation.to_uppercase());
        (filter.since, filter.until) = (self.span.since, self.span.until);
        filter.all = self.all;
        let array = session.json.then(|| Array::new(&session.screen));
        let mut printer = Printer { log: self, session, graph: Graph::default(), array, printed: 0 };
        let wanted = all_or(self.number);
        let mut total;
        loop {
            filter.offset = printer.printed;
            filter.limit = PAGE.min(wanted - printer.printed);
            let page = session.vsg.log(&filter).await?;
            total = page.total;
            for commit in &page.items {
                printer.print(commit)?;
            }
            if page.items.len() < PAGE as usize || printer.printed == wanted {
                break;
            }
        }
        printer.end(total)
    }
}

struct Printer<'a> {
    log: &'a Log,
    session: &'a Session,
    graph: Graph,
    array: Option<Array<'a>>,
    printed: u64,
}

impl Printer<'_> {
    fn print(&mut self, commit: &Commit) -> Result<(), Failure> {
        let screen = &self.session.screen;
        if let Some(array) = &mut self.array {
            self.printed += 1;
            return array.push(commit);
        }
        let lines = if self.log.oneline { vec![one_line(commit)] } else { heading(commit) };
        if !self.log.oneline && self.printed > 0 && !self.log.graph {
            screen.line("")?;
        }
        self.printed += 1;
        if !self.log.graph {
            return lines.iter().try_for_each(|line| screen.line(line));
        }
        let beside = self.graph.next(commit);
        beside.above.iter().try_for_each(|line| screen.line(line))?;
        for (position, line) in lines.iter().enumerate() {
            let before = if position == 0 { &beside.first } else { &beside.rest };
            screen.line(format!("{before}{line}").trim_end())?;
        }
        if !self.log.oneline {
            screen.line(beside.rest.trim_end())?;
        }
        beside.below.iter().try_for_each(|line| screen.line(line))
    }

    fn end(self, total: u64) -> Result<Exit, Failure> {
        if let Some(array) = self.array {
            return array.end();
        }
        if total > self.printed {
            tell(format_args!(
                "{}",
                WEAK.paint(format_args!("({} of {}; -n 0 lists all)", grouped(self.printed), grouped(total)))
            ));
        }
        Ok(Exit::Fine)
    }
}
