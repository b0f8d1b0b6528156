//! The JSON contract of `check`.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Report, Reported, Spot, level_word};
use crate::finding::Confidence;
use crate::source::SourceError;

/// Version of the format.
pub const SCHEMA: u32 = 1;

/// Who wrote it.
#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// `{"name": "cache-lint", "version": …}`.
#[must_use]
pub fn tool() -> Value {
    json!(Tool { name: "cache-lint", version: env!("CARGO_PKG_VERSION") })
}

/// Renders the findings; suppressed ones too when `suppressed`.
#[must_use]
pub fn render(report: &Report<'_>, suppressed: bool) -> String {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .filter(|reported| suppressed || reported.suppressed.is_none())
        .map(|reported| finding(report, reported))
        .collect();
    let out = json!({
        "schema": SCHEMA,
        "tool": tool(),
        "summary": report.summary,
        "findings": findings,
        "errors": errors(report.errors, |error| {
            let (file, offset) = (error.file?, error.offset?);
            let span = crate::text::Span { start: offset, end: offset };
            Some(report.spot(crate::finding::Place { file, span }))
        }),
    });
    let mut text = serde_json::to_string_pretty(&out).unwrap_or_default();
    text.push('\n');
    text
}

fn finding(report: &Report<'_>, reported: &Reported) -> Value {
    let finding = &reported.finding;
    let spot = report.spot(finding.primary);
    let labels: Vec<Value> = finding
        .labels
        .iter()
        .map(|label| {
            let spot = report.spot(label.place);
            json!({
                "path": spot.path,
                "line": spot.start.line,
                "column": spot.start.column,
                "byte_range": [spot.span.start, spot.span.end],
                "message": label.message,
            })
        })
        .collect();
    let mut out = json!({
        "rule": finding.rule,
        "level": level_word(finding.level),
        "confidence": confidence_word(finding.confidence),
        "message": finding.message,
        "help": finding.help,
        "path": spot.path,
        "line": spot.start.line,
        "column": spot.start.column,
        "byte_range": [spot.span.start, spot.span.end],
        "function": finding.function,
        "labels": labels,
        "fingerprint": reported.fingerprint,
    });
    if let (Some(reason), Some(object)) = (&reported.suppressed, out.as_object_mut()) {
        object.insert("suppressed".to_owned(), json!({ "reason": reason }));
    }
    out
}

/// The word for a confidence.
#[must_use]
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Undetermined => "undetermined",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}

/// Errors as in both contracts; `at` finds the position of one.
pub(super) fn errors(errors: &[SourceError], at: impl Fn(&SourceError) -> Option<Spot>) -> Vec<Value> {
    errors
        .iter()
        .map(|error| match at(error) {
            Some(spot) => json!({
                "path": error.path,
                "line": spot.start.line,
                "column": spot.start.column,
                "message": error.message,
            }),
            None => json!({ "path": error.path, "message": error.message }),
        })
        .collect()
}
