//! Output: one file per format. Everything is rendered from a [`Report`], which is made once.

pub mod by_key;
pub mod concise;
pub mod fingerprint;
pub mod graphical;
pub mod inventory_json;
pub mod inventory_table;
pub mod json;
pub mod statistics;
pub mod summary;
mod table;

use crate::finding::{Finding, Level, Place};
use crate::policy::Policy;
use crate::source::{SourceError, Workspace};
use crate::text::{LineIndex, Position, Span};

/// What is reported.
#[derive(Debug)]
pub struct Report<'a> {
    /// The files.
    pub workspace: &'a Workspace,
    /// The rule files, for labels that point into them.
    pub policy: &'a Policy,
    /// Findings with their final levels, sorted by path, place and rule.
    pub findings: Vec<Reported>,
    /// Files that could not be read or parsed, and the like.
    pub errors: &'a [SourceError],
    /// How much was looked at.
    pub summary: summary::Summary,
}

/// A finding with what was decided about it.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The finding, at its final level.
    pub finding: Finding,
    /// Stable under moved and reworded code.
    pub fingerprint: String,
    /// Why it is suppressed, if it is.
    pub suppressed: Option<String>,
}

/// A place, resolved for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// With `/`, relative to the working directory.
    pub path: String,
    /// Where it begins.
    pub start: Position,
    /// The bytes.
    pub span: Span,
}

impl Report<'_> {
    /// A place, resolved. A place in a file that is not there comes out empty.
    #[must_use]
    pub fn spot(&self, place: Place) -> Spot {
        spot(self.workspace, self.policy, place)
    }

    /// Findings that are shown.
    pub fn shown(&self) -> impl Iterator<Item = &Reported> {
        self.findings.iter().filter(|reported| reported.suppressed.is_none())
    }
}

/// A place, resolved.
#[must_use]
pub fn spot(workspace: &Workspace, policy: &Policy, place: Place) -> Spot {
    if let Some(file) = workspace.file(place.file) {
        let start = file
            .content
            .as_ref()
            .map_or(Position { line: 1, column: 1 }, |content| content.lines.position(&content.text, place.span.start));
        return Spot { path: file.path.clone(), start, span: place.span };
    }
    match policy.source(place.file) {
        Some(source) => Spot {
            path: source.path.clone(),
            start: LineIndex::new(&source.text).position(&source.text, place.span.start),
            span: place.span,
        },
        None => Spot { path: String::new(), start: Position { line: 1, column: 1 }, span: place.span },
    }
}

/// The word for a level.
#[must_use]
pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}
