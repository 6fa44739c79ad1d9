use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{
    names,
    reads::{head, touch},
};
use crate::{
    Error, Figure, Result, Run,
    child::{self, Task},
    person,
    side::Side,
    tables::track,
};

/// The peak memory of processes that do one thing each with all rows of a table, all of which were changed, so that there is
/// as much to be told, merged or taken back as there are rows.
pub(crate) async fn memory(run: &mut Run<'_>) -> Result<()> {
    let engine = run.engine();
    for size in run.settings.scale.memory.clone() {
        let url = run.databases.make().await?;
        let vsg = track(engine, &url, size).await?;
        let baseline = head(&vsg).await?;
        touch(&Side::Versioned(vsg.clone()), size, 1).await?;
        head(&vsg).await?;
        vsg.close().await?;
        let rows = csv(&run.databases.file(&format!("rows-{size}.csv")), size)?;
        let out = run.databases.file(&format!("out-{size}"));
        // Each on what the one before has left: a merge with the baseline changes all rows, and its rollback all again.
        let tasks = [
            ("connect", Task::Connect),
            ("export", Task::Export { file: out.clone() }),
            ("diff", Task::Diff { from: baseline.to_string() }),
            ("backup", Task::Backup { file: out.with_extension("zip") }),
            ("merge", Task::Merge { reference: baseline.to_string() }),
            ("rollback", Task::Rollback),
            ("import", Task::Import { file: rows }),
        ];
        for (what, task) in tasks {
            let (done, bytes) = child::perform(&run.settings.child, &url, &task).await?;
            if done != if matches!(task, Task::Connect | Task::Backup { .. }) { 0 } else { size } {
                return Err(Error::Unexpected(format!("the {what} was about {done} rows, not {size}")));
            }
            run.add(Figure::bytes(names::memory(what), size, bytes as f64))?;
        }
    }
    Ok(())
}

/// Writes a file to be imported.
fn csv(path: &Path, rows: u64) -> Result<PathBuf> {
    let write = || {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        writeln!(file, "name,email,age,note")?;
        for row in 0..rows {
            let (name, email, age, note) = person::values(row);
            writeln!(file, "{name},{email},{age},\"{note}\"")?;
        }
        file.flush()
    };
    write().map_err(Error::file(path))?;
    Ok(path.to_owned())
}
