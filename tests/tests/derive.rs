//! `#[derive(Versioned)]`, compiled: `ui/pass` runs, `ui/fail` shows where each message points.
//!
//! `TRYBUILD=overwrite cargo test -p dbvsg-tests --test derive` writes the messages anew.

#[test]
fn derive() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
