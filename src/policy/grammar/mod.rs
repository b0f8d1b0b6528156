//! The format of keys: `{service}:{entity}:{id}`, and the version segment behind the service.
//!
//! `check` holds a template against a format, `repair` shows the template as it should be, `version` finds versions.

mod check;
mod repair;
#[cfg(test)]
mod tests;
mod version;

pub use check::{KeyFault, KeyShape};
pub use version::{VersionInfo, VersionSpelling};

use crate::policy::error::{Mistake, all_of, nearest};
use crate::template::{Hole, Piece, Template};

/// Placeholders that a format may use.
const PLACEHOLDERS: [&str; 9] =
    ["service", "entity", "id", "version", "tenant", "env", "region", "locale", "namespace"];

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
    /// `{version}`: where the version stands, if not behind the service. A key may lack it.
    Version,
    /// `{id}`, or any other placeholder: what tells one entry from another. The last of them takes one segment or
    /// more, because an id may consist of several parts; all others take one.
    Id(String),
    /// A fixed word.
    Word(String),
}

impl KeyFormat {
    /// Reads a format such as `{service}:{entity}:{id}`, whose segments are cut at `separator`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(text: &str, separator: char) -> Result<Self, Mistake> {
        let segments = text.split(separator).map(|part| read_segment(part, text)).collect::<Result<Vec<_>, _>>()?;
        if !segments.contains(&FormatSegment::Entity) {
            let message = if segments.len() == 1 && text.contains("{entity}") {
                format!("the format `{text}` is never cut at the separator `{separator}`")
            } else {
                format!("the format `{text}` has no `{{entity}}`: no key would say what it is about")
            };
            return Err(Mistake::with_help(message, "for example `{service}:{entity}:{id}`"));
        }
        for single in [FormatSegment::Service, FormatSegment::Entity, FormatSegment::Version] {
            if segments.iter().filter(|segment| **segment == single).count() > 1 {
                return Err(format!("the format `{text}` names {} twice", single.shown()).into());
            }
        }
        Ok(Self { text: text.to_owned(), separator, segments })
    }

    /// `{service}:{entity}:{id}`.
    #[must_use]
    pub fn usual(separator: char) -> Self {
        let segments = vec![FormatSegment::Service, FormatSegment::Entity, FormatSegment::Id("id".to_owned())];
        let text = segments.iter().map(FormatSegment::shown).collect::<Vec<_>>().join(&separator.to_string());
        Self { text, separator, segments }
    }

    /// The same segments with another character between them.
    #[must_use]
    pub(in crate::policy) fn with_separator(self, separator: char) -> Self {
        let text = self.segments.iter().map(FormatSegment::shown).collect::<Vec<_>>().join(&separator.to_string());
        Self { text, separator, ..self }
    }

    /// Where the version stands in a key, counted in segments: at `{version}`, or behind the service, or behind the
    /// first segment of a format that names neither.
    #[must_use]
    pub fn version_index(&self) -> usize {
        let at = |wanted: &FormatSegment| self.segments.iter().position(|segment| segment == wanted);
        at(&FormatSegment::Version).or_else(|| at(&FormatSegment::Service).map(|at| at + 1)).unwrap_or(1)
    }

    /// The segments that every key has: all but the version.
    fn wanted(&self) -> Vec<&FormatSegment> {
        self.segments.iter().filter(|segment| **segment != FormatSegment::Version).collect()
    }
}

impl FormatSegment {
    /// As a format writes it.
    fn shown(&self) -> String {
        match self {
            Self::Service => "{service}".to_owned(),
            Self::Entity => "{entity}".to_owned(),
            Self::Version => "{version}".to_owned(),
            Self::Id(name) => format!("{{{name}}}"),
            Self::Word(word) => word.clone(),
        }
    }

    /// Whether a literal word must stand here.
    fn is_literal(&self) -> bool {
        matches!(self, Self::Service | Self::Entity | Self::Word(_))
    }
}

fn read_segment(part: &str, text: &str) -> Result<FormatSegment, Mistake> {
    let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
        if part.is_empty() {
            return Err(format!("the format `{text}` has an empty segment").into());
        }
        if part.contains(['{', '}']) {
            let message = format!("`{part}` in the format mixes text and placeholder: a segment is one or the other");
            return Err(message.into());
        }
        if part.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("`{part}` in the format has white space in it").into());
        }
        return Ok(FormatSegment::Word(part.to_owned()));
    };
    if name.contains(['{', '}']) {
        return Err(format!("`{part}` in the format is more than one placeholder, with no separator between").into());
    }
    match name {
        "service" => Ok(FormatSegment::Service),
        "entity" => Ok(FormatSegment::Entity),
        "version" => Ok(FormatSegment::Version),
        known if PLACEHOLDERS.contains(&known) => Ok(FormatSegment::Id(name.to_owned())),
        _ => {
            let help = match nearest(name, PLACEHOLDERS) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("placeholders are {}", all_of(PLACEHOLDERS.map(|known| format!("{{{known}}}")))),
            };
            Err(Mistake::with_help(format!("unknown placeholder `{part}` in the format"), help))
        }
    }
}

/// The segments of a template, the braces of a cluster hash tag (`{user:1}:profile`) left out.
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

/// The last word of what the source calls a hole, in lower case: `auth.user_id` is `user_id`.
fn last_word(hole: &Hole) -> String {
    let name = hole.name.trim_end_matches("()");
    name.rsplit(['.', ':']).next().unwrap_or(name).to_lowercase()
}

/// Whether a hole may hold several segments, by its name: the rest of a key that is put together elsewhere.
pub(in crate::policy) fn is_open(hole: &Hole) -> bool {
    const WORDS: [&str; 10] =
        ["key", "prefix", "suffix", "namespace", "ns", "path", "rest", "subkey", "pattern", "keyspace"];
    let name = last_word(hole);
    let last = name.rsplit('_').next().unwrap_or(&name);
    WORDS.contains(&last)
}

/// Whether a hole names one entry, by its type or name, and so never a service or an entity.
pub(in crate::policy) fn is_id(hole: &Hole) -> bool {
    const TYPES: [&str; 14] =
        ["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "Uuid", "Ulid"];
    let of_type = |ty: &String| TYPES.contains(&ty.trim_start_matches('&').rsplit(':').next().unwrap_or(ty));
    let name = last_word(hole);
    hole.ty.as_ref().is_some_and(of_type)
        || name.rsplit('_').next().is_some_and(|last| matches!(last, "id" | "uuid" | "ulid" | "token" | "email"))
}
