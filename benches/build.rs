//! Remembers which compiler it was, for the results.

use std::{env, process::Command};

fn main() {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    println!("cargo::rustc-env=DBVSG_BENCH_RUSTC={}", String::from_utf8_lossy(&version).trim());
}
