//! Suppression comments: which findings they take away, and what is wrong with them.
//!
//! `reach` says what each comment is for, this file applies them, `checks` judges them. The findings about comments belong
//! to ordinary rules, which can be levelled but not suppressed.

mod checks;
mod reach;
#[cfg(test)]
mod tests;
mod units;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

pub use reach::{FileDirectives, Placed, Reach, collect};

use crate::date;
use crate::finding::{Finding, Place};
use crate::rules::{Category, Meta, find};
use crate::source::DirectiveKind;
use crate::text::Span;

/// Why a finding is not reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The reason as given; may be empty.
    pub reason: String,
    /// The comment; `None` for an exception of the rule file.
    pub place: Option<Place>,
}

/// What the judgement of comments depends on.
pub struct Settings<'a> {
    /// `2027-03-01`.
    pub today: &'a str,
    /// Comments have no effect (but are judged as if they had).
    pub ignored: bool,
    /// The rule file demands `until`.
    pub require_until: bool,
    /// Test code is looked at.
    pub tests: bool,
    /// Whether a rule has run: only then can a comment be unused.
    pub ran: &'a dyn Fn(&Meta) -> bool,
}

/// A part of a directive that names one rule, or all.
#[derive(Debug, Clone)]
struct Entry<'a> {
    file: &'a FileDirectives,
    placed: &'a Placed,
    /// `None` for all rules.
    rule: Option<&'static str>,
    /// The name, or the comment.
    span: Span,
    /// What it is for.
    reach: Span,
}

/// Marks what comments take away, and reports what is wrong with the comments. The marks are in the order of the
/// findings.
#[must_use]
pub fn apply(
    findings: &[Finding],
    files: &[FileDirectives],
    settings: &Settings<'_>,
) -> (Vec<Option<Suppression>>, Vec<Finding>) {
    let entries: Vec<Entry<'_>> = files.iter().flat_map(|file| entries(file, settings)).collect();
    let mut used = FxHashSet::default();
    let mut marks = Vec::with_capacity(findings.len());
    for finding in findings {
        let matching = entries.iter().enumerate().find(|(_, entry)| entry.takes_away(finding));
        let mark = matching.map(|(at, entry)| {
            used.insert(at);
            entry.suppression()
        });
        marks.push(mark.filter(|_| !settings.ignored));
    }
    (marks, checks::check(files, &entries, &used, settings))
}

/// The entries of a file that have an effect.
fn entries<'a>(file: &'a FileDirectives, settings: &Settings<'_>) -> Vec<Entry<'a>> {
    let mut out = Vec::new();
    for placed in &file.placed {
        let Reach::Span(reach) = placed.reach else { continue };
        if placed.directive.malformed.is_some() || !in_force(placed, settings.today) {
            continue;
        }
        let entry = |rule, span| Entry { file, placed, rule, span, reach };
        if is_blanket(placed) {
            out.push(entry(None, placed.directive.span));
            continue;
        }
        for (name, span) in &placed.directive.rules {
            let rule = find(name).map(|rule| rule.meta()).filter(|meta| meta.category != Category::Run);
            out.extend(rule.map(|meta| entry(Some(meta.id), *span)));
        }
    }
    out
}

/// It names no rule, or `all`.
fn is_blanket(placed: &Placed) -> bool {
    let rules = &placed.directive.rules;
    placed.directive.kind != DirectiveKind::IgnoreEnd
        && (rules.is_empty() || rules.iter().any(|(name, _)| name == "all"))
}

/// Its day, if it has one, is a day and not past.
fn in_force(placed: &Placed, today: &str) -> bool {
    placed.directive.until.as_ref().is_none_or(|(until, _)| date::is_day(until) && today <= until.as_str())
}

impl Entry<'_> {
    fn takes_away(&self, finding: &Finding) -> bool {
        finding.primary.file == self.file.file
            && self.rule.is_none_or(|rule| rule == finding.rule)
            && (self.reach.start..self.reach.end.max(self.reach.start + 1)).contains(&finding.primary.span.start)
            && find(finding.rule).is_none_or(|rule| rule.meta().category != Category::Run)
    }

    fn suppression(&self) -> Suppression {
        let directive = &self.placed.directive;
        let reason = directive.reason.as_ref().map_or_else(String::new, |(reason, _)| reason.clone());
        Suppression { reason, place: Some(Place { file: self.file.file, span: directive.span }) }
    }
}
