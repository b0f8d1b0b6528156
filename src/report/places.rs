//! From places to paths, lines and columns.

use crate::finding::Place;
use crate::policy::Policy;
use crate::run::Analysis;
use crate::schema::LockFile;
use crate::source::Workspace;
use crate::text::{LineIndex, Position, Span};

/// Resolves places in source files, rule files and lock files.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    workspace: &'a Workspace,
    policy: &'a Policy,
    locks: &'a [LockFile],
}

/// A place as people and machines see it.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Relative to the working directory, with `/`.
    pub path: &'a str,
    /// The whole text of the file; empty when it could not be read.
    pub text: &'a str,
    /// The bytes, which always lie in `text` and on the bounds of characters.
    pub span: Span,
    /// Where it begins.
    pub position: Position,
    /// Where it ends; exclusive.
    pub end: Position,
    /// It stands in the rule file that is part of the tool.
    pub embedded: bool,
}

impl Spot<'_> {
    /// The 1-based column of a byte of the text, counted in bytes.
    #[must_use]
    pub fn byte_column(&self, offset: u32) -> u32 {
        let before = self.text.as_bytes().get(..offset as usize).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        u32::try_from(before.len() - start + 1).unwrap_or(u32::MAX)
    }
}

impl<'a> Places<'a> {
    /// Those of a run.
    #[must_use]
    pub fn of(analysis: &'a Analysis) -> Self {
        Self { workspace: &analysis.workspace, policy: &analysis.policy, locks: &analysis.locks }
    }

    /// Whether this is a rule file, not a source file.
    #[must_use]
    pub fn is_rule_file(&self, file: crate::finding::FileId) -> bool {
        self.policy.source(file).is_some()
    }

    /// The place, resolved. A file that is not known has an empty path.
    #[must_use]
    pub fn spot(&self, place: Place) -> Spot<'a> {
        if let Some(file) = self.workspace.file(place.file) {
            let content = file.content.as_ref();
            let text: &'a str = content.map_or("", |content| &content.text);
            let span = clamped(text, place.span);
            let at = |offset| {
                content.map_or(Position { line: 1, column: 1 }, |content| content.lines.position(&content.text, offset))
            };
            let (position, end) = (at(span.start), at(span.end));
            return Spot { path: &file.path, text, span, position, end, embedded: false };
        }
        if let Some(lock) = self.locks.iter().find(|lock| lock.file == place.file) {
            let text = lock.text.as_deref().unwrap_or_default();
            let span = clamped(text, place.span);
            let lines = LineIndex::new(text);
            let [position, end] = [span.start, span.end].map(|offset| lines.position(text, offset));
            return Spot { path: &lock.path, text, span, position, end, embedded: false };
        }
        match self.policy.source(place.file) {
            Some(source) => {
                let span = clamped(&source.text, place.span);
                let lines = LineIndex::new(&source.text);
                let [position, end] = [span.start, span.end].map(|offset| lines.position(&source.text, offset));
                Spot { path: &source.path, text: &source.text, span, position, end, embedded: source.embedded }
            }
            None => Spot {
                path: "",
                text: "",
                span: Span::default(),
                position: Position { line: 1, column: 1 },
                end: Position { line: 1, column: 1 },
                embedded: false,
            },
        }
    }
}

/// The span cut to the text and widened to whole characters. Renderers and slices need no more checks after this.
pub(super) fn clamped(text: &str, span: Span) -> Span {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_cut_to_the_text_and_to_whole_characters() {
        let text = "aé日b";
        assert_eq!(clamped(text, Span::new(1, 2)), Span::new(1, 3));
        assert_eq!(clamped(text, Span::new(4, 100)), Span::new(3, 7));
        assert_eq!(clamped(text, Span::new(50, 60)), Span::new(7, 7));
        assert_eq!(clamped("", Span::new(5, 9)), Span::new(0, 0));
    }

    proptest::proptest! {
        #[test]
        fn any_span_is_safe(text in ".{0,20}", start in 0_usize..60, length in 0_usize..60) {
            let span = clamped(&text, Span::new(start, start + length));
            proptest::prop_assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
    }
}
