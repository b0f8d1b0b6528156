//! Shows a template as the format wants it, in the user's own names.

use super::{FormatSegment, KeyFormat, VersionSpelling, normal_segments};
use crate::template::{Piece, Template};

/// A part of a key on its way to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    /// As shown, with braces.
    Hole(String),
}

impl Part {
    fn shown(&self) -> &str {
        match self {
            Self::Word(text) | Self::Hole(text) => text,
        }
    }
}

impl KeyFormat {
    /// `template` in this format: literal words take the places of service and entity, holes and what is left those of
    /// the ids; the version goes to its place. A name that is missing shows as its placeholder, or as `service`.
    #[must_use]
    pub fn repaired(&self, template: &Template, version: &VersionSpelling<'_>, service: Option<&str>) -> String {
        let parts = Parts::of(template, self.separator, version);
        let own = parts.version.clone();
        self.arranged(parts, own.as_deref(), version, service)
    }

    /// `template` with a version, `prefix` and 1, where the format wants it; in the format, if it is not.
    #[must_use]
    pub fn versioned(&self, template: &Template, prefix: &str, service: Option<&str>) -> String {
        let spelling = VersionSpelling::new(prefix);
        let parts = Parts::of(template, self.separator, &spelling);
        let version = parts.version.clone().unwrap_or_else(|| format!("{prefix}1"));
        if matches!(self.check(template, &spelling, service), super::KeyShape::Broken(_)) {
            return self.arranged(parts, Some(&version), &spelling, service);
        }
        let segments = normal_segments(template, self.separator);
        let plain = segments.iter().filter(|segment| !spelling.is_version(segment));
        let mut shown: Vec<String> = plain.map(ToString::to_string).collect();
        shown.insert(self.version_index().min(shown.len()), version);
        shown.join(&self.separator.to_string())
    }

    fn arranged(
        &self,
        parts: Parts,
        version: Option<&str>,
        spelling: &VersionSpelling<'_>,
        service: Option<&str>,
    ) -> String {
        let Parts { mut parts, one_segment, .. } = parts;
        let constant = !parts.iter().any(|part| matches!(part, Part::Hole(_)));
        // Fixed words come back by themselves.
        for word in self.segments.iter().filter_map(|role| match role {
            FormatSegment::Word(word) => Some(word),
            _ => None,
        }) {
            if let Some(at) = parts.iter().position(|part| matches!(part, Part::Word(text) if text == word)) {
                parts.remove(at);
            }
        }
        let names =
            self.segments.iter().filter(|role| matches!(role, FormatSegment::Service | FormatSegment::Entity)).count();
        if one_segment && !constant {
            parts = cut(parts, names, spelling);
        }
        let mut words: Vec<String> = Vec::new();
        parts.retain(|part| match part {
            Part::Word(word) if words.len() < names => {
                words.push(word.clone());
                false
            }
            _ => true,
        });
        let has_service = self.segments.contains(&FormatSegment::Service) && words.len() == names;
        let mut words = words.into_iter();
        let service = match (has_service, service) {
            (true, _) => words.next(),
            (false, known) => Some(known.map_or_else(|| "{service}".to_owned(), str::to_owned)),
        };
        let mut service = service.into_iter();
        let mut ids = self.ids(parts, constant).into_iter();
        let mut out: Vec<String> = Vec::new();
        for role in &self.segments {
            match role {
                FormatSegment::Service => out.extend(service.next()),
                FormatSegment::Entity => out.push(words.next().unwrap_or_else(|| "{entity}".to_owned())),
                FormatSegment::Word(word) => out.push(word.clone()),
                FormatSegment::Id(name) => out.push(ids.next().unwrap_or_else(|| format!("{{{name}}}"))),
                FormatSegment::Version => {}
            }
        }
        if let Some(version) = version {
            out.insert(self.version_index().min(out.len()), version.to_owned());
        }
        out.join(&self.separator.to_string())
    }

    /// What stands in the places of the ids, in order: one part each, the last takes what is left.
    fn ids(&self, parts: Vec<Part>, constant: bool) -> Vec<String> {
        let places: Vec<&String> = self
            .segments
            .iter()
            .filter_map(|role| match role {
                FormatSegment::Id(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut given: Vec<String> = parts.iter().map(|part| part.shown().to_owned()).collect();
        if given.is_empty() && constant && !places.is_empty() {
            // A key that stands alone names no entry.
            given.push("all".to_owned());
        }
        let missing = places.len().saturating_sub(given.len());
        let mut out: Vec<String> = places[..missing].iter().map(|name| format!("{{{name}}}")).collect();
        let mut given = given.into_iter();
        let single = places.len().saturating_sub(missing + 1);
        out.extend(given.by_ref().take(single));
        let rest: Vec<String> = given.collect();
        if !rest.is_empty() {
            out.push(rest.join(&self.separator.to_string()));
        }
        out
    }
}

/// What a template is made of.
struct Parts {
    /// Words and holes in order; text and holes of one segment come apart.
    parts: Vec<Part>,
    /// Its version, as shown.
    version: Option<String>,
    /// It was one segment, the version not counted.
    one_segment: bool,
}

impl Parts {
    fn of(template: &Template, separator: char, spelling: &VersionSpelling<'_>) -> Self {
        let all = normal_segments(template, separator);
        let mut version = all.iter().find(|segment| spelling.is_version(segment)).map(ToString::to_string);
        let plain: Vec<&Template> = all.iter().filter(|segment| !spelling.is_version(segment)).collect();
        let mut parts = Vec::new();
        let mut unnamed = 0;
        for piece in plain.iter().flat_map(|segment| segment.pieces()) {
            let shown = match piece {
                Piece::Text(text) => word(text),
                Piece::Hole(hole) if hole.name.is_empty() => {
                    unnamed += 1;
                    if unnamed == 1 { "{id}".to_owned() } else { format!("{{id{unnamed}}}") }
                }
                Piece::Hole(hole) => format!("{{{}}}", hole.name),
            };
            let alone = match piece {
                Piece::Text(_) => Template::text(shown.as_str()),
                Piece::Hole(hole) => Template::hole(hole.clone()),
            };
            if spelling.is_version(&alone) {
                // A version inside a word: `users-v2`, `users-{VERSION}`.
                version.get_or_insert(shown);
            } else if !shown.is_empty() {
                parts.push(if matches!(piece, Piece::Text(_)) { Part::Word(shown) } else { Part::Hole(shown) });
            }
        }
        Self { parts, version, one_segment: plain.len() == 1 }
    }
}

/// Text as a word of a key: no capitals, no white space, nothing at its ends that only cut.
fn word(text: &str) -> String {
    let mut out = String::new();
    let mut lower_before = false;
    for c in text.trim_matches(|c: char| !c.is_alphanumeric()).chars() {
        if c.is_whitespace() || c.is_control() {
            out.push('_');
        } else {
            if c.is_uppercase() && lower_before {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
    }
    out
}

/// Cuts words at what stands for the separator until there are `names` of them: `cart_badge_{user_id}`.
fn cut(parts: Vec<Part>, names: usize, spelling: &VersionSpelling<'_>) -> Vec<Part> {
    let is_cut = |c: char| !c.is_alphanumeric();
    let words = parts.iter().filter(|part| matches!(part, Part::Word(_))).count();
    let mut missing = names.saturating_sub(words);
    let mut out = Vec::new();
    for part in parts {
        match part {
            Part::Word(mut word) => {
                while missing > 0
                    && let Some((front, back)) = word.split_once(is_cut)
                {
                    let back = back.trim_start_matches(is_cut).to_owned();
                    // `v2_users` would become a version that nobody meant.
                    if [front, &back].iter().any(|word| spelling.is_version(&Template::text(*word))) {
                        break;
                    }
                    out.push(Part::Word(front.to_owned()));
                    word = back;
                    missing -= 1;
                }
                out.push(Part::Word(word));
            }
            hole @ Part::Hole(_) => out.push(hole),
        }
    }
    out
}
