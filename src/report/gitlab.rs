//! A code quality report of GitLab.

use serde::Serialize;

use super::{Report, json};
use crate::finding::Level;

/// What GitLab reads of a finding, and `content`, which readers of the same format by Code Climate show.
#[derive(Debug, Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'static str,
    /// Two entries with the same one are shown as one, and one that changes is shown as mended and broken again.
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
struct Location {
    /// Relative to the root of the repository.
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    body: &'a str,
}

/// The findings; a suppressed one is none.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    let issues = report.unsuppressed().map(|judged| {
        let finding = &judged.finding;
        let spot = places.spot(finding.primary);
        Issue {
            description: finding.message.clone(),
            check_name: finding.rule,
            fingerprint: &judged.fingerprint,
            severity: match finding.level {
                Level::Error => "major",
                Level::Warning => "minor",
                Level::Note | Level::Off => "info",
            },
            location: Location {
                path: report.path_below_root(finding.primary.file),
                lines: Lines { begin: spot.position.line, end: spot.end.line },
            },
            content: Content { body: &finding.help },
        }
    });
    json::pretty(&issues.collect::<Vec<_>>())
}
