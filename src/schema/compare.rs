//! What the code says against what the lock file says.

use cache_schema::lock::{Change, Entry, Inside, Reading, changes};

use super::Stored;
use crate::inventory::schema::{Part, Schema};

/// How a stored structure stands to the lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// As recorded.
    Recorded,
    /// It is not in the file.
    Missing,
    /// It is, without the types inside it: a derive recorded it.
    Incomplete,
    /// The same structure as another type, or with other names in its key.
    Moved,
    /// The version is higher than recorded.
    Raised(u32),
    /// The version is lower than recorded.
    Lowered(u32),
    /// Another structure under the same version.
    Changed(Vec<PartChange>),
}

/// A change of the stored type, or of one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartChange {
    /// The type inside; `None` for the stored type itself.
    pub inside: Option<String>,
    /// What changed.
    pub change: Change,
}

/// Holds a stored structure against its entry in the lock file.
#[must_use]
pub fn compare(locked: Option<&Entry>, stored: &Stored<'_>) -> State {
    let Some(locked) = locked else { return State::Missing };
    let now = &stored.entry;
    if now.version != locked.version {
        // A version that is added to a key without one is a raised version as well.
        return if now.version > locked.version {
            State::Raised(locked.version)
        } else {
            State::Lowered(locked.version)
        };
    }
    let mut found = Vec::new();
    if now.fingerprint != locked.fingerprint {
        let reading = reading(stored.schema, &stored.schema.root);
        found.extend(changes(&locked.fields, &now.fields, reading).into_iter().map(|change| (None, change)));
    }
    // A derive sees no further than the struct itself.
    let incomplete = locked.inside.is_empty() && !now.inside.is_empty();
    if !incomplete {
        for (name, part) in &stored.schema.inside {
            // A type that is new here was brought in by a field that says so.
            let Some(was) = locked.inside.get(name) else { continue };
            let Some(inside) = now.inside.get(name) else { continue };
            found.extend(inside_changes(stored.schema, part, was, inside).map(|change| (Some(name.clone()), change)));
        }
    }
    if !found.is_empty() {
        return State::Changed(found.into_iter().map(|(inside, change)| PartChange { inside, change }).collect());
    }
    if incomplete {
        return State::Incomplete;
    }
    let same_names = now.inside.keys().eq(locked.inside.keys());
    if now.type_path != locked.type_path || shape(&now.template) != shape(&locked.template) || !same_names {
        return State::Moved;
    }
    State::Recorded
}

/// A template without the names of its holes, which variables give.
fn shape(template: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    for c in template.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        if depth == 1 && c == '{' {
            out.push('\0');
        }
    }
    out
}

fn inside_changes(schema: &Schema, part: &Part, was: &Inside, now: &Inside) -> impl Iterator<Item = Change> + use<> {
    let differ = was.fingerprint != now.fingerprint;
    let found = if differ { changes(&was.fields, &now.fields, reading(schema, part)) } else { Vec::new() };
    found.into_iter()
}

fn reading(schema: &Schema, part: &Part) -> Reading {
    Reading { by_position: schema.by_position, closed: part.shape.closed }
}

impl State {
    /// Whether every change is one that both versions read.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        match self {
            Self::Changed(changes) => changes.iter().all(|part| part.change.is_compatible()),
            Self::Lowered(_) => false,
            _ => true,
        }
    }
}
