//! `docs/cli.md`, made from the commands themselves.

use std::fmt::Write;

use clap::CommandFactory;

use crate::arguments::Arguments;

/// How wide the help is there.
const WIDTH: usize = 100;

fn page() -> String {
    let mut program = Arguments::command().term_width(WIDTH).disable_help_subcommand(true);
    program.build();
    let mut page =
        "# The command\n\nMade from the command's own help; `UPDATE_DOCS=1 cargo test -p dbvsg-cli` makes it anew.\n"
            .to_owned();
    section(&mut page, &mut program.clone());
    for command in program.get_subcommands_mut() {
        section(&mut page, command);
    }
    page
}

fn section(page: &mut String, command: &mut clap::Command) {
    let name = command.get_bin_name().unwrap_or("dbvsg").to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.trim().lines().map(str::trim_end).collect();
    _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n"));
}

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let is_current = std::fs::read_to_string(path).unwrap() == page();
    assert!(
        is_current,
        "docs/cli.md is not what the commands say; UPDATE_DOCS=1 cargo test -p dbvsg-cli makes it anew"
    );
}
