//! How findings stand to the baseline and to what was changed.

use crate::baseline::{Baseline, Comparison, Entry};
use crate::finding::BaselineState;
use crate::rules::{Meta, find};
use crate::run::{Analysis, Judged};

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
