//! Seals a database again and again until its standard input ends: the second process of the scenarios of many writers.

use std::{io::Read, time::Duration};

fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| panic!("usage: sealer URL"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(async {
        let vsg = dbvsg::Vsg::connect(&url).await.unwrap_or_else(|error| panic!("{error:?}"));
        let sealing = vsg.seal_in_background(Duration::from_millis(30));
        let until = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        _ = until.await;
        sealing.abort();
    });
}
