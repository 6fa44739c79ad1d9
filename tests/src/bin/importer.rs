//! Imports a CSV file from its standard input, and prints how many rows it had and how many KiB of memory that took at most.

use dbvsg::{ImportMode, Vsg, transfer::csv};

fn main() {
    let [url, table] = [1, 2].map(|position| std::env::args().nth(position).expect("usage: importer URL TABLE"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(async {
        let vsg = Vsg::connect(&url).await.unwrap_or_else(|error| panic!("{error:?}"));
        // As a file, which needs no thread of its own to be read.
        let input = tokio::fs::File::open("/dev/stdin").await.unwrap_or_else(|error| panic!("{error}"));
        let file = csv::spool(input).await.unwrap_or_else(|error| panic!("{error:?}"));
        let imported = csv::import(&vsg, "importer", &table, file, ImportMode::Insert, |_| {}).await;
        let rows = imported.unwrap_or_else(|error| panic!("{error:?}")).rows;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
        let out = std::io::Write::write_all(
            &mut std::io::stdout(),
            format!("{rows} {}\n", peak.trim().trim_end_matches(" kB")).as_bytes(),
        );
        out.unwrap_or_else(|error| panic!("{error}"));
    });
}
