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
    for error in report.errors {
        let place = match (error.path.as_str(), error.file, error.offset) {
            ("", _, _) => String::new(),
            (path, Some(file), Some(offset)) => {
                let at =
                    report.spot(crate::finding::Place { file, span: crate::text::Span { start: offset, end: offset } });
                format!("{path}:{}:{}: ", at.start.line, at.start.column)
            }
            (path, _, _) => format!("{path}: "),
        };
        let _ = writeln!(out, "{place}not checked: {}", error.message);
    }
    out
}
