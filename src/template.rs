//! Key templates: what is known of a Redis key before the program runs.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::loss::Lost;
use crate::provenance::Provenance;

/// A key (or channel, or pattern) as literal text with holes, for example `user:v2:profile:{id}`.
///
/// Adjacent texts are always merged, so two templates are equal when they read the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// A part that is only known at run time.
    Hole(Hole),
}

/// A part of a key that is only known at run time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hole {
    /// What the source calls it (`user_id`, `auth.user_id`); empty when it has no name.
    pub name: String,
    /// It was formatted with `{:?}`.
    pub debug: bool,
    /// The name of its type, where known (`i64`, `Uuid`, `String`).
    pub ty: Option<String>,
    /// The hole is a parameter of the function at hand: the caller decides what stands here.
    pub parameter: bool,
    /// The hole is a version by name (`VERSION`, `schema_version`) although its value is not known.
    pub version: bool,
    /// Where its value comes from.
    pub provenance: Provenance,
    /// Where its value was lost.
    pub lost: Lost,
}

impl Hole {
    /// A hole called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Template {
    /// Literal text only.
    pub fn text(text: impl Into<String>) -> Self {
        let mut template = Self::default();
        template.push_text(&text.into());
        template
    }

    /// One hole only.
    #[must_use]
    pub fn hole(hole: Hole) -> Self {
        Self { pieces: vec![Piece::Hole(hole)] }
    }

    /// Appends literal text.
    pub fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    /// Appends a hole.
    pub fn push_hole(&mut self, hole: Hole) {
        self.pieces.push(Piece::Hole(hole));
    }

    /// Appends another template.
    pub fn push(&mut self, other: &Self) {
        for piece in &other.pieces {
            match piece {
                Piece::Text(text) => self.push_text(text),
                Piece::Hole(hole) => self.push_hole(hole.clone()),
            }
        }
    }

    /// The template with these origins for each of its holes.
    #[must_use]
    pub fn also_of(&self, origin: Provenance) -> Self {
        let mut template = self.clone();
        for piece in &mut template.pieces {
            if let Piece::Hole(hole) = piece {
                hole.provenance |= origin;
            }
        }
        template
    }

    /// Adds to each hole the origins of the same hole in another template of this shape.
    pub fn learn_origins(&mut self, other: &Self) {
        if self.pieces.len() == other.pieces.len() {
            for pair in self.pieces.iter_mut().zip(&other.pieces) {
                if let (Piece::Hole(own), Piece::Hole(other)) = pair {
                    // Moments and random numbers are worth telling only where they are made.
                    own.provenance |= other.provenance.only(Provenance::REQUEST | Provenance::ELEMENT);
                }
            }
        }
    }

    /// The parts, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, when there is no hole.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    /// Whether any literal text with a letter or digit is in it. A template without is a forwarded key: its shape is
    /// decided elsewhere.
    #[must_use]
    pub fn has_literal(&self) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Text(text) => text.chars().any(char::is_alphanumeric),
            Piece::Hole(_) => false,
        })
    }

    /// The template with all hole names removed and runs of holes merged: equal for two spellings of one key.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut out = String::new();
        let mut after_hole = false;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(_) if !after_hole => out.push_str("{}"),
                Piece::Hole(_) => {}
            }
            after_hole = matches!(piece, Piece::Hole(_));
        }
        out
    }

    /// The template cut at `separator` in its literal text. A segment may hold text and holes.
    #[must_use]
    pub fn segments(&self, separator: char) -> Vec<Self> {
        let mut segments = vec![Self::default()];
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    for (at, part) in text.split(separator).enumerate() {
                        if at > 0 {
                            segments.push(Self::default());
                        }
                        if let Some(last) = segments.last_mut() {
                            last.push_text(part);
                        }
                    }
                }
                Piece::Hole(hole) => {
                    if let Some(last) = segments.last_mut() {
                        last.push_hole(hole.clone());
                    }
                }
            }
        }
        segments
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Hole(hole) => write!(f, "{{{}}}", hole.name)?,
            }
        }
        Ok(())
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_merge_and_runs_of_holes_share_a_shape() {
        let mut key = Template::text("user:");
        key.push_text("v2:");
        key.push_hole(Hole::named("tenant"));
        key.push_hole(Hole::named("id"));
        assert_eq!(key.pieces().len(), 3);
        assert_eq!(key.to_string(), "user:v2:{tenant}{id}");
        assert_eq!(key.shape(), "user:v2:{}");
        assert_eq!(key.segments(':').len(), 3);
    }
}
