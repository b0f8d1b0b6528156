//! Patterns over key templates: `product:**`, `*:profile:**`.

use super::error::Mistake;
use super::grammar::{VersionSpelling, is_id, is_open, normal_segments};
use crate::template::{Piece, Template};

/// A pattern, cut into segments at the separator.
///
/// `*` is one segment, `**` any number of them (also none), and a word may hold `*` for any text. A version segment of
/// the template is passed over, unless the pattern names a version itself (`user:v1:**`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    /// It names a version.
    versioned: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`
    Rest,
    /// `*`
    One,
    /// Literal text, in which `*` stands for any.
    Word(Vec<Token>),
}

/// A character, or any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    Any,
}

/// How a pattern stands to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// No key of this template matches.
    No,
    /// It hangs on what stands in the holes.
    Maybe,
    /// Every key of this template matches.
    Yes,
}

/// A template cut up for matching, so that many patterns can be held against it.
#[derive(Debug, Clone)]
pub struct Cut {
    segments: Vec<CutSegment>,
}

#[derive(Debug, Clone)]
struct CutSegment {
    tokens: Vec<Token>,
    version: bool,
    /// Its holes may hold several segments.
    open: bool,
    /// It is one hole that names an entry, and so never a word.
    id: bool,
}

impl Cut {
    /// Cuts `template` at `separator`.
    #[must_use]
    pub fn new(template: &Template, separator: char, version: &VersionSpelling<'_>) -> Self {
        let segments = normal_segments(template, separator)
            .into_iter()
            .map(|segment| CutSegment {
                version: version.is_version(&segment),
                open: segment.holes().any(is_open),
                id: matches!(segment.pieces(), [Piece::Hole(hole)] if is_id(hole)),
                tokens: segment
                    .pieces()
                    .iter()
                    .flat_map(|piece| match piece {
                        Piece::Text(text) => text.chars().map(Token::Char).collect(),
                        Piece::Hole(_) => vec![Token::Any],
                    })
                    .collect(),
            })
            .collect();
        Self { segments }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// An empty pattern or segment, and `**` that is not a segment of its own.
    pub fn new(text: &str, separator: char) -> Result<Self, Mistake> {
        if text.trim().is_empty() {
            return Err(Mistake::with_help("the pattern is empty", "write for example `product:**`"));
        }
        if text.contains(['{', '}']) {
            return Err(Mistake::with_help(
                format!("the pattern `{text}` has braces in it"),
                "a pattern writes `*` for one segment and `**` for any number of them",
            ));
        }
        let mut segments = Vec::new();
        for part in text.split(separator) {
            segments.push(match part {
                "" => return Err(format!("the pattern `{text}` has an empty segment").into()),
                "**" => Segment::Rest,
                "*" => Segment::One,
                _ if part.contains("**") => {
                    let help =
                        format!("`**` is a segment of its own; inside `{part}` a single `*` stands for any text");
                    return Err(Mistake::with_help(format!("`{part}` in the pattern mixes text and `**`"), help));
                }
                _ => Segment::Word(tokens(part)),
            });
        }
        let spelling = VersionSpelling::default();
        let versioned = text.split(separator).any(|part| part == "v*" || spelling.is_version(&Template::text(part)));
        Ok(Self { text: text.to_owned(), segments, versioned })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How much a match says: patterns with more literal segments are more specific, then those with more segments.
    #[must_use]
    pub fn specificity(&self) -> usize {
        let weight = |segment: &Segment| match segment {
            Segment::Word(tokens) if tokens.contains(&Token::Any) => 600,
            Segment::Word(_) => 1_000,
            Segment::One => 1,
            Segment::Rest => 0,
        };
        self.segments.iter().map(weight).sum()
    }

    /// Whether every key of this template matches.
    #[must_use]
    pub fn matches(&self, template: &Template, separator: char) -> bool {
        self.compare(&Cut::new(template, separator, &VersionSpelling::default())) == Match::Yes
    }

    /// How the pattern stands to a template. A segment that is only known at run time is surely matched by `*` and `**`
    /// alone.
    #[must_use]
    pub fn compare(&self, template: &Cut) -> Match {
        let given: Vec<&CutSegment> =
            template.segments.iter().filter(|segment| self.versioned || !segment.version).collect();
        // `best[j]`: how well the pattern so far matches the first `j` segments.
        let mut best = vec![Match::No; given.len() + 1];
        best[0] = Match::Yes;
        absorb_open(&mut best, &given);
        for wanted in &self.segments {
            let mut next = vec![Match::No; given.len() + 1];
            for at in 0..=given.len() {
                if *wanted == Segment::Rest {
                    next[at] = next[at].max(best[at]);
                    if at < given.len() {
                        next[at + 1] = next[at + 1].max(next[at]);
                    }
                } else if let Some(segment) = given.get(at) {
                    let fit = best[at].min(wanted.fits(segment));
                    next[at + 1] = next[at + 1].max(fit);
                    if segment.open {
                        // The hole may hold this segment and the next ones too.
                        next[at] = next[at].max(best[at].min(Match::Maybe));
                    }
                }
            }
            absorb_open(&mut next, &given);
            best = next;
        }
        best.last().copied().unwrap_or(Match::No)
    }
}

/// An open hole may be the tail of what a pattern's segment has matched.
fn absorb_open(best: &mut [Match], given: &[&CutSegment]) {
    for (at, segment) in given.iter().enumerate() {
        let is_hole = segment.tokens.iter().all(|token| *token == Token::Any);
        if segment.open && is_hole {
            best[at + 1] = best[at + 1].max(best[at].min(Match::Maybe));
        }
    }
}

impl Segment {
    fn fits(&self, segment: &CutSegment) -> Match {
        match self {
            Self::Rest => Match::Yes,
            Self::One if segment.tokens.is_empty() => Match::No,
            Self::One => Match::Yes,
            Self::Word(wanted) if covers(wanted, &segment.tokens) => Match::Yes,
            Self::Word(wanted) if segment.id && is_word(wanted) => Match::No,
            Self::Word(wanted) if meets(wanted, &segment.tokens) => Match::Maybe,
            Self::Word(_) => Match::No,
        }
    }
}

/// Letters and what joins them, so no number and no random text.
fn is_word(tokens: &[Token]) -> bool {
    tokens.iter().all(|token| matches!(token, Token::Char(c) if c.is_alphabetic() || matches!(c, '-' | '_')))
}

fn tokens(text: &str) -> Vec<Token> {
    text.chars().map(|c| if c == '*' { Token::Any } else { Token::Char(c) }).collect()
}

/// Whether every text that fits `given` fits `wanted`: unknown text is matched by unknown text alone.
fn covers(wanted: &[Token], given: &[Token]) -> bool {
    walk(wanted, given, false)
}

/// Whether some text fits both.
fn meets(wanted: &[Token], given: &[Token]) -> bool {
    walk(wanted, given, true)
}

/// Row by row over `wanted`; `reach[j]`: the part so far can match the first `j` tokens of `given`, whose unknown text
/// counts as any that suits if `both` is set.
fn walk(wanted: &[Token], given: &[Token], both: bool) -> bool {
    let skip_given = |reach: &mut Vec<bool>| {
        for (at, token) in given.iter().enumerate() {
            if both && *token == Token::Any && reach[at] {
                reach[at + 1] = true;
            }
        }
    };
    let mut reach = vec![false; given.len() + 1];
    reach[0] = true;
    skip_given(&mut reach);
    for &token in wanted {
        let mut next = vec![false; given.len() + 1];
        for at in 0..=given.len() {
            if token == Token::Any {
                next[at] |= reach[at] || (at > 0 && next[at - 1]);
            } else {
                let here = at > 0 && reach[at - 1] && token == given[at - 1];
                // Unknown text of `given` may hold this character, and more behind it.
                let inside = both && given.get(at) == Some(&Token::Any) && reach[at];
                next[at] |= here || inside;
            }
        }
        skip_given(&mut next);
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    covers(&tokens(pattern), &tokens_of_literal(text))
}

fn tokens_of_literal(text: &str) -> Vec<Token> {
    text.chars().map(Token::Char).collect()
}

/// Whether a pattern for functions (`*::flags::*`, `load_flags`) names the function `path`. A pattern may leave out the
/// front of a path.
#[must_use]
pub fn names_function(pattern: &str, path: &str) -> bool {
    glob(pattern, path) || glob(&format!("*::{pattern}"), path) || glob(&format!("*.{pattern}"), path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::template::Hole;

    /// `user:<id>` as a template.
    fn template(text: &str) -> Template {
        let mut out = Template::default();
        for (at, part) in text.split(['<', '>']).enumerate() {
            if at % 2 == 0 { out.push_text(part) } else { out.push_hole(Hole::named(part)) }
        }
        out
    }

    fn compare(pattern: &str, key: &str) -> Match {
        Pattern::new(pattern, ':').unwrap().compare(&Cut::new(&template(key), ':', &VersionSpelling::default()))
    }

    #[test]
    fn what_surely_matches() {
        for (pattern, key) in [
            ("product:**", "product:detail:<id>"),
            ("product:**", "product"),
            ("**", "a:b:c"),
            ("*:profile:**", "user:profile:<id>"),
            ("*:profile:**", "user:v2:profile:<id>"),
            ("*:profile:**", "user:v<VERSION>:profile:<id>"),
            ("*:*:profile:**", "{user:<id>}:profile:x"),
            ("**:profile:**", "acme:user:profile:<id>"),
            ("**:profile", "profile"),
            ("jobs:*", "jobs:<name>"),
            ("report-*:**", "report-<day>:x"),
            ("*-report", "<day>-report"),
            ("user:v1:**", "user:v1:profile:<id>"),
            ("user:v*:profile:*", "user:v3:profile:<id>"),
            ("*:*", "<a>:<b>"),
        ] {
            assert_eq!(compare(pattern, key), Match::Yes, "{pattern} {key}");
        }
    }

    #[test]
    fn what_hangs_on_the_holes() {
        for (pattern, key) in [
            ("user:profile:**", "user:<kind>:<id>"),
            ("user:profile:**", "<service>:profile:<id>"),
            ("report-daily", "report-<kind>"),
            ("user:profile:**", "user:<key>"),
            // It may be `user:profile`, of which `**` takes nothing.
            ("user:profile:**", "user:<kind>"),
            ("*:device:**", "<prefix>device:<id>"),
            ("a:b:c:d", "<prefix>:d"),
        ] {
            assert_eq!(compare(pattern, key), Match::Maybe, "{pattern} {key}");
        }
    }

    #[test]
    fn what_cannot_match() {
        for (pattern, key) in [
            ("product:**", "products:detail:<id>"),
            ("product:*", "product:detail:<id>"),
            ("product:*", "product"),
            ("*:profile:**", "profile:<id>"),
            ("user:v1:**", "user:v2:profile:<id>"),
            ("user:v1:**", "user:profile:<id>"),
            ("report-*", "rapport-<day>"),
            ("user:profile:x", "order:<kind>:x"),
        ] {
            assert_eq!(compare(pattern, key), Match::No, "{pattern} {key}");
        }
    }

    #[test]
    fn more_literal_text_is_more_specific() {
        let order = ["**", "*:**", "*:*", "report-*:**", "*:profile:**", "user:profile:**", "user:profile:*", "a:b:c"];
        let values: Vec<usize> = order.iter().map(|text| Pattern::new(text, ':').unwrap().specificity()).collect();
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
    }

    #[test]
    fn faulty_patterns_are_told() {
        for text in ["", " ", "a::b", ":a", "a**:b", "user:{id}"] {
            assert!(Pattern::new(text, ':').is_err(), "{text}");
        }
    }

    #[test]
    fn functions_may_be_named_by_their_end() {
        for (pattern, path) in [
            ("crate::flags::load", "crate::flags::load"),
            ("flags::load", "shop::flags::load"),
            ("load", "shop::flags::load"),
            ("*::flags::*", "shop::flags::load"),
            ("Flags::*", "shop::flags::Flags::load"),
            ("find", "self.repo.find"),
        ] {
            assert!(names_function(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("load", "shop::reload"), ("flags::load", "shop::flags::load::inner")] {
            assert!(!names_function(pattern, path), "{pattern} {path}");
        }
    }

    fn any_key() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof!["[ab]{1,2}", Just("<day>".to_owned()), "[ab]<x>"], 1..5)
            .prop_map(|parts| parts.join(":"))
    }

    fn any_pattern() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof!["[ab]{1,2}", Just("*".into()), Just("**".into()), "[ab]\\*"], 1..5)
            .prop_map(|parts| parts.join(":"))
    }

    proptest! {
        /// Filling the holes of a template cannot turn a sure match into none, nor the reverse.
        #[test]
        fn filling_holes_keeps_what_is_sure(pattern in any_pattern(), key in any_key(), filling in "[abc]{1,2}") {
            let before = compare(&pattern, &key);
            let filled = key.replace("<day>", &filling).replace("<x>", &filling);
            let after = compare(&pattern, &filled);
            prop_assert!(after != Match::Maybe, "a key without holes is no matter of doubt");
            if before != Match::Maybe {
                prop_assert_eq!(before, after, "{} {} {}", pattern, key, filled);
            }
        }

        #[test]
        fn no_pattern_makes_a_panic(pattern in ".*", key in ".*", separator in any::<char>()) {
            if let Ok(pattern) = Pattern::new(&pattern, separator) {
                let _ = pattern.matches(&Template::text(key), separator);
                let _ = pattern.specificity();
            }
        }
    }
}
