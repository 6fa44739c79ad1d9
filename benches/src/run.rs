use std::io::Write;

use crate::{
    Engine, Error, Figure, Result, Results, Settings, Workload,
    databases::Databases,
    engine::Durability,
    machine::Machine,
    naive::naive,
    side::Side,
    software::Software,
    tables::{Pair, Tables},
    workloads,
};

/// A run that goes on: what its workloads have at hand.
pub(crate) struct Run<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) databases: Databases,
    results: Results,
    tables: Vec<Tables>,
}

/// Measures, and writes the results after each workload.
///
/// # Errors
/// If a setting makes no sense, something fails, or a history turns out not to be sound. The databases of the run are gone
/// all the same.
pub async fn run(settings: &Settings) -> Result<Results> {
    check(settings)?;
    let mut run = Run::begin(settings).await?;
    let measured = tokio::select! {
        measured = run.measure() => measured,
        _ = tokio::signal::ctrl_c() => Err(Error::Settings("interrupted".to_owned())),
    };
    let dropped = run.databases.drop_all().await;
    measured?;
    dropped?;
    Ok(run.results)
}

fn check(settings: &Settings) -> Result<()> {
    let wrong = |reason: &str| Err(Error::Settings(reason.to_owned()));
    if settings.sizes.is_empty() || settings.sizes.iter().any(|size| *size < 100) {
        return wrong("a table has at least 100 rows");
    }
    if settings.engine != Engine::Sqlite && settings.server.is_none() {
        let name = settings.engine.name();
        return wrong(&format!("the URL of a {} server is needed: --url, or the variable of --help", name));
    }
    Ok(())
}

impl<'a> Run<'a> {
    async fn begin(settings: &'a Settings) -> Result<Self> {
        let engine = settings.engine;
        let mut databases = Databases::new(engine, settings.server.as_deref(), &settings.results)?;
        let machine = Machine::look(&settings.results)?;
        let url = databases.make().await?;
        let side = Side::plain(engine, &url, engine.durabilities()[0]).await?;
        let software = Software::ask(&side.db(), engine).await?;
        side.close().await?;
        let results = Results {
            engine,
            date: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            command: settings.command.clone(),
            scale: settings.scale.clone(),
            machine,
            software,
            figures: Vec::new(),
        };
        Ok(Self { settings, databases, results, tables: Vec::new() })
    }

    async fn measure(&mut self) -> Result<()> {
        let (engine, settings) = (self.settings.engine, self.settings);
        self.say(&format!("{engine} {}: versioned / plain, medians of turns", self.results.software.engine));
        let mut sizes = settings.sizes.clone();
        sizes.sort_unstable();
        sizes.dedup();
        let mut workloads = settings.workloads.clone();
        // What reads comes before what fills the histories.
        workloads.sort_unstable();
        workloads.dedup();
        for size in sizes {
            self.tables.push(Tables::make(&mut self.databases, engine, size).await?);
        }
        for workload in workloads {
            self.say(&format!("{workload:?}").to_lowercase());
            match workload {
                Workload::Reads => workloads::reads(self).await?,
                Workload::Diffs => workloads::diffs(self).await?,
                Workload::Rollbacks => workloads::rollbacks(self).await?,
                Workload::Histories => workloads::histories(self).await?,
                Workload::Writes => workloads::writes(self).await?,
                Workload::Throughput => workloads::throughput(self).await?,
                Workload::Bulk => workloads::bulk(self).await?,
                Workload::Bytes => workloads::bytes(self).await?,
                Workload::Naive => naive(self).await?,
                Workload::Rest => workloads::rest(self).await?,
                Workload::Proof => workloads::proof(self).await?,
                Workload::Memory => workloads::memory(self).await?,
            }
            self.results.save(&settings.results)?;
        }
        Ok(())
    }

    pub(crate) fn engine(&self) -> Engine {
        self.settings.engine
    }

    /// Takes in a figure.
    pub(crate) fn add(&mut self, figure: Figure) -> Result<()> {
        self.results.add(figure)
    }

    /// Both sides at every size, the smallest first, as durable as a program gets them that asks for nothing.
    pub(crate) async fn pairs(&self) -> Result<Vec<Pair>> {
        self.pairs_with(self.engine().durabilities()[0]).await
    }

    /// The same with another durability.
    pub(crate) async fn pairs_with(&self, durability: Durability) -> Result<Vec<Pair>> {
        let mut pairs = Vec::with_capacity(self.tables.len());
        for tables in &self.tables {
            pairs.push(tables.open(self.engine(), durability).await?);
        }
        Ok(pairs)
    }

    /// The tables on which is measured what does not depend on the size: those in the middle.
    pub(crate) fn middle(&self) -> &Tables {
        &self.tables[self.tables.len() / 2]
    }

    /// The middle ones, connected.
    pub(crate) async fn pair(&self, durability: Durability) -> Result<Pair> {
        self.middle().open(self.engine(), durability).await
    }

    fn say(&self, text: &str) {
        // Whoever stopped reading does not stop the run.
        _ = writeln!(std::io::stdout(), "{text}");
    }
}

/// Closes what was opened.
pub(crate) async fn close(pairs: Vec<Pair>) -> Result<()> {
    for pair in pairs {
        pair.close().await?;
    }
    Ok(())
}
