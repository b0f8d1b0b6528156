//! Rustc's JSON diagnostics as cargo prints them (`cargo check --message-format json`): one `compiler-message` a line,
//! then `build-finished`. Editors that read cargo's messages show the findings and offer their fixes.
//!
//! The wrapper of cargo is part of it: rust-analyzer takes bare diagnostics too, but `cargo_metadata`, bacon and others
//! tell by `reason` what a line is, and by `package_id` what it is about.

mod rendered;
mod target;

use serde::Serialize;

use super::{Places, Report, Spot, Style, json, level_word};
use crate::finding::{Finding, Fix, Level, Safety};
use target::{Owner, Target};

#[derive(Debug, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message<'a> {
    CompilerMessage { package_id: String, manifest_path: String, target: Target, message: Box<Diagnostic<'a>> },
    BuildFinished { success: bool },
}

#[derive(Debug, Serialize)]
struct Diagnostic<'a> {
    #[serde(rename = "$message_type")]
    kind: &'static str,
    message: &'a str,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span<'a>>,
    children: Vec<Diagnostic<'a>>,
    rendered: Option<String>,
}

#[derive(Debug, Serialize)]
struct Code {
    /// `cache-lint::missing-ttl`: readers take what stands before `::` for the source.
    code: String,
    explanation: Option<String>,
}

/// Lines and columns are 1-based, columns in characters, ends exclusive.
#[derive(Debug, Serialize)]
struct Span<'a> {
    file_name: &'a str,
    byte_start: u32,
    byte_end: u32,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    text: Vec<Line<'a>>,
    label: Option<&'a str>,
    suggested_replacement: Option<&'a str>,
    suggestion_applicability: Option<&'static str>,
    /// No finding stands in the expansion of a macro.
    expansion: Option<()>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    text: &'a str,
    highlight_start: u32,
    highlight_end: u32,
}

/// The findings; a suppressed one is none. With colours, `rendered` has them.
#[must_use]
pub fn render(report: &Report<'_>, style: Style) -> String {
    let places = report.places();
    let mut out = String::new();
    for judged in report.unsuppressed() {
        let finding = &judged.finding;
        let Owner { package_id, manifest_path, target } = target::of(report.analysis, finding.primary.file);
        let message = Box::new(diagnostic(places, finding, style));
        out.push_str(&json::compact(&Message::CompilerMessage { package_id, manifest_path, target, message }));
    }
    out.push_str(&json::compact(&Message::BuildFinished { success: report.summary.findings.errors == 0 }));
    out
}

fn diagnostic<'a>(places: Places<'a>, finding: &'a Finding, style: Style) -> Diagnostic<'a> {
    let primary = span(&places.spot(finding.primary), true, Some(finding.primary_label.as_str()));
    let others = finding.labels.iter().map(|label| span(&places.spot(label.place), false, Some(&label.message)));
    let help = Some(finding.help.as_str()).filter(|help| !help.is_empty());
    let mut children: Vec<Diagnostic<'_>> = help.map(|help| child(help, Vec::new())).into_iter().collect();
    children.extend(finding.fix.as_ref().map(|fix| child(&fix.message, suggestion(places, fix))));
    Diagnostic {
        kind: "diagnostic",
        message: &finding.message,
        code: Some(Code { code: format!("{}::{}", env!("CARGO_PKG_NAME"), finding.rule), explanation: None }),
        level: if finding.level == Level::Off { "note" } else { level_word(finding.level) },
        spans: std::iter::once(primary).chain(others).collect(),
        children,
        rendered: Some(rendered::render(places, finding, style)),
    }
}

fn child<'a>(message: &'a str, spans: Vec<Span<'a>>) -> Diagnostic<'a> {
    Diagnostic { kind: "diagnostic", message, code: None, level: "help", spans, children: Vec::new(), rendered: None }
}

/// All edits of a fix belong to one child: editors apply them together.
fn suggestion<'a>(places: Places<'a>, fix: &'a Fix) -> Vec<Span<'a>> {
    let applicability = match fix.safety {
        Safety::Safe => "MachineApplicable",
        Safety::Unsafe => "MaybeIncorrect",
    };
    let spans = fix.edits.iter().map(|edit| Span {
        suggested_replacement: Some(&edit.text),
        suggestion_applicability: Some(applicability),
        ..span(&places.spot(edit.place), true, None)
    });
    spans.collect()
}

fn span<'a>(spot: &Spot<'a>, is_primary: bool, label: Option<&'a str>) -> Span<'a> {
    Span {
        file_name: spot.path,
        byte_start: spot.span.start,
        byte_end: spot.span.end,
        line_start: spot.position.line,
        line_end: spot.end.line,
        column_start: spot.position.column,
        column_end: spot.end.column,
        is_primary,
        text: lines(spot),
        label: label.filter(|label| !label.is_empty()),
        suggested_replacement: None,
        suggestion_applicability: None,
        expansion: None,
    }
}

/// The lines that a span touches, and which part of each it covers.
fn lines<'a>(spot: &Spot<'a>) -> Vec<Line<'a>> {
    let numbers = spot.position.line..=spot.end.line;
    let lines = spot.text.split('\n').zip(1_u32..).skip(spot.position.line as usize - 1).zip(numbers);
    let lines = lines.map(|((text, number), _)| {
        let text = text.strip_suffix('\r').unwrap_or(text);
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let highlight_start = if number == spot.position.line { spot.position.column } else { 1 };
        let highlight_end = if number == spot.end.line { spot.end.column } else { length + 1 };
        Line { text, highlight_start, highlight_end }
    });
    lines.collect()
}
