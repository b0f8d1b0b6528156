//! Counts by rule.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::summary::Counts;
use super::{Report, Style, Table};

/// How often a rule had something to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleCounts {
    /// The rule.
    pub rule: String,
    /// Its findings by level.
    pub findings: Counts,
    /// Its findings that comments or exceptions took away.
    pub suppressed: usize,
}

/// The counts, the most frequent rule first.
#[must_use]
pub fn count(report: &Report<'_>) -> Vec<RuleCounts> {
    let mut rules: BTreeMap<&str, (Vec<_>, usize)> = BTreeMap::new();
    for judged in &report.counted {
        rules.entry(judged.finding.rule).or_default().0.push(*judged);
    }
    for judged in &report.suppressed {
        rules.entry(judged.finding.rule).or_default().1 += 1;
    }
    let mut counts: Vec<RuleCounts> = rules
        .into_iter()
        .map(|(rule, (findings, suppressed))| RuleCounts {
            rule: rule.to_owned(),
            findings: Counts::of(&findings),
            suppressed,
        })
        .collect();
    counts.sort_by_key(|counts| std::cmp::Reverse((counts.findings.total(), counts.suppressed)));
    counts
}

/// The counts as a table; empty when there are none.
#[must_use]
pub fn render(report: &Report<'_>, style: Style) -> String {
    let mut table =
        Table::new(&["RULE", "ERRORS", "WARNINGS", "NOTES", "SUPPRESSED"]).right(1).right(2).right(3).right(4);
    let text = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    for RuleCounts { rule, findings, suppressed } in count(report) {
        table.row(vec![rule, text(findings.errors), text(findings.warnings), text(findings.notes), text(suppressed)]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}
