//! `cache-lint files`.

use std::fmt::Write as _;

use super::args::InputArgs;
use super::load;
use super::output::{Failure, print};

pub(super) fn run(args: &InputArgs) -> Result<u8, Failure> {
    let analysis = load::analysis(args)?;
    let mut out = String::new();
    for file in analysis.workspace.files.iter().filter(|file| file.selected) {
        let state = match (&file.content, file.test) {
            (Some(_), false) => "parsed",
            (Some(_), true) => "parsed, test",
            (None, true) => "test",
            (None, false) => "cannot matter",
        };
        let _ = writeln!(out, "{}  ({state})", file.path);
    }
    print(&out)?;
    Ok(0)
}
