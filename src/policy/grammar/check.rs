//! Holds a template against a format.

use super::{FormatSegment, KeyFormat, VersionSpelling, is_id, is_open, normal_segments};
use crate::template::{Hole, Piece, Template};

/// What is wrong with a template, seen against the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// The segment that is wrong, 0-based, versions counted; the number of segments when one is missing at the end.
    pub segment: usize,
    /// Completes "the key `…` …": `has two segments where the format wants three`.
    pub message: String,
    /// The template as it should be.
    pub repaired: String,
}

/// How a template stands to the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyShape {
    /// It fits.
    Conforms,
    /// Too little is known of it: no literal text, or a front, entity or rest that is put together elsewhere.
    Unknown,
    /// It does not fit, whatever stands in its holes.
    Broken(KeyFault),
}

/// A segment that is no version, with its number in the template.
type Numbered<'t> = (usize, &'t Template);

/// The judgement before the repair: segment and message.
enum Judgement {
    Conforms,
    Unknown,
    Broken(usize, String),
}

impl KeyFormat {
    /// Holds `template` against the format. `service` is the name to show in a repair.
    #[must_use]
    pub fn check(&self, template: &Template, version: &VersionSpelling<'_>, service: Option<&str>) -> KeyShape {
        let all = normal_segments(template, self.separator);
        match self.judge(template, &all, version) {
            Judgement::Conforms => KeyShape::Conforms,
            Judgement::Unknown => KeyShape::Unknown,
            Judgement::Broken(segment, message) => {
                KeyShape::Broken(KeyFault { segment, message, repaired: self.repaired(template, version, service) })
            }
        }
    }

    fn judge(&self, template: &Template, all: &[Template], version: &VersionSpelling<'_>) -> Judgement {
        if !template.has_literal() || is_front_unknown(all) {
            return Judgement::Unknown;
        }
        if let Some((at, message)) = all.iter().enumerate().find_map(|(at, segment)| Some((at, impurity(segment)?))) {
            return Judgement::Broken(at, message);
        }
        let segments: Vec<Numbered<'_>> =
            all.iter().enumerate().filter(|(_, segment)| !version.is_version(segment)).collect();
        let wanted = self.wanted();
        // Behind a hole that may hold several segments nothing is known of the order.
        let open = segments.iter().position(|(_, segment)| has_open_hole(segment));
        if segments.len() < wanted.len() {
            return match open {
                Some(_) => Judgement::Unknown,
                None => self.too_few(template, &segments, all.len()),
            };
        }
        let mut unknown = open.is_some();
        for (role, (at, segment)) in align(&wanted, &segments, open) {
            match self.misfit(role, segment, &segments, at) {
                Fit::Yes => {}
                Fit::Maybe => unknown = true,
                // A cluster's hash tag dictates the order: `{user:1}:profile` keeps all of one user together.
                Fit::No(_) if is_tagged(template) => unknown = true,
                Fit::No(message) => return Judgement::Broken(at, message),
            }
        }
        let last_takes_rest = wanted.iter().any(|role| !role.is_literal());
        if segments.len() > wanted.len() && !last_takes_rest {
            let at = segments.get(wanted.len()).map_or(all.len(), |(at, _)| *at);
            return Judgement::Broken(at, self.count_message(segments.len()));
        }
        if unknown { Judgement::Unknown } else { Judgement::Conforms }
    }

    fn too_few(&self, template: &Template, segments: &[Numbered<'_>], total: usize) -> Judgement {
        // What joins words comes last: `shop/cart_badge/{id}` is cut at `/`.
        let other = ['/', '|', '.', '_', '-', '@', '#'].into_iter().find(|&other| contains(template, other));
        let message = match other {
            Some(other) if segments.len() == 1 => {
                format!("is cut at `{other}` where the format `{}` cuts at `{}`", self.text, self.separator)
            }
            _ => self.count_message(segments.len()),
        };
        Judgement::Broken(total, message)
    }

    fn count_message(&self, given: usize) -> String {
        let noun = if given == 1 { "segment" } else { "segments" };
        let wanted = self.wanted().len();
        format!("has {} {noun} where the format `{}` wants {}", number(given), self.text, number(wanted))
    }

    /// Whether `segment` can stand where the format has `role`.
    fn misfit(&self, role: &FormatSegment, segment: &Template, all: &[Numbered<'_>], at: usize) -> Fit {
        let what = match role {
            FormatSegment::Service => "the service",
            FormatSegment::Entity => "the entity",
            FormatSegment::Word(word) => &format!("`{word}`"),
            FormatSegment::Id(_) | FormatSegment::Version => return Fit::Yes,
        };
        let wrong = || Fit::No(format!("has `{segment}` where the format `{}` wants {what}", self.text));
        match (segment.pieces(), role) {
            ([Piece::Text(text)], FormatSegment::Word(word)) if text != word => wrong(),
            ([Piece::Text(text)], _) if text.chars().any(has_small_form) => {
                Fit::No(format!("has capital letters in `{text}`: two spellings make two keys"))
            }
            ([Piece::Text(_)], _) => Fit::Yes,
            // The word may be chosen at run time, unless the hole names an entry, or the word stands further right.
            (pieces, FormatSegment::Service | FormatSegment::Entity) => {
                let word_follows = all.iter().any(|(other, segment)| {
                    *other > at
                        && matches!(segment.pieces(), [Piece::Text(text)] if text.chars().any(char::is_alphabetic))
                });
                // What a parameter stands for is judged where the caller chooses it.
                let chosen_here = |hole: &Hole| pieces.len() == 1 && word_follows && !hole.parameter;
                if segment.holes().any(|hole| is_id(hole) || chosen_here(hole)) { wrong() } else { Fit::Maybe }
            }
            _ => wrong(),
        }
    }
}

/// A capital letter that can be written small; some symbols are capitals for ever.
fn has_small_form(c: char) -> bool {
    c.is_uppercase() && c.to_lowercase().ne([c])
}

enum Fit {
    Yes,
    Maybe,
    No(String),
}

/// The segments that have a fixed place: from the left up to the last placeholder that is no word, and from the right
/// what stands behind it. Nothing is placed beyond segment `open`.
fn align<'a>(
    wanted: &[&'a FormatSegment],
    segments: &[Numbered<'a>],
    open: Option<usize>,
) -> Vec<(&'a FormatSegment, Numbered<'a>)> {
    let stretch = wanted.iter().rposition(|role| !role.is_literal()).unwrap_or(wanted.len());
    let end = open.unwrap_or(segments.len());
    let mut out: Vec<_> =
        wanted[..stretch.min(wanted.len())].iter().copied().zip(segments[..end].iter().copied()).collect();
    if open.is_none() && stretch < wanted.len() {
        let behind = wanted.len() - stretch - 1;
        let tail = segments.len().saturating_sub(behind);
        out.extend(wanted[stretch + 1..].iter().copied().zip(segments[tail..].iter().copied()));
    }
    out
}

/// The front is put together elsewhere: it may hold any number of segments.
fn is_front_unknown(segments: &[Template]) -> bool {
    match segments.first().map(Template::pieces) {
        Some([Piece::Hole(hole), ..]) => is_open(hole) || !is_id(hole),
        _ => false,
    }
}

fn has_open_hole(segment: &Template) -> bool {
    segment.holes().any(|hole: &Hole| is_open(hole) && !is_id(hole))
}

/// What no segment may have, whatever the format is.
fn impurity(segment: &Template) -> Option<String> {
    if segment.pieces().is_empty() {
        return Some("has an empty segment".to_owned());
    }
    segment.pieces().iter().find_map(|piece| {
        let Piece::Text(text) = piece else { return None };
        if text.chars().any(char::is_whitespace) {
            Some(format!("has white space in `{}`", visible(&segment.to_string())))
        } else if text.chars().any(char::is_control) {
            Some("has control characters".to_owned())
        } else {
            None
        }
    })
}

/// Text with control characters written out.
fn visible(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Whether a hash tag holds more than one hole alone.
fn is_tagged(template: &Template) -> bool {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Hole(_) => "\u{fffd}".to_owned(),
    };
    let whole: String = template.pieces().iter().map(text).collect();
    let tag = whole.split_once('{').and_then(|(_, behind)| behind.split_once('}')).map(|(tag, _)| tag);
    tag.is_some_and(|tag| tag.contains('\u{fffd}') && tag.chars().count() > 1)
}

fn contains(template: &Template, wanted: char) -> bool {
    template.pieces().iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains(wanted)))
}

fn number(n: usize) -> String {
    match n {
        0 => "no".to_owned(),
        1 => "one".to_owned(),
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        4 => "four".to_owned(),
        5 => "five".to_owned(),
        n => n.to_string(),
    }
}
