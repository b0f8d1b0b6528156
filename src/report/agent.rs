//! For coding agents: a line for each finding with its cure, and nothing else that would fill their window.

use std::fmt::Write as _;

use super::concise::one_line;
use super::{Report, level_word};

/// The findings, a line each: `path:line:column: level rule: message; help: cure`.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    let mut out = String::new();
    for judged in &report.findings {
        let finding = &judged.finding;
        let spot = places.spot(finding.primary);
        let (line, column) = (spot.position.line, spot.position.column);
        let (level, message) = (level_word(finding.level), one_line(&finding.message));
        let _ = write!(out, "{}:{line}:{column}: {level} {}: {message}", spot.path, finding.rule);
        if !finding.help.is_empty() {
            let _ = write!(out, "; help: {}", one_line(&finding.help));
        }
        if let Some(suppression) = &judged.suppression {
            let _ = write!(out, " (suppressed: {})", one_line(&suppression.reason));
        }
        out.push('\n');
    }
    out
}
