//! Output: one file per format. What is shown is decided here, how it looks in the files.

pub mod agent;
pub mod by_key;
pub mod checkstyle;
pub mod concise;
pub mod github;
pub mod gitlab;
pub mod graphical;
pub mod inventory_json;
pub mod inventory_table;
pub mod json;
pub mod jsonl;
pub mod junit;
mod line_hash;
pub mod markdown;
pub mod page;
mod places;
pub mod rdjson;
pub mod rustc_json;
pub mod sarif;
pub mod schema;
pub mod statistics;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ttl;
pub mod undetermined;
mod uri;
mod xml;

pub use places::{Places, Spot};
pub use style::Style;
pub(crate) use summary::counted;
pub use summary::{BaselineCounts, Counts, Summary};
pub use table::Table;

use std::path::Path;

use crate::baseline::Entry;
use crate::finding::{BaselineState, Confidence, FileId, Level};
use crate::run::{Analysis, Judged};

/// What is shown of what was found.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Findings below are neither shown nor counted.
    pub min_level: Level,
    /// Findings that are less sure are neither shown nor counted.
    pub min_confidence: Confidence,
    /// Show what is suppressed, with its reason.
    pub suppressed: bool,
    /// Show what the baseline holds as well.
    pub known: bool,
    /// Findings are told apart by whether they touch what was changed.
    pub changed_only: bool,
    /// No summary.
    pub quiet: bool,
    /// The cure below each finding in formats of one line.
    pub help: bool,
    /// Tell what could not be resolved, and why.
    pub undetermined: bool,
    /// Show counts by rule: in place of the findings for people, beside them in JSON.
    pub statistics: bool,
}

impl View {
    /// The level and the confidence of a finding suffice.
    #[must_use]
    pub fn is_strong_enough(&self, judged: &Judged) -> bool {
        judged.finding.level >= self.min_level && judged.finding.confidence >= self.min_confidence
    }
}

/// Findings ready to be shown.
#[derive(Debug)]
pub struct Report<'a> {
    /// Everything that was found.
    pub analysis: &'a Analysis,
    /// The findings to show, in order.
    pub findings: Vec<&'a Judged>,
    /// The findings that count: those that are neither suppressed nor known to the baseline.
    pub counted: Vec<&'a Judged>,
    /// Suppressed findings that would count otherwise.
    pub suppressed: Vec<&'a Judged>,
    /// Findings that the baseline holds and that would count otherwise.
    pub known: Vec<&'a Judged>,
    /// What the baseline holds and the run has not found again; empty without a baseline.
    pub fixed: &'a [Entry],
    /// The figures.
    pub summary: Summary,
    /// What to show.
    pub view: View,
    /// The root of the repository.
    root: &'a Path,
}

impl<'a> Report<'a> {
    /// Chooses what to show.
    #[must_use]
    pub fn new(analysis: &'a Analysis, judged: &'a [Judged], view: View) -> Self {
        let (inside, outside): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(|judged| !judged.outside);
        let (wanted, hidden): (Vec<&Judged>, Vec<&Judged>) =
            inside.into_iter().partition(|judged| view.is_strong_enough(judged));
        let is_known = |judged: &Judged| judged.baseline == Some(BaselineState::Unchanged);
        let shown = |judged: &&&Judged| match judged.suppression {
            Some(_) => view.suppressed,
            None => view.known || !is_known(judged),
        };
        let findings = wanted.iter().filter(shown).copied().collect();
        let (suppressed, open): (Vec<&Judged>, Vec<&Judged>) =
            wanted.into_iter().partition(|judged| judged.suppression.is_some());
        let (known, counted): (Vec<&Judged>, Vec<&Judged>) = open.into_iter().partition(|judged| is_known(judged));
        let open = |all: &[&Judged]| all.iter().filter(|judged| judged.suppression.is_none()).count();
        let mut summary = Summary::of(analysis, &counted, suppressed.len(), open(&hidden));
        summary.outside = view.changed_only.then(|| open(&outside));
        Self { analysis, findings, counted, suppressed, known, fixed: &[], summary, view, root: analysis.root() }
    }

    /// With what a baseline says of the findings.
    #[must_use]
    pub fn with_baseline(mut self, fixed: &'a [Entry]) -> Self {
        self.fixed = fixed;
        self.summary.baseline =
            Some(BaselineCounts { new: self.counted.len(), known: self.known.len(), fixed: fixed.len() });
        self
    }

    /// The findings to show in formats that know nothing of suppression.
    fn unsuppressed(&self) -> impl Iterator<Item = &'a Judged> {
        self.findings.iter().copied().filter(|judged| judged.suppression.is_none())
    }

    /// The path of a file relative to the root of the repository, for services that know the repository only.
    fn path_below_root(&self, file: FileId) -> String {
        self.analysis.path_below(self.root, file)
    }

    /// Resolves places.
    #[must_use]
    pub fn places(&self) -> Places<'a> {
        Places::of(self.analysis)
    }
}

/// The word of a level.
#[must_use]
pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// The word of a confidence.
#[must_use]
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Undetermined => "undetermined",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}
