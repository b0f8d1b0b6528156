//! The summary of a step of GitHub Actions.

use std::io::Write as _;
use std::path::Path;

use super::terminal;
use crate::finding::Level;
use crate::report::{Report, Style, markdown};

/// Names the file whose Markdown GitHub shows below the step.
const VARIABLE: &str = "GITHUB_STEP_SUMMARY";
/// GitHub takes 1 MiB for a step, which other commands of it share.
const ROOM: usize = 512 << 10;

/// Adds the findings as a table, where there is a summary to add to. That it cannot be written is no reason to fail.
pub(super) fn write(report: &Report<'_>, on_stderr: Style) {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else { return };
    let text = markdown::render(report, ROOM) + "\n";
    if let Err(error) = append(Path::new(&path), &text) {
        let head = on_stderr.level(Level::Warning, "warning:");
        let path = path.to_string_lossy();
        terminal::complain(&format!("{head} cannot write the step summary `{path}`: {error}\n"), on_stderr);
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}
