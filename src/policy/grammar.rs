//! The format of keys: `{service}:{entity}:{id}`, and the version segment behind the service.

use crate::template::{Hole, Piece, Template};

/// `keys.format`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFormat {
    /// As written.
    pub text: String,
    /// What stands between segments.
    pub separator: char,
    /// The segments in order.
    pub segments: Vec<FormatSegment>,
}

/// A segment of a [`KeyFormat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatSegment {
    /// `{service}`: who owns the key; literal in every template.
    Service,
    /// `{entity}`: what it is about; literal in every template.
    Entity,
    /// `{id}` or any other placeholder: one or more segments that tell one entry from another.
    Id(String),
    /// A fixed word.
    Word(String),
}

/// What is wrong with a template, seen against the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// Completes "the key `…` …": `has two segments where the format wants three`.
    pub message: String,
    /// The template as it should be.
    pub repaired: String,
}

/// A version found in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionAt {
    /// The segment, 0-based.
    pub segment: usize,
    /// Its number, when it is literal.
    pub number: Option<u32>,
}

impl KeyFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(text: &str, separator: char) -> Result<Self, String> {
        let mut segments = Vec::new();
        for part in text.split(separator) {
            let placeholder = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            segments.push(match placeholder {
                Some("service") => FormatSegment::Service,
                Some("entity") => FormatSegment::Entity,
                Some("") => {
                    return Err(format!("`{{}}` in `{text}` has no name: use `{{service}}`, `{{entity}}`, `{{id}}`"));
                }
                Some(name) => FormatSegment::Id(name.to_owned()),
                None if part.is_empty() => return Err(format!("`{text}` has an empty segment")),
                None if part.contains(['{', '}']) => {
                    return Err(format!(
                        "`{part}` in `{text}` mixes text and placeholder: a segment is one or the other"
                    ));
                }
                None => FormatSegment::Word(part.to_owned()),
            });
        }
        if !segments.contains(&FormatSegment::Entity) {
            return Err(format!("`{text}` has no `{{entity}}`: without it no key says what it is about"));
        }
        Ok(Self { text: text.to_owned(), separator, segments })
    }

    /// What is wrong with `template`; `None` when nothing is known to be. `service` is the name to show in a repair.
    #[must_use]
    pub fn fault(&self, template: &Template, service: Option<&str>) -> Option<KeyFault> {
        // A key that begins with something unknown may have any number of segments in it.
        if !template.has_literal() || matches!(template.pieces().first(), Some(Piece::Hole(_))) {
            return None;
        }
        let all = normal_segments(template, self.separator);
        let segments: Vec<&Template> = all.iter().filter(|segment| is_version(segment).is_none()).collect();
        let message = self.complaint(&segments, template)?;
        Some(KeyFault { message, repaired: self.repaired(&all, service) })
    }

    fn complaint(&self, segments: &[&Template], template: &Template) -> Option<String> {
        if let Some(at) = segments.iter().position(|segment| segment.pieces().is_empty()) {
            return Some(format!("has an empty segment (number {})", at + 1));
        }
        for segment in segments {
            for piece in segment.pieces() {
                let Piece::Text(text) = piece else { continue };
                if text.chars().any(char::is_whitespace) {
                    return Some(format!("has white space in `{segment}`"));
                }
            }
        }
        if segments.len() == 1 && self.segments.len() > 1 {
            let other = ['_', '/', '.', '-'].into_iter().find(|other| template.to_string().contains(*other));
            if let Some(other) = other {
                return Some(format!(
                    "is cut at `{other}` where the format `{}` cuts at `{}`",
                    self.text, self.separator
                ));
            }
        }
        let wanted = self.segments.len();
        if segments.len() < wanted {
            let count = |n: usize| match n {
                1 => "one segment".to_owned(),
                2 => "two segments".to_owned(),
                3 => "three".to_owned(),
                n => n.to_string(),
            };
            return Some(format!(
                "has {} where the format `{}` wants {}",
                count(segments.len()),
                self.text,
                count(wanted)
            ));
        }
        for (format, segment) in self.segments.iter().zip(segments) {
            let literal = matches!(segment.pieces(), [Piece::Text(_)]);
            let (role, fits) = match format {
                FormatSegment::Service => ("service", literal),
                FormatSegment::Entity => ("entity", literal),
                FormatSegment::Word(word) => {
                    ("fixed word", matches!(segment.pieces(), [Piece::Text(text)] if text == word))
                }
                FormatSegment::Id(_) => continue,
            };
            // A parameter: what stands there is decided by the caller, where it is judged.
            if matches!(segment.pieces(), [Piece::Hole(hole)] if hole.parameter) {
                continue;
            }
            if !fits {
                return Some(format!("has `{segment}` where the format `{}` wants the {role}", self.text));
            }
        }
        let upper = segments.iter().flat_map(|segment| segment.pieces()).any(|piece| match piece {
            Piece::Text(text) => text.chars().any(char::is_uppercase),
            Piece::Hole(_) => false,
        });
        upper.then(|| "has capital letters, which make one key out of two spellings".to_owned())
    }

    /// The template in the format: literal words first, holes behind them, the version kept.
    fn repaired(&self, all: &[Template], service: Option<&str>) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut rest: Vec<String> = Vec::new();
        let mut version = None;
        for segment in all {
            if is_version(segment).is_some() {
                version = Some(segment.to_string());
                continue;
            }
            for piece in segment.pieces() {
                match piece {
                    Piece::Text(text) => {
                        let parts = text.split(['_', '/', '.', ' ']).filter(|part| !part.is_empty());
                        let target = if rest.is_empty() { &mut words } else { &mut rest };
                        if all.len() == 1 {
                            target.extend(parts.map(str::to_lowercase));
                        } else {
                            target.push(text.trim().to_lowercase());
                        }
                    }
                    Piece::Hole(hole) => rest.push(shown(hole)),
                }
            }
        }
        // `user:{id}:profile`: a word behind the id is part of what the key is about.
        let literals = self.segments.iter().filter(|s| !matches!(s, FormatSegment::Id(_))).count();
        if words.len() < literals
            && let Some(at) = rest.iter().position(|part| !part.starts_with('{'))
        {
            let word = rest.remove(at);
            words.push(word);
        }
        let mut out: Vec<String> = Vec::new();
        let missing = literals.saturating_sub(words.len());
        if missing > 0 {
            out.push(service.map_or_else(|| "{service}".to_owned(), str::to_owned));
        }
        out.extend(words);
        if let Some(version) = version {
            out.insert(1.min(out.len()), version);
        }
        if rest.is_empty() {
            rest.extend(self.segments.iter().filter_map(|segment| match segment {
                FormatSegment::Id(name) => Some(format!("{{{name}}}")),
                _ => None,
            }));
        }
        out.extend(rest);
        out.join(&self.separator.to_string())
    }

    /// The template with a version behind the service.
    #[must_use]
    pub fn versioned(&self, template: &Template, prefix: &str) -> String {
        let mut segments: Vec<String> =
            normal_segments(template, self.separator).iter().map(ToString::to_string).collect();
        segments.insert(1.min(segments.len()), format!("{prefix}1"));
        segments.join(&self.separator.to_string())
    }
}

/// Whether a segment is a version: `v2`, `v{VERSION}`, a hole called `version`.
#[must_use]
pub fn is_version(segment: &Template) -> Option<VersionAt> {
    let number = |text: &str| text.strip_prefix(['v', 'V']).and_then(|digits| digits.parse().ok());
    match segment.pieces() {
        [Piece::Text(text)] => number(text).map(|number| VersionAt { segment: 0, number: Some(number) }),
        [Piece::Text(text), Piece::Hole(_)] if text.eq_ignore_ascii_case("v") => {
            Some(VersionAt { segment: 0, number: None })
        }
        [Piece::Hole(hole)] if hole.version => Some(VersionAt { segment: 0, number: None }),
        _ => None,
    }
}

/// The version of a template, wherever it stands; also inside a word (`SVIX_CACHE_v3_{org}`).
#[must_use]
pub fn version_of(template: &Template, separator: char) -> Option<VersionAt> {
    let segments = normal_segments(template, separator);
    let own = segments
        .iter()
        .enumerate()
        .find_map(|(at, segment)| is_version(segment).map(|version| VersionAt { segment: at, ..version }));
    own.or_else(|| {
        segments.iter().enumerate().find_map(|(at, segment)| {
            segment.pieces().iter().enumerate().find_map(|(nth, piece)| match piece {
                Piece::Text(text) => {
                    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
                    let literal = words.iter().find_map(|word| word.strip_prefix(['v', 'V'])?.parse().ok());
                    // `users-v{VERSION}`: the hole behind the `v` is the version.
                    let hole_follows = matches!(segment.pieces().get(nth + 1), Some(Piece::Hole(_)));
                    let open = words.last().is_some_and(|word| word.eq_ignore_ascii_case("v")) && hole_follows;
                    (literal.is_some() || open).then_some(VersionAt { segment: at, number: literal })
                }
                Piece::Hole(hole) => hole.version.then_some(VersionAt { segment: at, number: None }),
            })
        })
    })
}

/// The segments of a template, the braces of a cluster hash tag left out.
#[must_use]
pub fn normal_segments(template: &Template, separator: char) -> Vec<Template> {
    let mut plain = Template::default();
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => plain.push_text(&text.replace(['{', '}'], "")),
            Piece::Hole(hole) => plain.push_hole(hole.clone()),
        }
    }
    plain.segments(separator)
}

fn shown(hole: &Hole) -> String {
    format!("{{{}}}", if hole.name.is_empty() { "id" } else { &hole.name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        let mut out = Template::default();
        let mut rest = text;
        while let Some(open) = rest.find('<') {
            out.push_text(&rest[..open]);
            let close = rest[open..].find('>').unwrap() + open;
            let name = &rest[open + 1..close];
            out.push_hole(Hole { version: name == "version", ..Hole::named(name) });
            rest = &rest[close + 1..];
        }
        out.push_text(rest);
        out
    }

    fn fault(text: &str) -> Option<(String, String)> {
        let format = KeyFormat::new("{service}:{entity}:{id}", ':').unwrap();
        format.fault(&template(text), None).map(|fault| (fault.message, fault.repaired))
    }

    #[test]
    fn keys_in_the_format_pass_versioned_or_tagged_or_not() {
        for key in [
            "user:profile:<id>",
            "user:v2:profile:<id>",
            "user:profile:123",
            "user:profile:<tenant>:<id>",
            "{user:profile:<id>}",
            "user:profile:{<id>}:avatar",
        ] {
            assert_eq!(fault(key), None, "{key}");
        }
    }

    #[test]
    fn a_shape_that_is_not_known_is_not_judged() {
        for key in ["<key>", "<prefix>device:<id>", "<prefix>:user:<id>"] {
            assert_eq!(fault(key), None, "{key}");
        }
    }

    #[test]
    fn faults_name_the_segment_and_show_the_repair() {
        let cases = [
            ("inventory:<id>", "two segments", "{service}:inventory:{id}"),
            ("hot_articles", "cut at `_`", "hot:articles:{id}"),
            ("cart_badge_<user_id>", "cut at `_`", "cart:badge:{user_id}"),
            ("login_token::<token>", "empty segment", "{service}:login_token:{token}"),
            (
                "user:<id>:profile",
                "`{id}` where the format `{service}:{entity}:{id}` wants the entity",
                "user:profile:{id}",
            ),
            ("User:Profile:<id>", "capital", "user:profile:{id}"),
            ("user:pro file:<id>", "white space", "user:pro file:{id}"),
        ];
        for (key, message, repaired) in cases {
            let (found, repair) = fault(key).unwrap_or_else(|| panic!("{key} passes"));
            assert!(found.contains(message), "{key}: {found}");
            assert_eq!(repair, repaired, "{key}");
        }
    }

    #[test]
    fn versions_are_found_wherever_they_stand() {
        for key in [
            "user:v2:profile:<id>",
            "user:<version>:profile:1",
            "user:v<VERSION>:x:1",
            "APP_v3_<org>",
            "user:profile:v1",
        ] {
            assert!(version_of(&template(key), ':').is_some(), "{key}");
        }
        for key in ["user:profile:<id>", "vip:list:<id>", "user:value:<v>"] {
            assert!(version_of(&template(key), ':').is_none(), "{key}");
        }
    }
}
