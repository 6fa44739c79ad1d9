use std::fmt::Write;

use super::{
    judgement::Judgement,
    table::Table,
    target::{Bound, Measure, TARGETS, Target},
};
use crate::{Figure, Results, figure::grouped, side::Way, workloads::names};

/// The whole page.
pub(super) fn page(measured: &[Results]) -> String {
    let sections = [
        heading(measured),
        targets(measured),
        growth(measured),
        naive(measured),
        memory(measured),
        method(measured),
        figures(measured),
    ];
    sections.join("\n")
}

fn heading(measured: &[Results]) -> String {
    let mut page = String::from(
        "<!-- Rendered by `cargo bench -p dbvsg-benches -- report`; what is changed by hand is lost. -->\n\n\
         # Performance\n\n\
         What versioning costs, measured against the same tables without it, on the same machine, in the same run. Every number \
         here comes from a run of `scripts/bench`; run it yourself. Why the numbers are what they are, and where their floor is: \
         [notes](performance-notes.md).\n\n",
    );
    for results in measured {
        let judged: Vec<bool> = judged(results).map(|(target, judgement)| target.holds(judgement.value)).collect();
        let held = judged.iter().filter(|held| **held).count();
        _ = writeln!(page, "* **{}**: {held} of {} targets hold.", results.engine, judged.len());
    }
    page
}

fn judged(results: &Results) -> impl Iterator<Item = (&'static Target, Judgement<'_>)> {
    let mine = TARGETS.iter().filter(|target| target.engines.contains(&results.engine));
    mine.filter_map(|target| Some((target, target.judge(results)?)))
}

fn targets(measured: &[Results]) -> String {
    let mut page = String::from(
        "## Targets\n\nA target is judged by the worst of all figures that it is about; that one is named. A ratio is \
         versioned / plain.\n",
    );
    for results in measured {
        let mut table = Table::new(["target", "", "measured", "holds", "the worst of it"]);
        for (target, judgement) in judged(results) {
            let holds = if target.holds(judgement.value) { "yes" } else { "**no**" };
            let measured = show(target, judgement.value);
            table.row([target.what.to_owned(), bound(target), measured, holds.to_owned(), origin(&judgement)]);
        }
        _ = write!(page, "\n### {}\n\n{table}", results.engine);
    }
    page
}

fn bound(target: &Target) -> String {
    match target.bound {
        Bound::AtMost(most) => format!("≤ {}", show(target, most)),
        Bound::AtLeast(least) => format!("≥ {}", show(target, least)),
    }
}

fn show(target: &Target, value: f64) -> String {
    match target.measure {
        Measure::Value(unit) => unit.show(value),
        Measure::Ratio | Measure::RatioOfLargest | Measure::Growth => format!("{value:.2}"),
    }
}

fn origin(judgement: &Judgement<'_>) -> String {
    let figure = judgement.figure;
    let mut text = format!("{}, {} rows", title(figure), grouped(figure.size as f64));
    let versioned = figure.unit.show(figure.versioned);
    _ = match (judgement.smallest, figure.plain) {
        (Some(smallest), _) => {
            let less = smallest.unit.show(smallest.versioned);
            write!(text, ": {versioned} / {less} at {}", grouped(smallest.size as f64))
        }
        (None, Some(plain)) => write!(text, ": {versioned} / {}", figure.unit.show(plain)),
        (None, None) => Ok(()),
    };
    text
}

fn title(figure: &Figure) -> String {
    match figure.count {
        Some(count) => format!("{} of {}", figure.workload, grouped(count as f64)),
        None => figure.workload.clone(),
    }
}

fn growth(measured: &[Results]) -> String {
    let mut table = Table::new(["engine", "rows", "plain", "DBVSG", "ratio"]);
    for results in measured {
        for durability in results.engine.durabilities() {
            let name = names::write("update", Way::Transaction, durability.suffix());
            for figure in results.of(&name) {
                let engine = format!("{}{}", results.engine, durability.suffix());
                table.row([engine, rows(figure), plain(figure), versioned(figure), ratio(figure)]);
            }
        }
    }
    format!(
        "## A commit in a large table\n\nA commit adds a version for each row that it changes, and touches nothing that grows \
         with the table but the indexes, as the plain update does.\n\n\
         ![The time of an update by the size of the table](commit-cost.svg)\n\n{table}"
    )
}

fn naive(measured: &[Results]) -> String {
    let mut table = Table::new(["engine", "rows", "one update", "time", "/ plain", "/ DBVSG"]);
    for results in measured {
        for dbvsg in results.of(names::DBVSG) {
            let beside = |name| results.of(name).find(|figure| figure.size == dbvsg.size);
            let (engine, size) = (results.engine.to_string(), rows(dbvsg));
            table.row([engine.clone(), size.clone(), "plain".to_owned(), plain(dbvsg), String::new(), String::new()]);
            let ways = [
                ("with DBVSG", Some(dbvsg)),
                ("with an audit row", beside(names::AUDIT)),
                ("with a JSON copy", beside(names::COPY)),
            ];
            for (way, figure) in ways.into_iter().filter_map(|(way, figure)| Some((way, figure?))) {
                let by_dbvsg = factor(figure.versioned / dbvsg.versioned);
                let over = figure.ratio().map(factor).unwrap_or_default();
                table.row([engine.clone(), size.clone(), way.to_owned(), versioned(figure), over, by_dbvsg]);
            }
        }
    }
    format!(
        "## The same by hand\n\nOne update in a transaction, in turns. *With an audit row*: the application reads the row, \
         updates it, and writes down both states, who and when; what writes past that code leaves no trace, and no past state \
         of a table can be read or put back. *With a JSON copy*: it also reads the whole table, and stores it as one JSON \
         value.\n\n{table}"
    )
}

fn memory(measured: &[Results]) -> String {
    let mut page = String::from(
        "## Memory\n\nThe peak of a process that does one thing with a whole table, every row of which was changed. To connect \
         is what each takes at least.\n",
    );
    for results in measured {
        let sizes = &results.scale.memory;
        let mut table = Table::new(
            ["".to_owned()].into_iter().chain(sizes.iter().map(|size| format!("{} rows", grouped(*size as f64)))),
        );
        for what in ["connect"].into_iter().chain(names::STREAMED) {
            let name = names::memory(what);
            let cells: Vec<String> = results.of(&name).map(versioned).collect();
            if cells.len() == sizes.len() {
                table.row([what.to_owned()].into_iter().chain(cells));
            }
        }
        _ = write!(page, "\n### {}\n\n{table}", results.engine);
    }
    page
}

fn method(measured: &[Results]) -> String {
    let mut page = String::from(
        "## How it is measured\n\n\
         * Two databases of one kind, with the same rows of about 110 bytes: one that has never seen DBVSG, one whose table is \
         tracked. The same driver, pool and options on both sides.\n\
         * Both sides take turns, so that a moment's noise meets both. A value is the median of all turns but the first.\n\
         * Rows are chosen by a random generator with a fixed seed. Every update changes something.\n\
         * *Sealing* gives commits their order and hash after they are written. Writes are measured without it and, where it says \
         so, while it goes on; what it takes a commit is a figure of its own.\n\
         * REST: *plain* is a server that answers the same two calls and no more, poem over SeaORM; its PUT is one UPDATE without a \
         transaction, an author or a look at the row.\n\
         * The clients, the server of REST and a database server share the cores of one machine.\n\
         * A history's bytes are those of the pages of the history table and its indexes, after many updates and sealing.\n\
         * At the end the histories are proven.\n",
    );
    for results in measured {
        let (machine, software) = (&results.machine, &results.software);
        let settings = software.settings.iter().map(|(name, value)| format!("{name} = {value}"));
        _ = write!(
            page,
            "\n**{} {}**, {}: `{}`. {}, {} cores, {:.0} GiB of memory, Linux {}; to append 4 KiB to a file and sync it takes {:.0} \
             µs. DBVSG {}, SeaORM {}, SQLx {}, {}. {}.\n",
            results.engine,
            software.engine,
            results.date,
            results.command,
            machine.cpu,
            machine.cores,
            machine.memory_gib,
            machine.kernel,
            machine.sync_micros,
            software.dbvsg,
            software.sea_orm,
            software.sqlx,
            software.rustc,
            settings.collect::<Vec<_>>().join(", "),
        );
    }
    page
}

fn figures(measured: &[Results]) -> String {
    let mut page = String::from("## All figures\n");
    for results in measured {
        let mut table = Table::new(["", "rows", "plain", "versioned", "ratio", "measured"]);
        for figure in &results.figures {
            let samples = grouped(figure.samples as f64);
            table.row([title(figure), rows(figure), plain(figure), versioned(figure), ratio(figure), samples]);
        }
        _ = write!(page, "\n<details><summary>{}</summary>\n\n{table}\n</details>\n", results.engine);
    }
    page
}

fn rows(figure: &Figure) -> String {
    grouped(figure.size as f64)
}

fn plain(figure: &Figure) -> String {
    figure.plain.map(|plain| figure.unit.show(plain)).unwrap_or_default()
}

fn versioned(figure: &Figure) -> String {
    figure.unit.show(figure.versioned)
}

fn ratio(figure: &Figure) -> String {
    figure.ratio().map(factor).unwrap_or_default()
}

/// Such that both 1.07 and 6,700 are told as exactly as they are known.
fn factor(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { grouped(value) }
}
