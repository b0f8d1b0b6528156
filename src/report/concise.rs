//! One line for each finding or operation: `path:line:column: level[rule] message`.

use std::fmt::Write as _;

use super::{Places, Report, confidence_word, level_word, ttl};
use crate::finding::Confidence;
use crate::inventory::Operation;
use crate::policy::PolicyError;
use crate::run::Analysis;
use crate::text::LineIndex;

/// The findings, a line each.
#[must_use]
pub fn findings(report: &Report<'_>) -> String {
    let places = report.places();
    let mut out = String::new();
    for judged in &report.findings {
        let finding = &judged.finding;
        let spot = places.spot(finding.primary);
        let (line, column) = (spot.position.line, spot.position.column);
        let _ = write!(
            out,
            "{}:{line}:{column}: {}[{}] {}",
            spot.path,
            level_word(finding.level),
            finding.rule,
            one_line(&finding.message)
        );
        if finding.confidence == Confidence::Undetermined {
            let _ = write!(out, " ({})", confidence_word(finding.confidence));
        }
        if let Some(suppression) = &judged.suppression {
            let _ = write!(out, " (suppressed: {})", one_line(&suppression.reason));
        }
        out.push('\n');
        if report.view.help && !finding.help.is_empty() {
            let _ = writeln!(out, "  help: {}", one_line(&finding.help));
        }
    }
    out
}

/// The operations, a line each.
#[must_use]
pub fn operations(analysis: &Analysis) -> String {
    let places = Places::of(analysis);
    let mut out = String::new();
    for op in analysis.operations() {
        let spot = places.spot(op.place);
        let (line, column) = (spot.position.line, spot.position.column);
        let _ = write!(out, "{}:{line}:{column}: {}", spot.path, op.command);
        for key in keys(op) {
            let _ = write!(out, " {key}");
        }
        let ttl = ttl::words(&op.ttl);
        if !ttl.is_empty() {
            let _ = write!(out, " ttl={}", ttl.replace(' ', ""));
        }
        out.push('\n');
    }
    out
}

/// The keys of an operation for people; `?` for one of which nothing is known.
pub(super) fn keys(op: &Operation) -> impl Iterator<Item = String> {
    op.keys.iter().map(|key| key.template.as_ref().map_or_else(|| "?".to_owned(), |key| one_line(&key.to_string())))
}

/// Mistakes in rule files, a line each.
#[must_use]
pub fn policy_errors(errors: &[PolicyError]) -> String {
    let mut out = String::new();
    for error in errors {
        let position = error.span.map(|span| LineIndex::new(&error.text).position(&error.text, span.start));
        let place = position.map_or_else(String::new, |at| format!("{}:{}:", at.line, at.column));
        let help = error.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        let _ = writeln!(out, "{}:{place} error: {}{help}", error.path, one_line(&error.message));
    }
    out
}

/// Control characters in keys and messages would break the line, or the terminal.
pub(super) fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// The keys, a line each: `key: COMMAND COMMAND ttl=15m,none`.
#[must_use]
pub fn by_key(analysis: &Analysis) -> String {
    let mut out = String::new();
    for row in super::by_key::rows(analysis) {
        let commands: Vec<String> = row.commands().into_keys().collect();
        let ttls: Vec<String> = row.ttls().into_iter().map(|ttl| ttl::words(ttl).replace(' ', "")).collect();
        let _ = write!(out, "{}: {}", one_line(&row.key.to_string()), commands.join(" "));
        if !ttls.is_empty() {
            let _ = write!(out, " ttl={}", ttls.join(","));
        }
        out.push('\n');
    }
    out
}
