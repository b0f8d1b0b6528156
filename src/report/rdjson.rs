//! Reviewdog's diagnostic format (`rdjson`), which becomes comments and suggestions on a pull request.

use serde::Serialize;

use super::{Places, Report, Spot, json, uri};
use crate::finding::{Finding, Fix, Level};
use crate::text::Span;

#[derive(Debug, Serialize)]
struct DiagnosticResult {
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Debug, Serialize)]
struct Diagnostic {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<RelatedLocation>,
}

/// Relative to the working directory: reviewdog runs in the same one.
#[derive(Debug, Serialize)]
struct Location {
    path: String,
    range: Range,
}

/// The end is exclusive.
#[derive(Debug, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

/// 1-based, the column in bytes.
#[derive(Debug, Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Debug, Serialize)]
struct Code {
    value: &'static str,
    url: String,
}

#[derive(Debug, Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

#[derive(Debug, Serialize)]
struct RelatedLocation {
    message: String,
    location: Location,
}

/// The findings; a suppressed one is none.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    json::pretty(&DiagnosticResult {
        source: Source { name: env!("CARGO_PKG_NAME"), url: env!("CARGO_PKG_REPOSITORY") },
        diagnostics: report.unsuppressed().map(|judged| diagnostic(places, &judged.finding)).collect(),
    })
}

fn diagnostic(places: Places<'_>, finding: &Finding) -> Diagnostic {
    let mut message = finding.message.clone();
    if !finding.help.is_empty() {
        message.push_str(&format!("\n\nhelp: {}", finding.help));
    }
    Diagnostic {
        message,
        location: location(&places.spot(finding.primary)),
        severity: match finding.level {
            Level::Error => "ERROR",
            Level::Warning => "WARNING",
            Level::Note | Level::Off => "INFO",
        },
        code: Code { value: finding.rule, url: uri::page_of(finding.rule) },
        suggestions: finding.fix.as_ref().and_then(|fix| suggestion(places, finding, fix)).into_iter().collect(),
        related_locations: finding
            .labels
            .iter()
            .map(|label| RelatedLocation {
                message: label.message.clone(),
                location: location(&places.spot(label.place)),
            })
            .collect(),
    }
}

fn location(spot: &Spot<'_>) -> Location {
    Location { path: spot.path.to_owned(), range: range(spot) }
}

fn range(spot: &Spot<'_>) -> Range {
    let position = |line, offset| Position { line, column: spot.byte_column(offset) };
    Range { start: position(spot.position.line, spot.span.start), end: position(spot.end.line, spot.span.end) }
}

/// The fix as one text: a suggestion is accepted by itself, and half a fix is none. `None` where the fix changes another
/// file, of which a suggestion cannot speak.
fn suggestion(places: Places<'_>, finding: &Finding, fix: &Fix) -> Option<Suggestion> {
    let mut edits: Vec<_> = fix.edits.iter().map(|edit| (places.spot(edit.place).span, edit)).collect();
    edits.sort_by_key(|(span, _)| *span);
    let (first, last) = (edits.first()?.0, edits.last()?.0);
    if edits.iter().any(|(_, edit)| edit.place.file != finding.primary.file) {
        return None;
    }
    let whole = crate::finding::Place { span: first.to(last), ..finding.primary };
    let spot = places.spot(whole);
    let mut text = String::new();
    let mut at = first.start;
    for (span, edit) in edits {
        text.push_str(Span { start: at, end: span.start }.of(spot.text));
        text.push_str(&edit.text);
        at = span.end;
    }
    Some(Suggestion { range: range(&spot), text })
}
