//! `check --format jsonl`, version 1: the findings as they come, one a line, the figures last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::{self, ErrorReport, FindingReport, SCHEMA, Tool};
use super::statistics::{self, RuleCounts};
use super::{Report, Summary};
use crate::baseline::Entry;

/// A line of `cache-lint check --format jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(title = "A line of cache-lint check --format jsonl")]
pub enum Line {
    /// A finding; sorted by path, place and rule.
    Finding(Box<FindingReport>),
    /// With a baseline: an entry of it that was not found again.
    Fixed(Entry),
    /// What could not be read or understood.
    Error(ErrorReport),
    /// The last line.
    Summary(LastLine),
}

/// What the whole run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LastLine {
    /// The version of this layout; 1.
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The figures.
    pub summary: Summary,
    /// Counts by rule, with `--statistics`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Vec<RuleCounts>>,
}

/// The lines as data.
pub fn lines(report: &Report<'_>) -> impl Iterator<Item = Line> {
    let places = report.places();
    let findings = report.findings.iter().map(move |judged| Line::Finding(Box::new(json::finding(places, judged))));
    let fixed = report.fixed.iter().cloned().map(Line::Fixed);
    let errors = json::errors(places, &report.analysis.workspace.errors).into_iter().map(Line::Error);
    let last = LastLine {
        schema: SCHEMA,
        tool: Tool::this(),
        summary: report.summary,
        statistics: report.view.statistics.then(|| statistics::count(report)),
    };
    findings.chain(fixed).chain(errors).chain([Line::Summary(last)])
}

/// The lines as text.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    lines(report).map(|line| json::compact(&line)).collect()
}
