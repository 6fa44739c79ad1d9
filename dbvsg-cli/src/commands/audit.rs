use clap::Args;
use dbvsg::{AuditFilter, Key, Op, model::time};

use crate::{
    arguments::Span,
    failure::{Exit, Failure},
    output::{Grid, WEAK, grouped, tell},
    session::{Call, Session, all_or, short},
};

/// List changes of rows: who did what, when, and why; newest first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg audit --component users --record 7\n  \
                        dbvsg audit --actor ann --operation delete --json > audit.json")]
pub(crate) struct Audit {
    /// Only changes of this table.
    #[arg(long, value_name = "TABLE")]
    component: Option<String>,
    /// Only changes of the row with this key.
    #[arg(long, value_name = "KEY", requires = "component")]
    record: Option<String>,
    /// Only changes by this user.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only changes of this kind: create, update, delete, soft_delete or restore.
    #[arg(long, value_parser = operation)]
    operation: Option<Op>,
    #[command(flatten)]
    span: Span,
    /// How many; 0 for all.
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    number: u64,
}

/// How many changes are read at a time.
const PAGE: u64 = 500;

fn operation(word: &str) -> Result<Op, String> {
    Op::from_shown(word)
        .filter(|op| *op != Op::Baseline)
        .ok_or_else(|| "create, update, delete, soft_delete or restore is expected".into())
}

impl Audit {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if session.json {
            return self.show_json(session).await;
        }
        let mut filter = AuditFilter::default();
        filter.table = self.component.clone();
        if let (Some(table), Some(record)) = (&self.component, &self.record) {
            filter.key = Some(Key::parse(&session.vsg.tracked(table).await?.table, record)?);
        }
        filter.actor = self.actor.clone();
        filter.op = self.operation;
        (filter.since, filter.until) = (self.span.since, self.span.until);
        let wanted = all_or(self.number);
        let mut grid = Grid::new(&session.screen, ["when", "who", "what", "table", "row", "commit", "why"]);
        let mut shown = 0;
        let total = loop {
            filter.offset = shown;
            filter.limit = PAGE.min(wanted - shown);
            let page = session.vsg.audit(&filter).await?;
            for change in &page.items {
                let table = &session.vsg.tracked_before(&change.table).await?.table;
                grid.push(vec![
                    change.at.format("%Y-%m-%d %H:%M:%S").to_string(),
                    change.actor.clone(),
                    change.op.shown().into(),
                    change.table.clone(),
                    change.key.to_text(table),
                    short(change.commit),
                    change.message.clone().unwrap_or_default(),
                ])?;
            }
            shown += page.items.len() as u64;
            if page.items.is_empty() || shown >= wanted.min(page.total) {
                break page.total;
            }
        };
        grid.end()?;
        if total > shown {
            tell(format_args!(
                "{}",
                WEAK.paint(format_args!("({} of {}; -n 0 lists all)", grouped(shown), grouped(total)))
            ));
        }
        Ok(Exit::Fine)
    }

    async fn show_json(&self, session: &Session) -> Result<Exit, Failure> {
        let call = Call::get("/db/audit")
            .with("component", self.component.as_ref())
            .with("record_id", self.record.as_ref())
            .with("actor", self.actor.as_ref())
            .with("operation", self.operation.map(Op::shown))
            .with("since", self.span.since.map(time::to_text))
            .with("until", self.span.until.map(time::to_text));
        session.show_list(call, all_or(self.number)).await
    }
}
