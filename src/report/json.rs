//! `check --format json`, version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statistics::{self, RuleCounts};
use super::undetermined::{self, UndeterminedReport};
use super::{Places, Report, Summary, confidence_word, level_word};
use crate::baseline::Entry;
use crate::finding::{BaselineState, Fix, Place, Safety};
use crate::run::Judged;
use crate::source::SourceError;
use crate::text::LineIndex;

/// The version of the layout. It is raised when something is taken away or changes its meaning.
pub const SCHEMA: u32 = 1;

/// What `cache-lint check --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cache-lint check --format json")]
pub struct CheckReport {
    /// The version of this layout; 1.
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The figures.
    pub summary: Summary,
    /// Sorted by path, place and rule.
    pub findings: Vec<FindingReport>,
    /// With a baseline: its entries that were not found again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Entry>,
    /// Counts by rule, with `--statistics`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Vec<RuleCounts>>,
    /// With `--show-undetermined`: what could not be resolved, by reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undetermined: Option<Vec<UndeterminedReport>>,
    /// What could not be read or understood.
    pub errors: Vec<ErrorReport>,
}

/// The tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `cache-lint`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingReport {
    /// The rule's id.
    pub rule: String,
    /// `note`, `warning` or `error`.
    pub level: String,
    /// `undetermined`, `likely` or `certain`.
    pub confidence: String,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub help: String,
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// First byte, and one past the last.
    pub byte_range: [u32; 2],
    /// The enclosing function's path; empty outside of functions.
    pub function: String,
    /// Other places: the read, the load, the line of the rule file.
    pub labels: Vec<LabelReport>,
    /// Stays the same when the code moves.
    pub fingerprint: String,
    /// A change of the sources that removes it, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixReport>,
    /// With `--show-suppressed`: why it is not reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<SuppressionReport>,
    /// With a baseline: whether the baseline holds it (`unchanged`, with `--show-known`) or not (`new`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
}

/// A place with something to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelReport {
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// First byte, and one past the last.
    pub byte_range: [u32; 2],
    /// What there is to say.
    pub message: String,
}

/// A change of the sources that removes a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixReport {
    /// `safe`: applied by `--fix`; `unsafe`: only with `--unsafe-fixes`.
    pub safety: Safety,
    /// What it does.
    pub message: String,
    /// All of them or none; they do not overlap.
    pub edits: Vec<EditReport>,
}

/// A text that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditReport {
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// First byte, and one past the last, of what is replaced.
    pub byte_range: [u32; 2],
    /// What stands there afterwards.
    pub text: String,
}

/// Why a finding is not reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionReport {
    /// `comment`, or `exception` for one of the rule file.
    pub by: String,
    /// The reason that is given; may be empty.
    pub reason: String,
    /// The comment's line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// What could not be read or understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorReport {
    /// The file; empty when it is no single file's.
    pub path: String,
    /// What and why.
    pub message: String,
    /// 1-based, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based, in characters, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Tool {
    /// This tool.
    #[must_use]
    pub fn this() -> Self {
        Self { name: "cache-lint".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// The report as data.
#[must_use]
pub fn report(report: &Report<'_>) -> CheckReport {
    let places = report.places();
    CheckReport {
        schema: SCHEMA,
        tool: Tool::this(),
        summary: report.summary,
        findings: report.findings.iter().map(|judged| finding(places, judged)).collect(),
        fixed: report.fixed.to_vec(),
        statistics: report.view.statistics.then(|| statistics::count(report)),
        undetermined: report.view.undetermined.then(|| undetermined::report(report.analysis)),
        errors: errors(places, &report.analysis.workspace.errors),
    }
}

/// The report as text.
#[must_use]
pub fn render(of: &Report<'_>) -> String {
    pretty(&report(of))
}

/// JSON with line breaks, and one at its end.
#[must_use]
pub fn pretty<T: Serialize>(value: &T) -> String {
    // Maps with text keys and finite numbers, as here, cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// JSON on one line, and a line break at its end.
pub(super) fn compact<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// What could not be read, with lines where the text is there to count them.
#[must_use]
pub fn errors(places: Places<'_>, errors: &[SourceError]) -> Vec<ErrorReport> {
    errors
        .iter()
        .map(|error| {
            let text = error.file.map(|file| places.spot(Place { file, span: crate::text::Span::default() }).text);
            let position = text
                .filter(|text| !text.is_empty())
                .zip(error.offset)
                .map(|(text, offset)| LineIndex::new(text).position(text, offset));
            ErrorReport {
                path: error.path.clone(),
                message: error.message.clone(),
                line: position.map(|at| at.line),
                column: position.map(|at| at.column),
            }
        })
        .collect()
}

pub(super) fn finding(places: Places<'_>, judged: &Judged) -> FindingReport {
    let finding = &judged.finding;
    let spot = places.spot(finding.primary);
    FindingReport {
        rule: finding.rule.to_owned(),
        level: level_word(finding.level).to_owned(),
        confidence: confidence_word(finding.confidence).to_owned(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        path: spot.path.to_owned(),
        line: spot.position.line,
        column: spot.position.column,
        byte_range: [spot.span.start, spot.span.end],
        function: finding.function.clone(),
        labels: finding.labels.iter().map(|label| self::label(places, label)).collect(),
        fingerprint: judged.fingerprint.clone(),
        fix: finding.fix.as_ref().map(|fix| self::fix(places, fix)),
        suppressed: judged.suppression.as_ref().map(|suppression| SuppressionReport {
            by: if suppression.place.is_some() { "comment" } else { "exception" }.to_owned(),
            reason: suppression.reason.clone(),
            line: suppression.place.map(|place| places.spot(place).position.line),
        }),
        baseline: judged.baseline,
    }
}

fn fix(places: Places<'_>, fix: &Fix) -> FixReport {
    let edits = fix.edits.iter().map(|edit| {
        let spot = places.spot(edit.place);
        let byte_range = [spot.span.start, spot.span.end];
        EditReport { path: spot.path.to_owned(), byte_range, text: edit.text.clone() }
    });
    FixReport { safety: fix.safety, message: fix.message.clone(), edits: edits.collect() }
}

fn label(places: Places<'_>, label: &crate::finding::Label) -> LabelReport {
    let spot = places.spot(label.place);
    LabelReport {
        path: spot.path.to_owned(),
        line: spot.position.line,
        column: spot.position.column,
        byte_range: [spot.span.start, spot.span.end],
        message: label.message.clone(),
    }
}
