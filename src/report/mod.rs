//! Output: one file per format. What is shown is decided here, how it looks in the files.

pub mod by_key;
pub mod concise;
pub mod graphical;
pub mod inventory_json;
pub mod inventory_table;
pub mod json;
pub mod markdown;
mod places;
pub mod statistics;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ttl;

pub use places::{Places, Spot};
pub use style::Style;
pub use summary::{Counts, Summary};
pub use table::Table;

use crate::finding::{Confidence, Level};
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
    /// No summary.
    pub quiet: bool,
    /// The cure below each finding in formats of one line.
    pub help: bool,
    /// Show counts by rule: in place of the findings for people, beside them in JSON.
    pub statistics: bool,
}

/// Findings ready to be shown.
#[derive(Debug)]
pub struct Report<'a> {
    /// Everything that was found.
    pub analysis: &'a Analysis,
    /// The findings to show, in order.
    pub findings: Vec<&'a Judged>,
    /// The findings that count: those that are not suppressed.
    pub counted: Vec<&'a Judged>,
    /// Suppressed findings that would count otherwise.
    pub suppressed: Vec<&'a Judged>,
    /// The figures.
    pub summary: Summary,
    /// What to show.
    pub view: View,
}

impl<'a> Report<'a> {
    /// Chooses what to show.
    #[must_use]
    pub fn new(analysis: &'a Analysis, judged: &'a [Judged], view: View) -> Self {
        let (wanted, hidden): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(|judged| {
            judged.finding.level >= view.min_level && judged.finding.confidence >= view.min_confidence
        });
        let shown = |judged: &&&Judged| view.suppressed || judged.suppression.is_none();
        let findings = wanted.iter().filter(shown).copied().collect();
        let (suppressed, counted): (Vec<&Judged>, Vec<&Judged>) =
            wanted.into_iter().partition(|judged| judged.suppression.is_some());
        let hidden = hidden.iter().filter(|judged| judged.suppression.is_none()).count();
        let summary = Summary::of(analysis, &counted, suppressed.len(), hidden);
        Self { analysis, findings, counted, suppressed, summary, view }
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
