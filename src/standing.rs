//! How findings stand to the baseline and to what was changed.

use std::ops::RangeInclusive;

use crate::baseline::{Baseline, Comparison, Entry};
use crate::changes::Changes;
use crate::finding::{BaselineState, Place};
use crate::rules::{Meta, find};
use crate::run::{Analysis, Judged};
use crate::text::LineIndex;

/// Holds the findings against a baseline and marks them. `runs` says which rules have run; `counts` which findings are
/// worth an entry: those that a report would show.
pub fn compare(
    analysis: &Analysis,
    judged: &mut [Judged],
    baseline: &Baseline,
    runs: impl Fn(&Meta) -> bool,
    counts: impl Fn(&Judged) -> bool,
) -> Comparison {
    let known = baseline.fingerprints();
    for judged in judged.iter_mut() {
        let is_known = known.contains(judged.fingerprint.as_str());
        judged.baseline = Some(if is_known { BaselineState::Unchanged } else { BaselineState::New });
    }
    let sight = Sight::of(analysis, runs);
    // What is suppressed needs no entry any more.
    let found: Vec<&Judged> = judged.iter().filter(|judged| judged.suppression.is_none()).collect();
    let entries: Vec<Entry> = found.iter().map(|judged| entry(analysis, judged)).collect();
    let mut comparison = baseline.compare(&entries, |entry| sight.covers(entry));
    let counted: Vec<&str> =
        found.iter().filter(|judged| counts(judged)).map(|judged| judged.fingerprint.as_str()).collect();
    comparison.new.retain(|entry| counted.contains(&entry.fingerprint.as_str()));
    comparison
}

/// Marks the findings none of whose places lies in what was changed. Every place counts, also the line of the rule file.
pub fn narrow(analysis: &Analysis, judged: &mut [Judged], changes: &Changes) {
    let touches = |place: Place| {
        let Some(path) = analysis.absolute(place.file) else { return false };
        changes.touches(&path, lines(analysis, place))
    };
    for judged in judged {
        let finding = &judged.finding;
        let mut all = std::iter::once(finding.primary).chain(finding.labels.iter().map(|label| label.place));
        judged.outside = !all.any(touches);
    }
}

/// The lines of a place, 1-based.
fn lines(analysis: &Analysis, Place { file, span }: Place) -> RangeInclusive<u32> {
    let of = |text: &str, index: &LineIndex| {
        // The end is one past the last byte.
        let last = span.end.saturating_sub(1).max(span.start);
        index.position(text, span.start).line..=index.position(text, last).line
    };
    if let Some(content) = analysis.workspace.file(file).and_then(|file| file.content.as_ref()) {
        return of(&content.text, &content.lines);
    }
    let source = analysis.policy.source(file);
    source.map_or(1..=1, |source| of(&source.text, &LineIndex::new(&source.text)))
}

fn entry(analysis: &Analysis, judged: &Judged) -> Entry {
    let finding = &judged.finding;
    Entry {
        path: analysis.path_below(analysis.root(), finding.primary.file),
        rule: finding.rule.to_owned(),
        function: finding.function.clone(),
        subject: finding.discriminator.clone(),
        fingerprint: judged.fingerprint.clone(),
    }
}

/// What a run could see.
struct Sight<'a, R> {
    analysis: &'a Analysis,
    runs: R,
    /// All files of the workspace were asked for.
    is_whole: bool,
}

impl<'a, R: Fn(&Meta) -> bool> Sight<'a, R> {
    fn of(analysis: &'a Analysis, runs: R) -> Self {
        Self { analysis, runs, is_whole: analysis.workspace.files.iter().all(|file| file.selected) }
    }

    /// Whether the run would have found the entry again if it still held.
    fn covers(&self, entry: &Entry) -> bool {
        let Self { analysis, runs, is_whole } = self;
        // A rule that is gone finds nothing any more.
        find(&entry.rule).is_none_or(|rule| runs(rule.meta())) && {
            let path = analysis.root().join(&entry.path);
            match analysis.workspace.files.iter().find(|file| file.absolute == path) {
                Some(file) => file.selected && (file.content.is_some() || !file.test),
                None if analysis
                    .policy
                    .sources
                    .iter()
                    .any(|source| analysis.absolute(source.file).as_ref() == Some(&path)) =>
                {
                    *is_whole
                }
                None => !path.exists(),
            }
        }
    }
}
