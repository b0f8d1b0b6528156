//! Under which name a key stands in the lock file: without its version, so that a raised one finds its predecessor.

use std::hash::{Hash, Hasher};

use crate::policy::Policy;
use crate::policy::grammar::{VersionInfo, normal_segments};
use crate::template::Template;

/// The service of keys that are one segment.
const NO_SERVICE: &str = "-";

/// `[service.entity]`, and the version that the key has now.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The first segment.
    pub service: String,
    /// For keys as the companion crate makes them, and for others with one id, the name alone: `profile`. Otherwise all
    /// that follows the service: `profile:{}:{}`; a key that is no family ends in the separator.
    pub entity: String,
    /// 0 where the key has none.
    pub version: u32,
    /// Where the key has it.
    pub info: Option<VersionInfo>,
}

impl Slot {
    /// The slot of a key; `None` when it has a version of which the number is not known.
    #[must_use]
    pub fn of(policy: &Policy, key: &Template, entity: bool) -> Option<Self> {
        let separator = policy.keys.separator.value;
        let spelling = policy.keys.spelling();
        let info = policy.keys.version(key);
        let version = match info {
            Some(info) => info.number?,
            None => 0,
        };
        let mut segments = normal_segments(key, separator);
        if let Some(info) = info
            && spelling.is_version(&segments[info.segment])
        {
            segments.remove(info.segment);
        }
        let mut shapes = segments.iter().enumerate().map(|(at, segment)| {
            let shape = segment.shape();
            // A version inside a word stays as a word without its number.
            if info.is_some_and(|info| info.segment == at) { without(&shape, version) } else { shape }
        });
        let first = shapes.next()?;
        let rest: Vec<String> = shapes.collect();
        let is_name = |text: &str| !text.contains('{');
        let (service, entity) = match rest.as_slice() {
            [] => (NO_SERVICE.to_owned(), first),
            [name, ..] if entity => (first, name.clone()),
            [name, id] if is_name(name) && id == "{}" => (first, name.clone()),
            [name] => (first, format!("{name}{separator}")),
            _ => (first, rest.join(&separator.to_string())),
        };
        Some(Self { service, entity, version, info })
    }
}

fn without(shape: &str, version: u32) -> String {
    let number = version.to_string();
    let is_whole = |at: usize| !shape[at + number.len()..].starts_with(|c: char| c.is_ascii_digit());
    let found = shape
        .match_indices(&number)
        .map(|(at, _)| at)
        .find(|&at| shape[..at].ends_with(|c: char| c.is_alphabetic()) && is_whole(at));
    found.map_or_else(|| shape.to_owned(), |at| format!("{}{}", &shape[..at], &shape[at + number.len()..]))
}

impl Slot {
    fn name(&self) -> (&str, &str) {
        (&self.service, &self.entity)
    }
}

// Two versions of a key are one slot.
impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Slot {}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Slot {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(&other.name())
    }
}
