//! Findings per rule.

use std::collections::BTreeMap;

use super::{Report, level_word, table};

/// Renders how often each rule is broken, the most broken first.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for reported in report.shown() {
        *counts.entry((reported.finding.rule, level_word(reported.finding.level))).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|((rule, level), n)| (std::cmp::Reverse(*n), *rule, *level));
    let rows: Vec<Vec<String>> =
        counts.into_iter().map(|((rule, level), n)| vec![n.to_string(), rule.to_owned(), level.to_owned()]).collect();
    table::render(&["COUNT", "RULE", "LEVEL"], &rows)
}
