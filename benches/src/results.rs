use std::{io::Write, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Engine, Error, Figure, Result, Scale, machine::Machine, software::Software};

/// What a run measured, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The engine.
    pub engine: Engine,
    /// When it began.
    pub date: String,
    /// How it was asked for.
    pub command: String,
    /// How long and how much was measured.
    pub scale: Scale,
    /// The machine.
    pub machine: Machine,
    /// The programs that took part.
    pub software: Software,
    /// The figures, in the order in which they came.
    pub figures: Vec<Figure>,
}

impl Results {
    /// Reads those of an engine from a folder; none if it was not measured.
    ///
    /// # Errors
    /// If they are there and cannot be read.
    pub fn load(folder: &Path, engine: Engine) -> Result<Option<Self>> {
        let path = folder.join(engine.name()).with_extension("json");
        match std::fs::read(&path) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(path)(error)),
        }
    }

    /// Writes them into a folder.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(self.engine.name()).with_extension("json");
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(&path, text).map_err(Error::file(path))
    }

    /// The figures of a workload, by size and count.
    pub fn of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = &'a Figure> {
        self.figures.iter().filter(move |figure| figure.workload == workload)
    }

    /// Takes in a figure, and shows it.
    pub(crate) fn add(&mut self, figure: Figure) -> Result<()> {
        // Whoever stopped reading does not stop the run.
        _ = writeln!(std::io::stdout(), "  {figure}");
        if !figure.versioned.is_finite() {
            return Err(Error::Unexpected(format!("nothing was measured of `{}`", figure.workload)));
        }
        self.figures.push(figure);
        Ok(())
    }
}
