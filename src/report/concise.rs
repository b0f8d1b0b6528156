//! `path:line:column: level[rule] message`, one line each.

use std::fmt::Write as _;

use super::{Report, level_word};

/// Renders the findings that are shown.
#[must_use]
pub fn render(report: &Report<'_>, with_help: bool) -> String {
    let mut out = String::new();
    for reported in report.shown() {
        let finding = &reported.finding;
        let spot = report.spot(finding.primary);
        let _ = writeln!(
            out,
            "{}:{}:{}: {}[{}] {}",
            spot.path,
            spot.start.line,
            spot.start.column,
            level_word(finding.level),
            finding.rule,
            finding.message
        );
        if with_help {
            let _ = writeln!(out, "  help: {}", finding.help);
        }
    }
    // Files of the run that could not be parsed are findings; what is left are folders, manifests and the like.
    for error in report.errors.iter().filter(|error| error.file.is_none()) {
        let place = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
        let _ = writeln!(out, "{place}not checked: {}", error.message);
    }
    out
}
