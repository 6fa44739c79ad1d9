use std::sync::Arc;

use clap::Args;
use dbvsg::{DiffCount, Error, Reference, Tracked};
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    failure::{Exit, Failure},
    output::{ADDED, CHANGED, REMOVED, STRONG, WEAK, difference, grouped, harmless, tell},
    session::{Call, Session},
};

/// Show which rows differ between two commits.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dbvsg diff HEAD~1 HEAD\n  dbvsg diff v1 2026-01-31T12:00:00Z users --stat")]
pub(crate) struct Diff {
    /// The one commit.
    #[arg(value_name = "FROM")]
    from: Reference,
    /// The other commit.
    #[arg(value_name = "TO")]
    to: Reference,
    /// The table, whose commits HEAD and ~n then count; all tracked tables if it is left out.
    table: Option<String>,
    /// Only count the rows.
    #[arg(long)]
    stat: bool,
}

impl Diff {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let tables = match &self.table {
            Some(table) => vec![session.vsg.tracked(table).await?],
            None => session.vsg.all_tracked(),
        };
        // Each table counts its own commits back from HEAD; without one, all are asked about the same two.
        let (from, to) = match &self.table {
            Some(_) => (self.from.clone(), self.to.clone()),
            None => (self.commit(session, &self.from).await?, self.commit(session, &self.to).await?),
        };
        if session.json {
            return self.show_json(session, &tables, &from, &to).await;
        }
        let mut is_first = true;
        for tracked in &tables {
            match self.show(session, tracked, &from, &to, &mut is_first).await {
                Err(Failure::Engine(error)) if self.is_elsewhere(&error) => {
                    tell(format_args!("{}", WEAK.paint(format_args!("{}: {error}", harmless(&tracked.name())))));
                }
                done => done?,
            }
        }
        Ok(Exit::Fine)
    }

    async fn commit(&self, session: &Session, reference: &Reference) -> Result<Reference, Failure> {
        Ok(session.vsg.as_of(reference).await?.commit().into())
    }

    /// Whether only this table has no state at one of the commits, which is no reason to keep silent about the others.
    fn is_elsewhere(&self, error: &Error) -> bool {
        self.table.is_none() && matches!(error, Error::UnknownReference { .. } | Error::Pruned { .. })
    }

    async fn show(
        &self,
        session: &Session,
        tracked: &Arc<Tracked>,
        from: &Reference,
        to: &Reference,
        is_first: &mut bool,
    ) -> Result<(), Failure> {
        let screen = &session.screen;
        let mut rows = session.vsg.diff(&tracked.name(), from, to).await?.boxed();
        let mut count = DiffCount::default();
        while let Some(row) = rows.try_next().await? {
            if count == DiffCount::default() && !self.stat {
                if !std::mem::take(is_first) {
                    screen.line("")?;
                }
                screen.line(STRONG.paint(harmless(&tracked.name())))?;
            }
            count.add(&row);
            if !self.stat {
                screen.line(difference(&tracked.table, &row))?;
            }
        }
        if self.stat && count != DiffCount::default() {
            let parts = [(ADDED, '+', count.added), (REMOVED, '-', count.removed), (CHANGED, '~', count.changed)];
            let told = parts.map(|(paint, sign, number)| paint.paint(format_args!("{sign}{}", grouped(number))));
            screen.line(format_args!("{}  {}", STRONG.paint(harmless(&tracked.name())), told.join(" ")))?;
        }
        Ok(())
    }

    /// What the REST interface answers for one table; an object of that for several.
    async fn show_json(
        &self,
        session: &Session,
        tables: &[Arc<Tracked>],
        from: &Reference,
        to: &Reference,
    ) -> Result<Exit, Failure> {
        let call = |table: String| {
            let call = Call::get("/vsg/diff").with("table", Some(table)).with("from", Some(from)).with("to", Some(to));
            call.with("stat", self.stat.then_some("true"))
        };
        if let (Some(_), [only]) = (&self.table, tables) {
            return session.show_call(call(only.name())).await;
        }
        let mut separator = '{';
        for tracked in tables {
            let name = tracked.name();
            match session.vsg.diff(&name, from, to).await {
                Err(error) if self.is_elsewhere(&error) => continue,
                known => drop(known?),
            }
            let name_json = serde_json::to_string(&name).map_err(std::io::Error::other)?;
            session.screen.bytes(format!("{separator}{name_json}:").as_bytes())?;
            session.show_call(call(name)).await?;
            separator = ',';
        }
        session.screen.bytes(if separator == '{' { b"{}\n" } else { b"}\n" })?;
        Ok(Exit::Fine)
    }
}
