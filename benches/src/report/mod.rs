//! The page of the documentation: what was measured, against what was aimed at.

mod judgement;
mod markdown;
mod plot;
mod table;
mod target;

use std::path::Path;

use crate::{Engine, Error, Result, Results};

/// Renders `performance.md` and `commit-cost.svg` into a folder, from the results of all engines that were measured.
///
/// # Errors
/// If nothing was measured, or a file cannot be read or written.
pub fn write(results: &Path, docs: &Path) -> Result<()> {
    let loaded = Engine::ALL.into_iter().map(|engine| Results::load(results, engine));
    let measured: Vec<Results> = loaded.filter_map(Result::transpose).collect::<Result<_>>()?;
    if measured.is_empty() {
        return Err(Error::Settings(format!("there are no results in {}: measure first", results.display())));
    }
    save(&docs.join("commit-cost.svg"), &plot::commit_cost(&measured)?)?;
    save(&docs.join("performance.md"), &markdown::page(&measured))
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(Error::file(path))
}
