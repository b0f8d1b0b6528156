//! Versions in keys.

use super::{KeyFormat, normal_segments};
use crate::template::{Hole, Piece, Template};

/// How a version is written: the front of `v{n}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSpelling<'a> {
    prefix: &'a str,
}

/// A version found in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionInfo {
    /// The segment in which it stands, 0-based.
    pub segment: usize,
    /// Its number, when it is literal.
    pub number: Option<u32>,
    /// It is a segment of its own, where the format wants the version.
    pub in_place: bool,
}

impl Default for VersionSpelling<'_> {
    fn default() -> Self {
        Self { prefix: "v" }
    }
}

impl<'a> VersionSpelling<'a> {
    /// The spelling whose numbers stand behind `prefix`; `v` counts as well whatever the prefix is.
    #[must_use]
    pub fn new(prefix: &'a str) -> Self {
        Self { prefix }
    }

    /// Whether a whole segment is a version: `v2`, `v{VERSION}`, a hole called `version`.
    #[must_use]
    pub fn is_version(&self, segment: &Template) -> bool {
        match segment.pieces() {
            [Piece::Text(text)] => self.number(text).is_some(),
            [Piece::Text(text), Piece::Hole(_)] => self.is_prefix(text),
            [Piece::Hole(hole)] => is_version_hole(hole),
            _ => false,
        }
    }

    /// The version of a template, wherever it stands; also inside a word (`APP_CACHE_v3_{org}`).
    #[must_use]
    pub fn find(&self, template: &Template, format: &KeyFormat) -> Option<VersionInfo> {
        let segments = normal_segments(template, format.separator);
        let whole = segments.iter().position(|segment| self.is_version(segment)).map(|at| VersionInfo {
            segment: at,
            number: segments[at].as_text().and_then(|text| self.number(text)),
            in_place: at == format.version_index(),
        });
        whole.or_else(|| {
            segments.iter().enumerate().find_map(|(at, segment)| {
                self.inside(segment).map(|number| VersionInfo { segment: at, number, in_place: false })
            })
        })
    }

    /// A version that is a part of a segment, and its number.
    fn inside(&self, segment: &Template) -> Option<Option<u32>> {
        segment.pieces().iter().enumerate().find_map(|(nth, piece)| match piece {
            Piece::Text(text) => {
                let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
                if let Some(number) = words.iter().find_map(|word| self.number(word)) {
                    return Some(Some(number));
                }
                // `users-v{VERSION}`: the hole behind the `v` is the version.
                let before_hole = matches!(segment.pieces().get(nth + 1), Some(Piece::Hole(_)));
                (before_hole && words.last().is_some_and(|word| self.is_prefix(word))).then_some(None)
            }
            Piece::Hole(hole) => is_version_hole(hole).then_some(None),
        })
    }

    fn number(&self, text: &str) -> Option<u32> {
        let behind = |prefix: &str| {
            let (front, digits) = text.split_at_checked(prefix.len())?;
            let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (front.eq_ignore_ascii_case(prefix) && all_digits).then(|| digits.parse().ok())?
        };
        behind(self.prefix).or_else(|| behind("v"))
    }

    fn is_prefix(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(self.prefix) || text.eq_ignore_ascii_case("v")
    }
}

fn is_version_hole(hole: &Hole) -> bool {
    let name = super::last_word(hole);
    hole.version || matches!(name.as_str(), "version" | "ver") || name.ends_with("_version")
}
