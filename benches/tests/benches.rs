//! Every workload runs and yields its figures, on every engine, and the report renders from them. Nothing is said of speed.

#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf, time::Duration};

use clap::ValueEnum;
use dbvsg_benches::{Engine as Measured, Results, Scale, Settings, Workload, report};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(every_workload_yields_its_figures);

/// As little of everything as there can be.
fn scale() -> Scale {
    Scale {
        turns: Duration::ZERO,
        round: Duration::from_millis(30),
        bulk: 50,
        changes: vec![1, 100],
        commits: 50,
        copied: 200,
        memory: vec![100, 1000],
    }
}

async fn every_workload_yields_its_figures(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    // Where there is a server, the database of the scenario is where others can be made from.
    let scene = Scene::new(engine).await;
    let settings = Settings {
        engine: engine.pick(Measured::Sqlite, Measured::Postgres, Measured::MariaDb),
        server: (engine != Engine::Sqlite).then(|| scene.url()),
        sizes: vec![200, 400],
        workloads: Workload::value_variants().to_vec(),
        scale: scale(),
        results: folder.path().to_owned(),
        child: PathBuf::from(env!("CARGO_BIN_EXE_dbvsg-bench-child")),
        command: "a test".into(),
    };
    let results = dbvsg_benches::run(&settings).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    for figure in &results.figures {
        assert!(figure.versioned.is_finite() && figure.samples > 0, "{figure:?}");
        assert!(figure.versioned > 0.0 || figure.workload.contains("bytes"), "{figure:?}");
    }
    let stored = Results::load(folder.path(), settings.engine).unwrap().unwrap();
    assert_eq!(stored.figures.len(), results.figures.len());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "a run leaves its results, and nothing else");
    let databases =
        engine.pick(None, Some("pg_database WHERE datname"), Some("information_schema.schemata WHERE schema_name"));
    if let Some(databases) = databases {
        let mine =
            format!("SELECT COUNT(*) FROM {databases} LIKE 'dbvsg!_bench!_{}!_%' ESCAPE '!'", std::process::id());
        assert_eq!(scene.rows(&mine).await, ["0"]);
    }

    report::write(folder.path(), folder.path()).unwrap();
    let page = fs::read_to_string(folder.path().join("performance.md")).unwrap();
    let told = page.lines().find(|line| line.contains("targets hold.")).unwrap();
    assert!(told.contains(" of 12 targets "), "a target has no figure: {told}");
    assert!(!page.contains("NaN"), "{page}");
    let plot = fs::read_to_string(folder.path().join("commit-cost.svg")).unwrap();
    assert!(plot.starts_with("<svg") && plot.contains("DBVSG") && plot.contains("a JSON copy"), "{plot}");
    scene.end().await;
}

#[test]
fn a_report_needs_results() {
    let folder = tempfile::tempdir().unwrap();
    let error = report::write(folder.path(), folder.path()).unwrap_err();
    assert!(error.chain().contains("measure first"), "{}", error.chain());
    fs::write(folder.path().join("sqlite.json"), "{}").unwrap();
    let error = report::write(folder.path(), folder.path()).unwrap_err();
    assert!(error.chain().contains("missing field"), "{}", error.chain());
}
