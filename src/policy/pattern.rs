//! Patterns over key templates: `product:**`, `*:profile:**`.

use super::grammar::{is_version, normal_segments};
use crate::template::{Piece, Template};

/// A pattern, cut into segments at the separator.
///
/// `*` is one segment, `**` at the end any number of them, a word may hold `*` for any text. A version segment of the
/// template is passed over. A segment that is only known at run time is matched by `*` and `**` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    segments: Vec<String>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// An empty pattern or segment, and `**` anywhere but at the end.
    pub fn new(text: &str, separator: char) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the pattern is empty".to_owned());
        }
        let segments: Vec<String> = text.split(separator).map(str::to_owned).collect();
        if segments.iter().any(String::is_empty) {
            return Err(format!("the pattern `{text}` has an empty segment"));
        }
        if segments.iter().rev().skip(1).any(|segment| segment == "**") {
            return Err(format!(
                "`**` stands for the rest of a key: it can only end a pattern, not stand inside `{text}`"
            ));
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How much a match says: patterns with more literal segments are more specific.
    #[must_use]
    pub fn specificity(&self) -> usize {
        let literal = |segment: &&String| *segment != "*" && *segment != "**";
        self.segments.iter().filter(literal).count() * 100 + self.segments.len()
    }

    /// Whether every key of this template matches.
    #[must_use]
    pub fn matches(&self, template: &Template, separator: char) -> bool {
        let segments: Vec<Template> =
            normal_segments(template, separator).into_iter().filter(|segment| is_version(segment).is_none()).collect();
        let mut given = segments.iter();
        for wanted in &self.segments {
            if wanted == "**" {
                return given.next().is_some();
            }
            let Some(segment) = given.next() else { return false };
            if wanted != "*" && !word_matches(wanted, segment) {
                return false;
            }
        }
        given.next().is_none()
    }
}

fn word_matches(wanted: &str, segment: &Template) -> bool {
    match segment.pieces() {
        [Piece::Text(text)] => glob(wanted.as_bytes(), text.as_bytes()),
        // `report-{day}` matches `report-*`: the literal front decides.
        [Piece::Text(front), ..] => wanted.strip_suffix('*').is_some_and(|stem| front.starts_with(stem)),
        _ => false,
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
#[must_use]
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}
